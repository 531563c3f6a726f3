import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { parseDuration } from '../lib/duration.ts'
import { type LocatedDocument, readDocument } from '../lib/located-document.ts'
import { checkKey } from './key.ts'

/** `--objstore.config-file` in the shape Thanos gave it; `prefix` has no slashes at its ends, or is empty. */
export type ObjstoreConfig =
  | { readonly type: 'FILESYSTEM'; readonly prefix: string; readonly directory: string }
  | { readonly type: 'S3'; readonly prefix: string; readonly s3: S3Config }

export interface S3Config {
  readonly bucket: string
  /** `host` or `host:port`; absent for AWS itself. */
  readonly endpoint?: string
  readonly region?: string
  /** Absent: the SDK's provider chain (environment, files, web identity, instance). */
  readonly keys?: { readonly accessKey: string; readonly secretKey: string; readonly sessionToken?: string }
  /** Plain HTTP. */
  readonly insecure: boolean
  readonly pathStyle: boolean
  readonly insecureSkipVerify: boolean
  readonly tls: {
    readonly caFile?: string
    readonly certFile?: string
    readonly keyFile?: string
    readonly serverName?: string
  }
  readonly idleConnTimeoutMs: number
  readonly responseHeaderTimeoutMs: number
  readonly maxConnections: number
  readonly maxAttempts: number
  readonly sse?: SseConfig
  /** Goes with every object as `x-amz-meta-*`. */
  readonly userMetadata: Readonly<Record<string, string>>
}

export type SseConfig =
  | { readonly type: 'SSE-S3' }
  | {
      readonly type: 'SSE-KMS'
      readonly kmsKeyId: string
      readonly kmsEncryptionContext?: Readonly<Record<string, string>>
    }

/** Someone wrote a config that cannot be used; one line per problem, `file:line:column: path: what is wrong`. */
export class ObjstoreConfigError extends Error {
  override readonly name = 'ObjstoreConfigError'
  readonly code = 'BAD_CONFIG'
}

function readLocated(text: string, fileName: string): LocatedDocument {
  try {
    return readDocument(text, fileName, { scalars: 'typed' })
  } catch (error) {
    throw new ObjstoreConfigError((error as Error).message, { cause: error })
  }
}

/** A line for every unknown key. */
function describe(document: LocatedDocument, issue: z.core.$ZodIssue): string[] {
  const path = issue.path as (string | number)[]
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) =>
      document.describe({ path: [...path, key], message: 'unknown key', atKey: true }),
    )
  const message = issue.message.charAt(0).toLowerCase() + issue.message.slice(1)
  const isMissing = issue.input === undefined && path.length > 0
  return [document.describe({ path, message: isMissing ? `missing: ${message}` : message })]
}

/** Relative paths in it are relative to the file. Throws an ObjstoreConfigError. */
export function parseObjstoreConfig(text: string, fileName: string): ObjstoreConfig {
  const document = readLocated(text, fileName)
  const parsed = objstoreConfig.safeParse(document.value, { reportInput: true })
  if (!parsed.success) {
    throw new ObjstoreConfigError(
      parsed.error.issues.flatMap((issue) => describe(document, issue)).join('\n'),
    )
  }
  const { type, config, prefix } = parsed.data
  const absolute = (path: string) => resolve(dirname(fileName), path)
  if (type === 'FILESYSTEM') return { type, prefix, directory: absolute(config.directory) }
  return { type, prefix, s3: s3ConfigOf(config, absolute) }
}

const text = z.string('want a text').min(1, 'want a text that is not empty')
const optionalText = z.string('want a text').default('')
const flag = z.boolean('want true or false').default(false)

const prefix = z
  .string('want a text')
  .default('')
  .transform((prefix, context) => {
    const key = prefix.replace(/^\/+|\/+$/g, '')
    try {
      if (key !== '') checkKey(key)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
    }
    return key
  })

const duration = z.string('want a duration such as 90s').transform((text, context) => {
  try {
    return parseDuration(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
    return 0
  }
})

const sseConfig = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('SSE-S3') }),
    z.strictObject({
      type: z.literal('SSE-KMS'),
      kms_key_id: text,
      kms_encryption_context: z.record(z.string(), z.string('want a text')).default({}),
    }),
  ],
  'want SSE-S3 or SSE-KMS',
)

const tlsConfig = z.strictObject({
  ca_file: optionalText,
  cert_file: optionalText,
  key_file: optionalText,
  server_name: optionalText,
  insecure_skip_verify: flag,
})

const httpConfig = z.strictObject({
  insecure_skip_verify: flag,
  idle_conn_timeout: duration.default(90_000),
  response_header_timeout: duration.default(120_000),
  max_conns_per_host: z
    .int('want a whole number')
    .min(0, 'want a whole number from 0')
    .default(0)
    .transform((count) => (count === 0 ? defaultConnections : count)),
  tls_config: tlsConfig.prefault({}),
})

const s3Config = z
  .strictObject({
    bucket: text,
    endpoint: optionalText.refine(
      (text) => !/[/\s]/.test(text),
      'want host or host:port, without a scheme or a path',
    ),
    region: optionalText,
    access_key: optionalText,
    secret_key: optionalText,
    session_token: optionalText,
    insecure: flag,
    bucket_lookup_type: z
      .enum(['auto', 'path', 'virtual-hosted'], 'want auto, path or virtual-hosted')
      .default('auto'),
    max_retries: z
      .int('want a whole number')
      .min(0, 'want a whole number from 0')
      .max(100, 'want at most 100')
      .default(4),
    http_config: httpConfig.prefault({}),
    sse_config: sseConfig.optional(),
    put_user_metadata: z.record(z.string(), z.string('want a text')).default({}),
    list_objects_version: z.enum(['', 'v2'], 'want v2, the only listing used here').default('v2'),
    signature_version2: z.literal(false, 'want false: only signature version 4 is spoken').default(false),
    aws_sdk_auth: flag,
  })
  .superRefine((config, context) => {
    const refuse = (field: keyof typeof config, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message, input: config[field] })
    if ((config.access_key === '') !== (config.secret_key === '')) {
      refuse(
        config.access_key === '' ? 'secret_key' : 'access_key',
        'want access_key and secret_key, or neither',
      )
    } else if (config.access_key === '' && config.session_token !== '') {
      refuse('session_token', 'want access_key and secret_key with it')
    } else if (config.access_key !== '' && config.aws_sdk_auth) {
      refuse('aws_sdk_auth', 'want either this or access_key and secret_key')
    }
  })

const objstoreConfig = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('S3'), config: s3Config, prefix }),
    z.strictObject({ type: z.literal('FILESYSTEM'), config: z.strictObject({ directory: text }), prefix }),
  ],
  'want S3 or FILESYSTEM',
)

function s3ConfigOf(config: z.output<typeof s3Config>, absolute: (path: string) => string): S3Config {
  const { http_config: http, sse_config: sse } = config
  const tls = http.tls_config
  const file = (path: string) => (path === '' ? undefined : absolute(path))
  return definedOnly({
    bucket: config.bucket,
    endpoint: config.endpoint || undefined,
    region: config.region || undefined,
    keys:
      config.access_key === ''
        ? undefined
        : definedOnly({
            accessKey: config.access_key,
            secretKey: config.secret_key,
            sessionToken: config.session_token || undefined,
          }),
    insecure: config.insecure,
    pathStyle:
      config.bucket_lookup_type === 'path' ||
      (config.bucket_lookup_type === 'auto' && config.endpoint !== '' && !isAws(config.endpoint)),
    insecureSkipVerify: http.insecure_skip_verify || tls.insecure_skip_verify,
    tls: definedOnly({
      caFile: file(tls.ca_file),
      certFile: file(tls.cert_file),
      keyFile: file(tls.key_file),
      serverName: tls.server_name || undefined,
    }),
    idleConnTimeoutMs: http.idle_conn_timeout,
    responseHeaderTimeoutMs: http.response_header_timeout,
    maxConnections: http.max_conns_per_host,
    maxAttempts: config.max_retries + 1,
    userMetadata: config.put_user_metadata,
    sse:
      sse === undefined || sse.type === 'SSE-S3'
        ? sse
        : { type: sse.type, kmsKeyId: sse.kms_key_id, kmsEncryptionContext: sse.kms_encryption_context },
  })
}

function isAws(endpoint: string): boolean {
  return /(^|\.)amazonaws\.com(\.cn)?(:\d+)?$/.test(endpoint)
}

type DefinedOnly<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

function definedOnly<T extends object>(object: T): DefinedOnly<T> {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as DefinedOnly<T>
}

const defaultConnections = 64
