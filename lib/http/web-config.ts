import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

const tlsVersions = { TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const
const tlsVersion = z.enum(['TLS10', 'TLS11', 'TLS12', 'TLS13']).transform((name) => tlsVersions[name])

const tlsServerConfig = z.strictObject({
  cert_file: z.string().min(1),
  key_file: z.string().min(1),
  client_ca_file: z.string().min(1).optional(),
  client_auth_type: z
    .enum([
      'NoClientCert',
      'RequestClientCert',
      'RequireAnyClientCert',
      'VerifyClientCertIfGiven',
      'RequireAndVerifyClientCert',
    ])
    .default('NoClientCert'),
  min_version: tlsVersion.default('TLSv1.2'),
  max_version: tlsVersion.default('TLSv1.3'),
})

const bcryptHash = z.string().regex(/^\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$/, 'want a bcrypt hash')

const webConfigFile = z.strictObject({
  tls_server_config: tlsServerConfig.optional(),
  basic_auth_users: z.record(z.string().min(1), bcryptHash).default({}),
})

export interface TlsServerConfig extends z.output<typeof tlsServerConfig> {}

export interface WebConfig {
  readonly tls?: TlsServerConfig
  /** Bcrypt hashes by user name; nobody is asked where it is empty. */
  readonly basicAuthUsers: ReadonlyMap<string, string>
}

/** `--web.config.file`: TLS and basic auth as Prometheus's exporter-toolkit writes them; files relative to it. */
export async function readWebConfig(path: string): Promise<WebConfig> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`read web config "${path}": ${error.code ?? error.message}`, { cause: error })
  })
  return parseWebConfig(text, path)
}

/** Throws with the file, the key and what is wanted there. */
export function parseWebConfig(text: string, path: string): WebConfig {
  let file: z.output<typeof webConfigFile>
  try {
    file = webConfigFile.parse(parse(text) ?? {})
  } catch (error) {
    const [issue] = error instanceof z.ZodError ? error.issues : []
    const where = issue === undefined ? '' : issue.path.map((key) => `${String(key)}: `).join('')
    const what = issue?.message ?? (error as Error).message.split('\n')[0]
    throw new Error(`web config "${path}": ${where}${what}`, { cause: error })
  }
  const basicAuthUsers = new Map(Object.entries(file.basic_auth_users))
  const tls = file.tls_server_config
  if (tls === undefined) return { basicAuthUsers }
  if (tls.client_auth_type.includes('Verify') && tls.client_ca_file === undefined) {
    throw new Error(
      `web config "${path}": tls_server_config: client_auth_type "${tls.client_auth_type}" needs client_ca_file`,
    )
  }
  const absolute = (file: string) => resolve(dirname(path), file)
  return {
    basicAuthUsers,
    tls: {
      ...tls,
      cert_file: absolute(tls.cert_file),
      key_file: absolute(tls.key_file),
      client_ca_file: tls.client_ca_file === undefined ? undefined : absolute(tls.client_ca_file),
    },
  }
}
