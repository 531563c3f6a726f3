import { z } from 'zod'

/** What a collector says of its scrapes: `GET /api/v1/status/scrapes`. Fields that a newer one adds are ignored. */
const text = (maxLength: number) => z.string().transform((value) => value.slice(0, maxLength))
const count = z.int().min(0)

export const scrapeError = z.object({
  namespace: text(63),
  pod: text(253),
  container: text(63),
  profileType: text(63),
  health: text(63),
  reason: text(1024),
  remedy: text(4096),
  /** How many targets of the owner fail in this way. */
  count,
})

export const collectorHealth = z.object({
  ordinal: count,
  /** Highest epoch among the ScrapeConfigs that it follows; 0 where it has none. */
  configEpoch: count,
  /** Processes, however many types are scraped of each; as below. */
  targets: count,
  owners: z
    .array(
      z.object({
        /** `annotations`, or `ProfileTarget/<namespace>/<name>`. */
        owner: text(520),
        /** Of the ProfileTarget; "" for annotations. */
        endpoint: text(63).default(''),
        targets: count,
        unhealthy: count,
        /** A few of them. */
        errors: z.array(scrapeError).max(100),
      }),
    )
    .max(20_000),
})

export type ScrapeError = z.infer<typeof scrapeError>
export type CollectorHealth = z.infer<typeof collectorHealth>
export type OwnerHealth = CollectorHealth['owners'][number]
