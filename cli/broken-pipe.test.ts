import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const conprof = fileURLToPath(new URL('../bin/conprof.js', import.meta.url))

t.test('whoever stops reading, as head does, ends it without a word', async (t) => {
  const child = spawn(process.execPath, [conprof, 'check', 'target', 'http://127.0.0.1:9'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  await once(child, 'close')
  t.equal(stderr, '')
})
