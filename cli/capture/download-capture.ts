import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { CaptureAnswer } from '../../query/api/capture-types.ts'
import type { ApiClient } from './api-client.ts'
import { nameOf } from './format-capture.ts'

/** Writes every profile into a folder, which is made where it is not there; gives the paths. */
export async function downloadCapture(
  client: ApiClient,
  answer: CaptureAnswer,
  { folder, onFile }: { readonly folder: string; readonly onFile: (path: string) => void },
): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const { labels, profileIds } of answer.items) {
    for (const id of profileIds) {
      const { body } = await client.bytes(`profile?id=${encodeURIComponent(id)}`)
      const isText = labels['profile_type'] === 'goroutine_text'
      // Of two containers with one name for everything, the hash still differs.
      const name = `${nameOf(labels)} ${id}`.replaceAll(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[-.]+/, '')
      const path = join(folder, `${name}${isText ? '.txt' : '.pb.gz'}`)
      await writeFile(path, isText && body[0] === 0x1f ? gunzipSync(body) : body)
      onFile(path)
    }
  }
}
