import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { ClusterPlace } from './cluster-place.ts'

/** Docker archives into the node's containerd, for pods with `imagePullPolicy: Never`. */
export async function loadImages(place: ClusterPlace, archives: readonly string[]): Promise<void> {
  for (const archive of archives) {
    const parameters = [
      '--address',
      place.containerdSocket,
      '--namespace',
      'k8s.io',
      'image',
      'import',
      archive,
    ]
    try {
      await promisify(execFile)('ctr', parameters)
    } catch (error) {
      const { stderr } = error as { stderr?: string }
      throw new Error(`load the image ${archive}: ${stderr?.trim() || error}`, { cause: error })
    }
  }
}
