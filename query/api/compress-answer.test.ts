import { once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import Koa from 'koa'
import t from 'tap'
import { compressAnswer } from './compress-answer.ts'

const long = JSON.stringify({ names: Array.from({ length: 1000 }, (_, index) => `runtime.call${index}`) })

const answers: Readonly<Record<string, { type: string; body: string; file?: string }>> = {
  '/long': { type: 'application/json', body: long },
  '/text': { type: 'text/vnd.graphviz; charset=utf-8', body: long },
  '/short': { type: 'application/json', body: '{}' },
  '/binary': { type: 'application/octet-stream', body: long },
  '/file': { type: 'application/json', body: long, file: 'a.speedscope.json' },
}

t.test('text goes packed to whoever takes gzip, files and small answers as they are', async (t) => {
  const app = new Koa()
  app.use(async (ctx) => {
    const { type, body, file } = answers[ctx.path]!
    ctx.type = type
    if (file !== undefined) ctx.attachment(file)
    ctx.type = type
    ctx.body = body
    await compressAnswer(ctx)
  })
  const server = app.listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ask = (path: string, accept?: string) =>
    new Promise<{ encoding: string | undefined; vary: string | undefined; bytes: Buffer }>(
      (resolve, reject) => {
        const headers = accept === undefined ? {} : { 'Accept-Encoding': accept }
        request({ host: '127.0.0.1', port, path, headers }, async (response) => {
          const chunks: Buffer[] = []
          for await (const chunk of response) chunks.push(chunk)
          const { 'content-encoding': encoding, vary } = response.headers
          resolve({ encoding, vary, bytes: Buffer.concat(chunks) })
        })
          .once('error', reject)
          .end()
      },
    )

  for (const path of ['/long', '/text']) {
    const { encoding, vary, bytes } = await ask(path, 'gzip, deflate, br')
    t.equal(encoding, 'gzip', path)
    t.equal(vary, 'Accept-Encoding')
    t.equal(gunzipSync(bytes).toString(), long)
    t.ok(bytes.length < long.length / 3)
  }
  for (const accept of [undefined, 'identity', 'br', 'gzip;q=0']) {
    const { encoding, vary, bytes } = await ask('/long', accept)
    t.equal(encoding, undefined, `accepts ${accept}`)
    t.equal(vary, 'Accept-Encoding')
    t.equal(bytes.toString(), long)
  }
  for (const path of ['/short', '/binary', '/file']) {
    const { encoding, bytes } = await ask(path, 'gzip')
    t.equal(encoding, undefined, path)
    t.equal(bytes.toString(), answers[path]!.body)
  }
})
