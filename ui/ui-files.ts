import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { readSpeedscopeFiles } from './speedscope-files.ts'

export interface UiFile {
  readonly body: Uint8Array
  readonly contentType: string
  readonly cacheControl: string
}

/** Pages of the UI: each path is answered with `index.html`. */
export const uiPages = ['', 'explore', 'compare', 'file', 'targets', 'status'] as const

/** CodeMirror and uPlot set styles from script, hence `unsafe-inline` for styles alone; Graphviz is WebAssembly. */
export const uiContentSecurityPolicy =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'self'; frame-ancestors 'self'"

/**
 * Reads a built UI (`buildUi`) into memory. The answer maps paths relative to the prefix, without a leading
 * slash, to what to send. `prefix` is what stands before every path in the browser: `/` or `/conprof/`.
 */
export async function readUiFiles(options: {
  readonly outDir: string
  readonly prefix: string
}): Promise<ReadonlyMap<string, UiFile>> {
  const files = new Map<string, UiFile>()
  for (const name of await readdir(options.outDir)) {
    const contentType = contentTypes[extname(name)]
    if (contentType === undefined || name === 'index.html') continue
    const body = await readFile(join(options.outDir, name))
    // Names carry a hash of the content, so a browser never needs to ask again.
    files.set(name, { body, contentType, cacheControl: 'public, max-age=31536000, immutable' })
  }
  const prefix = options.prefix.endsWith('/') ? options.prefix : `${options.prefix}/`
  const template = await readFile(join(options.outDir, 'index.html'), 'utf8')
  const body = Buffer.from(template.replace('<base href="/"', `<base href="${escapeAttribute(prefix)}"`))
  for (const page of uiPages) {
    files.set(page, { body, contentType: 'text/html; charset=utf-8', cacheControl: 'no-cache' })
  }
  for (const [path, file] of await readSpeedscopeFiles()) files.set(path, file)
  return files
}

/** Files of another kind are not served. */
export const contentTypes: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.html': 'text/html; charset=utf-8',
  '.woff2': 'font/woff2',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
}
