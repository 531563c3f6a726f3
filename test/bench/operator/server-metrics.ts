import { request } from 'undici'
import type { KubeClient } from '../../../lib/kube/kube-client.ts'
import type { ControlPlane } from '../../support/control-plane.ts'

/** Writes that the API server has answered, but for Leases, Events and statuses of pods written by the bench. */
export async function countWrites(client: KubeClient): Promise<number> {
  const bytes: Uint8Array[] = []
  for await (const chunk of await client.stream({ path: '/metrics' })) bytes.push(chunk)
  return sum(Buffer.concat(bytes).toString('utf8'), 'apiserver_request_total', (labels) => {
    const isWrite = /verb="(POST|PUT|PATCH|APPLY|DELETE)"/.test(labels)
    return isWrite && !/resource="(leases|tokenreviews|subjectaccessreviews)"/.test(labels)
  })
}

/** Bytes that etcd has appended to its log. */
export async function etcdBytes(plane: ControlPlane): Promise<number> {
  const { body } = await request(plane.etcdMetricsUrl)
  return sum(await body.text(), 'etcd_disk_wal_write_bytes_total', () => true)
}

function sum(text: string, name: string, isMeant: (labels: string) => boolean): number {
  let total = 0
  for (const line of text.split('\n')) {
    if (!line.startsWith(name)) continue
    const [, labels = '', value] = /^\w+(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (value !== undefined && isMeant(labels)) total += Number(value)
  }
  return total
}
