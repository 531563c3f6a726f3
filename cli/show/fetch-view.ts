import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Registry } from 'prom-client'
import { TokenFile } from '../../lib/http/token-file.ts'
import { shutdownSignal } from '../../lib/lifecycle/shutdown-signal.ts'
import { createLogger } from '../../lib/log.ts'
import { readParameters } from '../../query/api/parameters.ts'
import { pgoParameters, profileParameters } from '../../query/api/profile-parameters.ts'
import { viewPgo } from '../../query/api/view-pgo.ts'
import { type ViewContext, viewProfile } from '../../query/api/view-profile.ts'
import { Catalog } from '../../query/catalog.ts'
import { openBuckets } from '../open-bucket.ts'
import type { ShowRequest, ShowSource } from './show-request.ts'

const inflate = promisify(gunzip)

export interface FetchedView {
  /** JSON without the envelope, text, or a file. */
  readonly bytes: Uint8Array
  readonly warnings: readonly string[]
}

/** Gets a view from a running conprof, or makes it here of a bucket or of files. Rejects with one-line errors. */
export async function fetchView(request: ShowRequest): Promise<FetchedView> {
  const { source } = request
  const signal = shutdownSignal()
  if (source.kind === 'server') return fromServer(request, source, signal)
  const [file, baseFile] = await Promise.all([readPprof(request.file), readPprof(request.baseFile)])
  const files = { file, baseFile, signal }
  if (source.kind === 'none') return await view(request, files)
  const log = createLogger('error')
  const registry = new Registry()
  const buckets = await openBuckets({ ...source, isNew: false, logger: log, registry })
  try {
    const catalog = new Catalog({ bucket: buckets, heads: [], log, registry })
    return await view(request, { ...files, catalog })
  } finally {
    for (const bucket of buckets) await bucket.close()
  }
}

async function view({ route, search, ...paths }: ShowRequest, context: ViewContext): Promise<FetchedView> {
  // The only file that there is is sent as such; what it is says `side`.
  const { file = context.baseFile } = context
  const baseFile = context.file === undefined ? undefined : context.baseFile
  try {
    return route === 'pgo'
      ? await viewPgo(readParameters(pgoParameters, search), context)
      : await viewProfile(readParameters(profileParameters, search), { ...context, file, baseFile })
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'NOT_PPROF') throw error
    const names = [paths.file, paths.baseFile].filter((path) => path !== undefined)
    throw new Error(`read "${names.join('" or "')}": ${(error as Error).message}`, { cause: error })
  }
}

async function readPprof(path: string | undefined): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`read "${path}": ${error.code ?? error.message}`, { cause: error })
  })
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  return inflate(bytes, { maxOutputLength: maxInflatedBytes }).catch((error: Error) => {
    throw new Error(`read "${path}": gzip: ${error.message}`, { cause: error })
  })
}

/** More than one would wait for. */
const maxInflatedBytes = 2 ** 31 - 1

async function fromServer(
  { route, search, file, baseFile }: ShowRequest,
  { url, tokenFile }: ShowSource & { readonly kind: 'server' },
  signal: AbortSignal,
): Promise<FetchedView> {
  if (file !== undefined && baseFile !== undefined) throw new Error('show: two files need no --url')
  const sent = file ?? baseFile
  const body = sent === undefined ? undefined : await readSent(sent)
  const address = new URL(`${url.replace(/\/+$/, '')}/api/v1/${route}?${search}`)
  const headers = new Headers()
  if (address.username !== '' || address.password !== '') {
    const user = `${decodeURIComponent(address.username)}:${decodeURIComponent(address.password)}`
    headers.set('Authorization', `Basic ${Buffer.from(user).toString('base64')}`)
    address.username = ''
    address.password = ''
  }
  if (tokenFile !== undefined) {
    const token = await TokenFile.open(tokenFile, { logger: createLogger('error') })
    headers.set('Authorization', await token.authorization())
  }
  const shownUrl = `${address.origin}${new URL(url).pathname.replace(/\/+$/, '')}`
  const response = await fetch(address, {
    headers,
    signal,
    ...(body === undefined ? {} : { method: 'POST', body: Buffer.from(body) }),
  }).catch((error: Error & { readonly cause?: NodeJS.ErrnoException }) => {
    const why = error.cause?.message || error.cause?.code || error.message
    throw new Error(
      `ask ${shownUrl}: ${why}; want --url of a running conprof, --storage.path, --objstore.config-file or --file`,
      { cause: error },
    )
  })
  const bytes = new Uint8Array(await response.arrayBuffer())
  const isJson = (response.headers.get('content-type') ?? '').startsWith('application/json')
  if (!response.ok) throw new Error(`ask ${shownUrl}: ${problemOf(response, isJson, bytes)}`)
  const warnings = response.headers.get('x-conprof-warnings')
  const isEnvelope = isJson && response.headers.get('content-disposition') === null
  if (!isEnvelope) return { bytes, warnings: warnings === null ? [] : [warnings] }
  const answer = JSON.parse(new TextDecoder().decode(bytes))
  return { bytes: Buffer.from(JSON.stringify(answer.data)), warnings: answer.warnings ?? [] }
}

function problemOf(response: Response, isJson: boolean, bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes).trim()
  if (isJson) {
    try {
      const { error } = JSON.parse(text) as { readonly error?: string }
      if (error !== undefined) return error
    } catch {
      // Then it is shown as it came.
    }
  }
  const isShort = text !== '' && !text.startsWith('<')
  return isShort
    ? text.split('\n')[0]!.slice(0, 500)
    : `it answered ${response.status} ${response.statusText}`
}

function readSent(path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`read "${path}": ${error.code ?? error.message}`, { cause: error })
  })
}
