import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kubectl } from '../../support/kubectl.ts'
import { type ClusterPlace, nodeName } from './cluster-place.ts'

const volumeCount = 40

/** A default storage class with volumes on the node's disk, made beforehand: nothing here provisions them. */
export async function createVolumes({ folder }: ClusterPlace, kubectl: Kubectl): Promise<void> {
  const storageClass = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'local', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  }
  const volumes = Array.from({ length: volumeCount }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `volume-${index}` },
    spec: {
      capacity: { storage: '10Gi' },
      accessModes: ['ReadWriteOnce'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: storageClass.metadata.name,
      local: { path: join(folder, 'volumes', String(index)) },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            {
              matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [nodeName] }],
            },
          ],
        },
      },
    },
  }))
  for (const { spec } of volumes) await mkdir(spec.local.path, { recursive: true })
  await chmod(join(folder, 'volumes'), 0o755)
  const items = [storageClass, ...volumes]
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  await kubectl.must(['apply', '--server-side', '-f', '-'], { stdin: list })
}
