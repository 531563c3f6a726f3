import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { KubeClient } from '../lib/kube/kube-client.ts'
import { makeDirectory } from '../lib/make-directory.ts'
import { replaceFile } from '../lib/replace-file.ts'

/** Outside of Kubernetes: made up once and kept in `<path>/cluster-name`, so that it moves with the data. */
export async function ownClusterName(path: string): Promise<string> {
  const file = join(path, 'cluster-name')
  try {
    const name = (await readFile(file, 'utf8')).trim()
    if (name !== '') return name
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') throw new Error(`read "${file}": ${code}`, { cause: error })
  }
  const name = `${hostname()}-${randomBytes(4).toString('hex')}`
  await makeDirectory(path)
  await replaceFile(file, `${name}\n`)
  return name
}

/**
 * In Kubernetes: `<namespace>/<name>@<uid of the namespace>`, which no other cluster has, whatever people call theirs,
 * and which needs no right beyond the own namespace. Another after the namespace was made anew.
 */
export async function kubernetesClusterName(
  client: KubeClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<string> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}`
  const { metadata } = await client.request<{ readonly metadata?: { readonly uid?: string } }>({ path })
  if (!metadata?.uid) throw new Error(`get namespace "${namespace}": it has no uid`)
  return `${namespace}/${name}@${metadata.uid}`
}
