import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { buildUi } from './build.ts'
import { readUiFiles } from './ui-files.ts'

t.test('the built UI is small at first, lazy for the rest, and works behind a prefix', async (t) => {
  const outDir = await mkdtemp(join(tmpdir(), 'conprof-ui-'))
  t.teardown(() => rm(outDir, { recursive: true, force: true }))
  const built = await buildUi({ outDir })

  const page = await readFile(join(outDir, 'index.html'), 'utf8')
  const script = /src="(main-\w+\.js)"/.exec(page)?.[1] ?? ''
  const style = /href="(app-\w+\.css)"/.exec(page)?.[1] ?? ''
  t.ok(built.files.includes(script) && built.files.includes(style), page)

  // Whatever main imports statically comes before the first picture.
  const scripts = new Set([script])
  for (const name of scripts) {
    const text = await readFile(join(outDir, name), 'utf8')
    for (const [, chunk = ''] of text.matchAll(/(?:from|import)"\.\/(chunk-[\w-]+\.js)"/g)) scripts.add(chunk)
  }
  const first = await Promise.all([style, ...scripts].map((name) => readFile(join(outDir, name))))
  const gzipBytes = first.reduce((sum, bytes) => sum + gzipSync(bytes).length, 0)
  t.ok(gzipBytes < 60_000, `the page needs ${gzipBytes} bytes of gzip before its first picture`)
  t.ok(built.files.some((name) => name.startsWith('chunk-dot-plot-') && !scripts.has(name)))
  t.ok(built.files.some((name) => name.startsWith('chunk-selector-view-') && !scripts.has(name)))

  for (const worker of ['flame-worker', 'dot-worker']) {
    const name = new RegExp(`name="${worker}" content="(${worker}-\\w+\\.js)"`).exec(page)?.[1] ?? ''
    t.ok(built.files.includes(name) && !scripts.has(name), `the page names ${worker}`)
  }

  const files = await readUiFiles({ outDir, prefix: '/a "b"/conprof' })
  for (const path of ['', 'explore', 'compare', 'file', 'targets', 'status']) {
    const file = files.get(path)
    t.match(Buffer.from(file?.body ?? []).toString(), '<base href="/a &quot;b&quot;/conprof/">', path)
    t.equal(file?.cacheControl, 'no-cache')
  }
  t.equal(files.get(script)?.contentType, 'text/javascript; charset=utf-8')
  t.match(files.get(script)?.cacheControl, 'immutable')
  t.equal(files.get('index.html'), undefined, 'one page has one address')
  t.match(Buffer.from(files.get('speedscope/')?.body ?? []).toString(), '<title>speedscope</title>')
  t.equal(files.get('speedscope/')?.contentType, 'text/html; charset=utf-8')
})
