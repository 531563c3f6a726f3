import { readdirSync, readFileSync } from 'node:fs'
import type { ProcessIdentity } from '../../block/attempt.ts'
import type { EncodedBlock } from '../../block/block-builder.ts'
import { createBlockBuilder } from '../../block/create-block-builder.ts'
import type { Bucket } from '../../bucket/bucket.ts'
import { type Labels, sortLabels } from '../../profile/labels.ts'

export interface CorpusSeries {
  /** `program/type` below test/testdata/corpus. */
  readonly from: string
  /** Beside `service_name` and `profile_type`, which `from` says. */
  readonly labels?: Labels
  /** Of the nth profile. */
  readonly process?: (index: number) => ProcessIdentity
}

export interface CorpusBlockOptions {
  readonly series: readonly CorpusSeries[]
  /** Profiles of each series, one every `stepMs`; recorded ones, again from the first when there are no more. */
  readonly count: number
  readonly startMs: number
  readonly stepMs: number
  readonly writer: string
}

/** A block of recorded profiles as a collector would have cut it. */
export function corpusBlock(options: CorpusBlockOptions): EncodedBlock {
  const { series, count, startMs, stepMs, writer } = options
  const builder = createBlockBuilder()
  let seq = 0
  for (const { from, labels = {}, process } of series) {
    const folder = new URL(`../testdata/corpus/${from}/`, import.meta.url)
    const files = readdirSync(folder).sort()
    for (let index = 0; index < count; index++) {
      const attempt = {
        labels: corpusLabels(from, labels),
        timeMs: startMs + index * stepMs,
        durationMs: 5,
        health: 'ok',
        httpStatus: 200,
        body: readFileSync(new URL(files[index % files.length]!, folder)),
        ...(process === undefined ? {} : { process: process(index) }),
      } as const
      builder.append(attempt, { writer, seq: ++seq })
    }
  }
  return builder.encode()!
}

export function corpusLabels(from: string, labels: Labels = {}): Labels {
  const [program = '', type = ''] = from.split('/')
  return sortLabels(Object.entries({ job: program, service_name: program, profile_type: type, ...labels }))
}

/** Its key below `blocks/`. */
export async function putCorpusBlock(bucket: Bucket, options: CorpusBlockOptions): Promise<string> {
  const { key, bytes } = corpusBlock(options)
  await bucket.put(`blocks/${key}`, bytes)
  return key
}
