import type { z } from 'zod'
import { fields, filledText, flag, httpUrl, text } from './fields.ts'
import type { HttpClientConfig, TlsConfig } from './scrape-config.ts'

/** The fields that a scrape config and an http_sd config share, as Prometheus names them. */
export const httpClientShape = {
  basic_auth: fields({
    username: filledText,
    password: text.optional(),
    password_file: filledText.optional(),
  }).optional(),
  authorization: fields({
    type: filledText.optional(),
    credentials: filledText.optional(),
    credentials_file: filledText.optional(),
  }).optional(),
  bearer_token: filledText.optional(),
  bearer_token_file: filledText.optional(),
  tls_config: fields({
    ca: filledText.optional(),
    ca_file: filledText.optional(),
    cert: filledText.optional(),
    cert_file: filledText.optional(),
    key: filledText.optional(),
    key_file: filledText.optional(),
    server_name: filledText.optional(),
    insecure_skip_verify: flag.optional(),
  }).optional(),
  proxy_url: httpUrl.optional(),
  follow_redirects: flag.optional(),
}

export const httpClientHints = {
  oauth2: 'not supported, use authorization or basic_auth',
}

type HttpClientFields = { [Name in keyof typeof httpClientShape]?: z.infer<(typeof httpClientShape)[Name]> }

export interface HttpClientContext {
  /** A file name as the config writes it to one that can be opened. */
  readonly resolveFile: (name: string) => string
  /** Says what is wrong with a field. */
  readonly problem: (path: readonly string[], message: string) => void
}

export function readHttpClient(raw: HttpClientFields, context: HttpClientContext): HttpClientConfig {
  const { basic_auth, proxy_url } = raw
  const ways = ['basic_auth', 'authorization', 'bearer_token', 'bearer_token_file'] as const
  const given = ways.filter((name) => raw[name] !== undefined)
  if (given.length > 1) {
    context.problem([given[1]!], `a request has one kind of authorization, and ${given[0]} is there already`)
  }
  atMostOne(raw.basic_auth, 'basic_auth', ['password', 'password_file'], context)
  const authorization = readAuthorization(raw, context)
  return {
    ...(basic_auth !== undefined && {
      basicAuth: {
        username: basic_auth.username,
        ...optional('password', basic_auth.password),
        ...optional('passwordFile', basic_auth.password_file, context.resolveFile),
      },
    }),
    ...(authorization !== undefined && { authorization }),
    tls: readTls(raw.tls_config, context),
    ...optional('proxyUrl', proxy_url),
    followRedirects: raw.follow_redirects ?? true,
  }
}

function readAuthorization(
  { authorization, bearer_token, bearer_token_file }: HttpClientFields,
  context: HttpClientContext,
): HttpClientConfig['authorization'] {
  if (authorization === undefined) {
    if (bearer_token !== undefined) return { type: 'Bearer', credentials: bearer_token }
    if (bearer_token_file === undefined) return undefined
    return { type: 'Bearer', credentialsFile: context.resolveFile(bearer_token_file) }
  }
  const type = authorization.type ?? 'Bearer'
  if (type.toLowerCase() === 'basic') {
    context.problem(['authorization', 'type'], 'basic has its own field, basic_auth')
  }
  atMostOne(authorization, 'authorization', ['credentials', 'credentials_file'], context)
  if (authorization.credentials === undefined && authorization.credentials_file === undefined) {
    context.problem(['authorization'], 'neither credentials nor credentials_file')
  }
  return {
    type,
    ...optional('credentials', authorization.credentials),
    ...optional('credentialsFile', authorization.credentials_file, context.resolveFile),
  }
}

function readTls(tls: HttpClientFields['tls_config'], context: HttpClientContext): TlsConfig {
  if (tls === undefined) return { insecureSkipVerify: false }
  for (const name of ['ca', 'cert', 'key'] as const) {
    atMostOne(tls, 'tls_config', [name, `${name}_file`], context)
  }
  const hasCert = (tls.cert ?? tls.cert_file) !== undefined
  if (hasCert !== ((tls.key ?? tls.key_file) !== undefined)) {
    context.problem(['tls_config'], hasCert ? 'cert without a key' : 'key without a cert')
  }
  return {
    ...optional('ca', tls.ca),
    ...optional('caFile', tls.ca_file, context.resolveFile),
    ...optional('cert', tls.cert),
    ...optional('certFile', tls.cert_file, context.resolveFile),
    ...optional('key', tls.key),
    ...optional('keyFile', tls.key_file, context.resolveFile),
    ...optional('serverName', tls.server_name),
    insecureSkipVerify: tls.insecure_skip_verify ?? false,
  }
}

function atMostOne<Raw extends object>(
  raw: Raw | undefined,
  block: string,
  names: readonly [keyof Raw & string, keyof Raw & string],
  context: HttpClientContext,
) {
  const [one, other] = names
  if (raw?.[one] === undefined || raw[other] === undefined) return
  context.problem([block, other], `either ${one} or ${other}, not both`)
}

/** Under `exactOptionalPropertyTypes` an absent field is no key at all. */
function optional<Name extends string>(
  name: Name,
  value: string | undefined,
  map: (value: string) => string = (same) => same,
): { [N in Name]?: string } {
  return (value === undefined ? {} : { [name]: map(value) }) as { [N in Name]?: string }
}
