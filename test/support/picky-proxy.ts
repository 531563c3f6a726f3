import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Test } from 'tap'

export interface PickyProxy {
  /** `127.0.0.1:port` */
  readonly endpoint: string
  /** What it refused, `method path: reason`. */
  readonly refused: readonly string[]
  /** What it let through, with the headers as they came. */
  readonly passed: readonly {
    readonly method: string
    readonly url: string
    readonly headers: Readonly<Record<string, unknown>>
  }[]
}

/** Stands before an S3 server and refuses what several S3-compatible stores do not know. */
export async function startPickyProxy(t: Test, upstream: string): Promise<PickyProxy> {
  const refused: string[] = []
  const passed: PickyProxy['passed'][number][] = []
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming
    const refusal = refusalOf(incoming)
    if (refusal === undefined) {
      passed.push({ method, url, headers })
      return forward(upstream, incoming, outgoing)
    }
    refused.push(`${method} ${url}: ${refusal.reason}`)
    incoming.resume()
    outgoing.writeHead(refusal.status, { 'content-type': 'application/xml' })
    outgoing.end(`<Error><Code>${refusal.code}</Code><Message>${refusal.reason}</Message></Error>`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('start the picky proxy: no address')
  return { endpoint: `127.0.0.1:${address.port}`, refused, passed }
}

function refusalOf({ method, url, headers }: IncomingMessage) {
  const notImplemented = (reason: string) => ({ status: 501, code: 'NotImplemented', reason })
  const invalid = (reason: string) => ({ status: 400, code: 'InvalidRequest', reason })
  for (const name of Object.keys(headers)) {
    if (/^x-amz-(sdk-)?checksum-/.test(name)) return invalid(`header ${name}`)
  }
  if (headers['x-amz-trailer'] !== undefined) return invalid('header x-amz-trailer')
  if (/aws-chunked/.test(String(headers['content-encoding']))) return notImplemented('aws-chunked')
  if (/^STREAMING-/.test(String(headers['x-amz-content-sha256'])))
    return notImplemented('a streaming signature')
  if (method === 'PUT' && headers['content-length'] === undefined) return invalid('no content-length')
  if (headers['if-none-match'] !== undefined) return notImplemented('if-none-match')
  const { searchParams } = new URL(url ?? '', 'http://localhost')
  if (method === 'POST' && searchParams.has('delete')) return notImplemented('multi-object delete')
  return undefined
}

function forward(upstream: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const [host, port] = upstream.split(':')
  // With the Host header as it came, which is part of what the client signed.
  const onward = request(
    { host, port, method: incoming.method, path: incoming.url, headers: incoming.headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    },
  )
  onward.on('error', () => outgoing.destroy())
  outgoing.on('close', () => onward.destroy())
  incoming.pipe(onward)
}
