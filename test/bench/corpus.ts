import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Attempt } from '../../block/attempt.ts'
import { sortLabels } from '../../profile/labels.ts'

/** One series of a folder of `program/type/<unix ms>.pb.gz`, oldest first. */
export interface CorpusSeries {
  readonly program: string
  readonly type: string
  readonly profiles: readonly { readonly timeMs: number; readonly path: string; readonly body: Uint8Array }[]
  readonly gzipBytes: number
}

export function readCorpus(folder: string): CorpusSeries[] {
  const folders = (path: string) =>
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort()
  return folders(folder).flatMap((program) =>
    folders(join(folder, program)).map((type) => {
      const profiles = readdirSync(join(folder, program, type))
        .filter((name) => name.endsWith('.pb.gz'))
        .sort()
        .map((name) => {
          const path = join(folder, program, type, name)
          return { timeMs: Number(name.split('.')[0]), path, body: readFileSync(path) }
        })
      return { program, type, profiles, gzipBytes: profiles.reduce((sum, { body }) => sum + body.length, 0) }
    }),
  )
}

/** As a collector outside Kubernetes would log it. */
export function attemptOf(series: CorpusSeries, index: number): Attempt {
  const { timeMs, body } = series.profiles[index]!
  return {
    labels: sortLabels([
      ['instance', '127.0.0.1:6060'],
      ['job', series.program],
      ['profile_path', `/debug/pprof/${series.type === 'cpu' ? 'profile' : series.type}`],
      ['profile_type', series.type],
      ['service_name', series.program],
    ]),
    timeMs,
    durationMs: 12 + (index % 5),
    health: 'ok',
    httpStatus: 200,
    body,
  }
}
