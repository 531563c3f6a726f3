import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { debianProgram } from '../../support/debian-package.ts'
import { kubeconfigText } from '../../support/kubeconfig-text.ts'
import { nodeAddress } from './cluster-place.ts'

/** Paths of keys, certificates and tokens, for a cluster that nobody else can reach. */
export interface ClusterPki {
  readonly folder: string
  readonly caCertificate: string
  readonly serviceAccountKey: string
  readonly tokens: string
  readonly apiServer: { readonly certificate: string; readonly key: string }
  /** Of the API server, before the kubelet. */
  readonly kubeletClient: { readonly certificate: string; readonly key: string }
  kubeconfigOf(user: ClusterUser): string
}

/** Each with its token, which is its name: they are good for loopback and this namespace only. */
const users = {
  admin: 'admin,system:masters',
  node: 'system:node:node1,system:nodes',
  'controller-manager': 'system:kube-controller-manager',
  scheduler: 'system:kube-scheduler',
  proxy: 'system:kube-proxy',
  dns: 'dns,system:masters',
} as const
export type ClusterUser = keyof typeof users

export function clusterPki(folder: string): ClusterPki {
  const path = (name: string) => join(folder, name)
  const pair = (name: string) => ({ certificate: path(`${name}.crt`), key: path(`${name}.key`) })
  return {
    folder,
    caCertificate: path('ca.crt'),
    serviceAccountKey: path('sa.key'),
    tokens: path('tokens.csv'),
    apiServer: pair('apiserver'),
    kubeletClient: pair('kubelet-client'),
    kubeconfigOf: (user) => path(`${user}.kubeconfig`),
  }
}

/** Writes all its files. */
export async function createPki(pki: ClusterPki): Promise<void> {
  const { folder } = pki
  await mkdir(folder, { recursive: true })
  const path = (name: string) => join(folder, name)
  const openssl = await debianProgram({ program: 'openssl', package: 'openssl' })
  const run = (line: string, ...more: string[]) =>
    promisify(execFile)(openssl, [...line.split(' '), ...more], { cwd: folder })
  await run('genrsa -out sa.key 2048')
  await run('req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 30 -subj /CN=conprof-test-ca')
  const certificate = async (name: string, subject: string, extension: string) => {
    await writeFile(path(`${name}.ext`), extension)
    await run(`req -newkey rsa:2048 -nodes -keyout ${name}.key -out ${name}.csr -subj ${subject}`)
    await run(
      `x509 -req -in ${name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile ${name}.ext -out ${name}.crt`,
    )
  }
  const names = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost']
  const addresses = [nodeAddress, '127.0.0.1', '10.96.0.1']
  await certificate(
    'apiserver',
    '/CN=kube-apiserver',
    `subjectAltName=${[...addresses.map((ip) => `IP:${ip}`), ...names.map((name) => `DNS:${name}`)].join(',')}`,
  )
  await certificate(
    'kubelet-client',
    '/O=system:masters/CN=apiserver-kubelet-client',
    'extendedKeyUsage=clientAuth',
  )
  const lines = Object.entries(users).map(([token, user]) => {
    const [name, ...groups] = user.split(',')
    return [token, name, name, ...groups].join(',')
  })
  await writeFile(pki.tokens, `${lines.join('\n')}\n`)
  const ca = await readFile(pki.caCertificate, 'utf8')
  for (const token of Object.keys(users)) {
    const server = `https://${nodeAddress}:6443`
    await writeFile(pki.kubeconfigOf(token as ClusterUser), kubeconfigText({ server, ca, token }))
  }
}
