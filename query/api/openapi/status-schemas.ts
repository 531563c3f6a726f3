import { z } from 'zod'
import type {
  BlocksAnswer,
  BuildInfoAnswer,
  CollectorStatusAnswer,
  CollectorsAnswer,
  ConfigAnswer,
  FlagsAnswer,
  PendingBlocksAnswer,
  RuntimeInfoAnswer,
  ScrapesAnswer,
  TargetsAnswer,
} from '../types.ts'
import { count, labels, schemaOf, seconds, unixMs } from './same-type.ts'

const collector = { collector: z.string().exactOptional() }

export const targetsAnswer = schemaOf<TargetsAnswer>()(
  z.strictObject({
    activeTargets: z.array(
      z
        .strictObject({
          ...collector,
          scrapePool: z.string(),
          scrapeUrl: z.string(),
          labels,
          discoveredLabels: labels,
          profileType: z.string(),
          intervalSeconds: seconds,
          timeoutSeconds: seconds,
          health: z.string(),
          reason: z.string(),
          remedy: z.string(),
          lastScrape: unixMs,
          lastScrapeDurationSeconds: seconds,
          lastSizeBytes: count,
          nextScrape: unixMs,
        })
        .meta({ id: 'Target' }),
    ),
    droppedTargets: z.array(
      z.strictObject({ ...collector, scrapePool: z.string(), discoveredLabels: labels }),
    ),
  }),
)

export const pendingBlocksAnswer = schemaOf<PendingBlocksAnswer>()(
  z.strictObject({
    startedMs: unixMs,
    blocks: z.array(z.strictObject({ key: z.string(), sizeBytes: count })),
  }),
)

const collectorStatusFields = {
  version: z.string(),
  writer: z.string(),
  targets: count,
  headAttempts: count,
  headBytes: count,
  pendingBlocks: count,
  isReplayed: z.boolean(),
}

export const collectorStatusAnswer = schemaOf<CollectorStatusAnswer>()(z.strictObject(collectorStatusFields))

export const collectorsAnswer = schemaOf<CollectorsAnswer>()(
  z.strictObject({
    collectors: z.array(
      z.strictObject({
        version: z.string().exactOptional(),
        writer: z.string().exactOptional(),
        targets: count.exactOptional(),
        headAttempts: count.exactOptional(),
        headBytes: count.exactOptional(),
        pendingBlocks: count.exactOptional(),
        isReplayed: z.boolean().exactOptional(),
        name: z.string(),
        address: z.string(),
        reachable: z.boolean(),
        lastSeen: unixMs,
        error: z.string(),
      }),
    ),
    unresolved: z.array(z.strictObject({ name: z.string(), problem: z.string() })),
  }),
)

export const scrapesAnswer = schemaOf<ScrapesAnswer>()(
  z.strictObject({
    ordinal: count,
    configEpoch: count,
    targets: count,
    owners: z.array(
      z.strictObject({
        owner: z.string(),
        endpoint: z.string(),
        targets: count,
        unhealthy: count,
        errors: z.array(
          z.strictObject({
            namespace: z.string(),
            pod: z.string(),
            container: z.string(),
            profileType: z.string(),
            health: z.string(),
            reason: z.string(),
            remedy: z.string(),
            count,
          }),
        ),
      }),
    ),
  }),
)

export const buildInfoAnswer = schemaOf<BuildInfoAnswer>()(
  z.strictObject({ version: z.string(), revision: z.string(), nodeVersion: z.string() }),
)

export const flagsAnswer = schemaOf<FlagsAnswer>()(z.record(z.string(), z.string()))

export const configAnswer = schemaOf<ConfigAnswer>()(z.strictObject({ yaml: z.string() }))

export const runtimeInfoAnswer = schemaOf<RuntimeInfoAnswer>()(
  z.strictObject({ startTime: unixMs, serverTime: unixMs, residentBytes: count, heapUsedBytes: count }),
)

export const blocksAnswer = schemaOf<BlocksAnswer>()(
  z.strictObject({
    blocks: z.array(
      z
        .strictObject({
          name: z.string(),
          place: z.enum(['head', 'pending', 'bucket']),
          ...collector,
          minTime: unixMs,
          maxTime: unixMs,
          level: count,
          sizeBytes: count,
          series: count.exactOptional(),
          profiles: count.exactOptional(),
          attempts: count.exactOptional(),
        })
        .meta({ id: 'Block' }),
    ),
  }),
)
