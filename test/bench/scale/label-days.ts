import { gunzipSync } from 'node:zlib'
import { createBlockBuilder } from '../../../block/create-block-builder.ts'
import { Dictionary } from '../../../profile/dictionary.ts'
import type { CorpusSeries } from '../corpus.ts'
import { dayMs, type FleetParameters, hourMs, labelsOf, planFleet, profileTypes } from './fleet-plan.ts'
import { NoisyProfile } from './noisy-profile.ts'

/** Services of the whole fleet: 50 and the large one. */
export const labelServices = 51

/** One small block of a day, three series for each service, under other pods' names every day. */
export function labelDay(
  corpus: readonly CorpusSeries[],
  { dayStartMs, seed }: { readonly dayStartMs: number; readonly seed: number },
): { readonly key: string; readonly bytes: Uint8Array } {
  const parameters: FleetParameters = {
    seed,
    noise: 'none',
    startMs: dayStartMs,
    hours: dayMs / hourMs,
    service: { program: 'etcd', pods: 1, wholePods: 1 },
    others: labelServices - 1,
    collectors: 1,
  }
  const dictionary = new Dictionary()
  const first = new Map(
    profileTypes.map((type) => {
      const series = corpus.find((each) => each.program === 'etcd' && each.type === type)!
      return [type, new NoisyProfile(gunzipSync(series.profiles[0]!.body), dictionary)]
    }),
  )
  const builder = createBlockBuilder()
  let seq = 0
  for (const pod of planFleet(parameters, ['etcd'])) {
    const life = pod.lives[0]!
    for (const type of profileTypes) {
      const timeMs = dayStartMs + pod.offsetMs
      builder.append(
        {
          labels: labelsOf(life, type),
          timeMs,
          durationMs: 9,
          health: 'ok',
          httpStatus: 200,
          body: first.get(type)!.write({ noise: 'none', seed: 0, timeNanos: BigInt(timeMs) * 1_000_000n }),
          process: life.process,
        },
        { writer: 'bench-labels', seq: (dayStartMs / dayMs) * 1000 + seq++ },
      )
    }
  }
  // What is asked are labels, so the symbols may be larger than a collector makes them.
  return builder.encode({ compression: 'fast' })!
}
