import { access, readFile } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

/** How to reach an API server, and how to say who we are; of the moment it was read. */
export interface ClusterAccess {
  /** `https://host:port`, perhaps with a path, without a slash at its end. */
  readonly server: string
  readonly tls: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly servername?: string
    readonly rejectUnauthorized: boolean
  }
  readonly proxyUrl?: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Reads again what may have changed: rotated tokens and certificates, what a credential plugin says. `isRefused`: the
 * server does not take what was read before.
 */
export type ReadClusterAccess = (options?: { readonly isRefused?: boolean }) => Promise<ClusterAccess>

/**
 * A kubeconfig file; without it `KUBECONFIG`, `~/.kube/config` or the pod's service account, in that order. Rejects
 * where there is none of them, and where a file is not what it should be.
 */
export async function findClusterAccess(
  options: { readonly kubeconfig?: string | undefined; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<ReadClusterAccess> {
  const env = options.env ?? process.env
  if (options.kubeconfig !== undefined) return fromFiles([options.kubeconfig])
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '')
  if (named.length > 0) return fromFiles(named)
  const usual = join(homedir(), '.kube', 'config')
  if (await exists(usual)) return fromFiles([usual])
  const host = env['KUBERNETES_SERVICE_HOST']
  if (host !== undefined) return fromServiceAccount(host, env['KUBERNETES_SERVICE_PORT'] ?? '443')
  throw new Error(
    'find the cluster: no kubeconfig given, none in KUBECONFIG or ~/.kube/config, and this is no pod of a cluster',
  )
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

function fromServiceAccount(host: string, port: string): ReadClusterAccess {
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`
  return async () => {
    const [ca, token] = await Promise.all([read(`${serviceAccount}/ca.crt`), read(`${serviceAccount}/token`)])
    return { server, tls: { ca, rejectUnauthorized: true }, headers: bearer(token) }
  }
}

async function fromFiles(paths: readonly string[]): Promise<ReadClusterAccess> {
  const [path, ...others] = paths
  // Merging several, and logging in by plugins, is client-node's. Importing that costs 50 MB, so it is not done for
  // what most have: one file with a token or a certificate.
  if (path === undefined || others.length > 0) return fromClientNode(paths)
  const { cluster, user } = parseKubeconfig(await read(path), path)
  if (user.exec !== undefined || user['auth-provider'] !== undefined) return fromClientNode(paths)
  const folder = dirname(path)
  const pem = async (data: string | undefined, file: string | undefined) => {
    if (data !== undefined) return Buffer.from(data, 'base64').toString()
    return file === undefined ? undefined : read(resolve(folder, file))
  }
  return async () => {
    const [ca, cert, key, fileToken] = await Promise.all([
      pem(cluster['certificate-authority-data'], cluster['certificate-authority']),
      pem(user['client-certificate-data'], user['client-certificate']),
      pem(user['client-key-data'], user['client-key']),
      user.tokenFile === undefined ? undefined : read(resolve(folder, user.tokenFile)),
    ])
    const token = fileToken ?? user.token
    const servername = cluster['tls-server-name']
    const proxyUrl = cluster['proxy-url']
    return {
      server: cluster.server.replace(/\/+$/, ''),
      tls: {
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
        ...(servername !== undefined && { servername }),
        rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
      },
      ...(proxyUrl !== undefined && { proxyUrl }),
      headers: {
        ...(token !== undefined ? bearer(token) : basic(user.username, user.password)),
        ...(user.as !== undefined && { 'impersonate-user': user.as }),
      },
    }
  }
}

const optionalText = z
  .string()
  .nullish()
  .transform((text) => text || undefined)
const named = <Shape extends z.ZodType>(key: string, shape: Shape) =>
  z.array(z.looseObject({ name: z.string(), [key]: shape })).nullish()
const clusterFields = z.looseObject({
  server: z.url({ protocol: /^https?$/ }),
  'certificate-authority': optionalText,
  'certificate-authority-data': optionalText,
  'insecure-skip-tls-verify': z.boolean().nullish(),
  'tls-server-name': optionalText,
  'proxy-url': optionalText,
})
const userFields = z.looseObject({
  token: optionalText,
  tokenFile: optionalText,
  username: optionalText,
  password: optionalText,
  as: optionalText,
  'client-certificate': optionalText,
  'client-certificate-data': optionalText,
  'client-key': optionalText,
  'client-key-data': optionalText,
  exec: z.unknown().optional(),
  'auth-provider': z.unknown().optional(),
})
const contextFields = z.looseObject({ cluster: z.string(), user: z.string().nullish() })
const kubeconfigFields = z.looseObject({
  clusters: named('cluster', z.unknown()),
  users: named('user', z.unknown()),
  contexts: named('context', z.unknown()),
  'current-context': z.string(),
})

function parseKubeconfig(
  text: string,
  path: string,
): { readonly cluster: z.infer<typeof clusterFields>; readonly user: z.infer<typeof userFields> } {
  const checked = <Shape extends z.ZodType>(shape: Shape, value: unknown, what: string): z.infer<Shape> => {
    const result = shape.safeParse(value)
    if (result.success) return result.data
    const [issue] = result.error.issues
    const place = [what, ...(issue?.path ?? []).map(String)].filter((part) => part !== '').join('.')
    throw new Error(`read kubeconfig ${JSON.stringify(path)}: ${place}: ${issue?.message}`)
  }
  const entry = (list: readonly object[] | null | undefined, kind: string, name: string): unknown => {
    const found = list?.find((item) => (item as { name: string }).name === name)
    if (found !== undefined) return (found as Record<string, unknown>)[kind]
    throw new Error(`read kubeconfig ${JSON.stringify(path)}: there is no ${kind} ${JSON.stringify(name)}`)
  }
  const config = checked(kubeconfigFields, parseDocument(text, path), '')
  const contextName = config['current-context']
  const context = checked(contextFields, entry(config.contexts, 'context', contextName), 'context')
  return {
    cluster: checked(clusterFields, entry(config.clusters, 'cluster', context.cluster), 'cluster'),
    user: context.user ? checked(userFields, entry(config.users, 'user', context.user) ?? {}, 'user') : {},
  } as { cluster: z.infer<typeof clusterFields>; user: z.infer<typeof userFields> }
}

function parseDocument(text: string, path: string): unknown {
  try {
    return parse(text)
  } catch {
    // What the parser says quotes the line, which may hold a token.
    throw new Error(`read kubeconfig ${JSON.stringify(path)}: it is no YAML`)
  }
}

async function fromClientNode(paths: readonly string[]): Promise<ReadClusterAccess> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const load = () => {
    const config = new KubeConfig()
    for (const [index, path] of paths.entries()) {
      if (index === 0) {
        config.loadFromFile(path)
        continue
      }
      const next = new KubeConfig()
      next.loadFromFile(path)
      config.mergeConfig(next, Boolean(config.currentContext))
    }
    return config
  }
  let config = load()
  return async (options = {}) => {
    // It keeps what a plugin said until that expires, refused or not.
    if (options.isRefused === true) config = load()
    const cluster = config.getCurrentCluster()
    if (cluster === null)
      throw new Error(`read kubeconfig "${paths.join(delimiter)}": it has no current cluster`)
    const found: RequestOptions = {}
    await config.applyToHTTPSOptions(found)
    const { ca, cert, key, servername, rejectUnauthorized = true } = found
    const headers = Object.entries(found.headers ?? {}).map(([name, value]) => [
      name.toLowerCase(),
      String(value),
    ])
    return {
      server: cluster.server.replace(/\/+$/, ''),
      tls: {
        ...(ca && { ca: String(ca) }),
        ...(cert && { cert: String(cert) }),
        ...(key && { key: String(key) }),
        ...(servername && { servername }),
        rejectUnauthorized,
      },
      ...(cluster.proxyUrl && { proxyUrl: cluster.proxyUrl }),
      headers: { ...basicOf(found.auth), ...Object.fromEntries(headers) },
    }
  }
}

function basicOf(auth: string | null | undefined): Record<string, string> {
  return auth ? { authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {}
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token.trim()}` }
}

function basic(username: string | undefined, password: string | undefined): Record<string, string> {
  return basicOf(username && `${username}:${password ?? ''}`)
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new Error(`read ${JSON.stringify(path)}: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    })
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
