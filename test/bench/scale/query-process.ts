import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { type Conprof, startConprof } from '../../support/conprof.ts'
import { until } from '../../support/until.ts'
import type { BucketRig } from './bucket-rig.ts'
import { endWithUs, nodeFlags, processUse } from './measured-process.ts'

/** A `conprof query` of its own, which has read nothing yet. */
export interface QueryProcess {
  /** Milliseconds from the request to the whole answer. Rejects where the answer lacks something. */
  ask(path: string, parameters?: Readonly<Record<string, string>>): Promise<Asked>
  /** Of all that was asked so far. */
  transfer(): Promise<Transfer>
  /** The most memory that it had, MiB. */
  peakMb(): number
  stop(): Promise<void>
}

export interface Asked {
  readonly ms: number
  readonly sizeBytes: number
  readonly text: string
}

/** What went over the wire from the bucket. */
export interface Transfer {
  readonly requests: number
  readonly bytes: number
}

export async function startQuery(rig: BucketRig): Promise<QueryProcess> {
  const storage = await mkdtemp(join(rig.folder, 'query-'))
  process.env['MALLOC_ARENA_MAX'] = '2'
  const conprof: Conprof = await startConprof(
    [
      `--objstore.config-file=${rig.configFile}`,
      `--storage.path=${storage}`,
      `--storage.cache-path=${join(storage, 'cache')}`,
    ],
    'query',
    { nodeFlags },
  )
  endWithUs(conprof.process)
  await until('query is ready', async () => (await fetch(`${conprof.url}/-/ready`)).ok)
  return {
    ask: async (path, parameters = {}) => {
      const startMs = performance.now()
      const response = await fetch(`${conprof.url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
      const text = await response.text()
      const ms = performance.now() - startMs
      if (!response.ok) throw new Error(`${path}: ${response.status} ${text.slice(0, 500)}`)
      const warnings = response.headers.get('x-conprof-warnings') ?? warningsOf(text)
      if (warnings !== '') throw new Error(`${path}: the answer lacks something: ${warnings.slice(0, 500)}`)
      return { ms, sizeBytes: text.length, text }
    },
    transfer: async () => {
      const text = await (await fetch(`${conprof.url}/metrics`)).text()
      const sum = (name: string) =>
        [...text.matchAll(new RegExp(`^${name}\\{.*\\} (\\S+)$`, 'gm'))].reduce(
          (all, [, value]) => all + Number(value),
          0,
        )
      return {
        requests: sum('conprof_bucket_requests_total'),
        bytes: sum('conprof_bucket_transferred_bytes_total'),
      }
    },
    peakMb: () => processUse(conprof.process.pid!).peakMb,
    stop: async () => {
      await conprof.stop()
    },
  }
}

function warningsOf(text: string): string {
  const answer = text.startsWith('{') ? (JSON.parse(text) as { readonly warnings?: readonly string[] }) : {}
  return (answer.warnings ?? []).join('; ')
}

export function difference(before: Transfer, after: Transfer): Transfer {
  return { requests: after.requests - before.requests, bytes: after.bytes - before.bytes }
}
