import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, stop } from 'esbuild'

export interface BuiltUi {
  readonly outDir: string
  /** Names relative to `outDir`; all but `index.html` carry a hash of their content. */
  readonly files: readonly string[]
  /** What the browser must read before the first picture, uncompressed. */
  readonly entryBytes: number
}

/**
 * Bundles the UI into `outDir`, which is emptied first. Takes a few hundred milliseconds.
 * `index.html` holds `<base href="/">`; `ui-files.ts` puts the route prefix there.
 */
export async function buildUi({ outDir }: { readonly outDir: string }): Promise<BuiltUi> {
  const here = fileURLToPath(new URL('.', import.meta.url))
  await rm(outDir, { recursive: true, force: true })
  await mkdir(outDir, { recursive: true })
  const { metafile } = await build({
    absWorkingDir: here,
    entryPoints: {
      main: 'main.tsx',
      app: 'app.css',
      'flame-worker': 'workers/flame-worker.ts',
      'dot-worker': 'workers/dot-worker.ts',
    },
    outdir: outDir,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['es2023', 'chrome123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    entryNames: '[name]-[hash]',
    chunkNames: 'chunk-[name]-[hash]',
    assetNames: '[name]-[hash]',
    metafile: true,
    logLevel: 'silent',
  })
  // esbuild would leave its own process running beside ours.
  await stop()
  const outputs = Object.entries(metafile.outputs)
  const outputOf = (entryPoint: string) => {
    const found = outputs.find(([, output]) => output.entryPoint === entryPoint)
    if (found === undefined) throw new Error(`build ui: esbuild named no output for ${entryPoint}`)
    return found
  }
  const script = outputOf('main.tsx')
  const style = outputOf('app.css')
  const staticImports = script[1].imports.filter(({ kind }) => kind === 'import-statement')
  // The browser need not read the script to know what it imports.
  const preloads = staticImports.map(({ path }) => `<link rel="modulepreload" href="${basename(path)}">`)
  // The page names its workers, since nothing else knows the hashes in their names.
  const page = (await readFile(join(here, 'index.html'), 'utf8'))
    .replace('</head>', `  ${preloads.join('')}\n  </head>`)
    .replace('main.js', basename(script[0]))
    .replace('app.css', basename(style[0]))
    .replace('flame-worker.js', basename(outputOf('workers/flame-worker.ts')[0]))
    .replace('dot-worker.js', basename(outputOf('workers/dot-worker.ts')[0]))
  await writeFile(join(outDir, 'index.html'), page)
  const names = outputs.map(([name]) => basename(name))
  const entry = [script[1], style[1], ...staticImports.map(({ path }) => metafile.outputs[path])]
  return {
    outDir,
    files: ['index.html', ...names],
    entryBytes: entry.reduce((sum, output) => sum + (output?.bytes ?? 0), 0),
  }
}
