import { z } from 'zod'
import type { CollectorAddress, CollectorClient } from '../collector-client.ts'
import type { PodView } from '../targets/pod-view.ts'
import type { PodScrapes, ScrapeState } from './operator-state.ts'

/** Of `GET /api/v1/targets` of a collector, what is shown here. */
const targetsAnswer = z.object({
  activeTargets: z.array(
    z.object({
      scrapeUrl: z.string(),
      labels: z.record(z.string(), z.string()),
      profileType: z.string(),
      health: z.string(),
      reason: z.string(),
      remedy: z.string(),
      lastScrape: z.number(),
    }),
  ),
})

/** Asks the collectors that have targets of a pod how its last scrapes went. Never rejects. */
export async function readPodScrapes(
  { namespace, name }: PodView,
  collectors: readonly CollectorAddress[],
  options: { readonly client: CollectorClient; readonly signal: AbortSignal },
): Promise<PodScrapes> {
  const warnings: string[] = []
  const scrapes = await Promise.all(
    collectors.map(async (collector): Promise<readonly ScrapeState[]> => {
      try {
        const { client, signal } = options
        const answer = await client.get(collector, '/api/v1/targets', { signal, maxSizeBytes })
        const { activeTargets } = targetsAnswer.parse(answer)
        return activeTargets
          .filter(({ labels }) => labels['namespace'] === namespace && labels['pod'] === name)
          .map(({ scrapeUrl, labels, profileType, health, reason, remedy, lastScrape }) => ({
            shard: collector.ordinal,
            container: labels['container'] ?? '',
            url: scrapeUrl,
            profileType,
            health,
            reason,
            remedy,
            lastScrapeMs: lastScrape,
          }))
      } catch (error) {
        const [issue] = error instanceof z.ZodError ? error.issues : []
        const why =
          issue === undefined ? (error as Error).message : `${issue.path.join('.')}: ${issue.message}`
        warnings.push(`collector ${collector.ordinal} cannot say how scrapes went: ${why}`)
        return []
      }
    }),
  )
  return { scrapes: scrapes.flat(), warnings }
}

/** A collector of ten thousand targets answers a few megabytes. */
const maxSizeBytes = 64 * 2 ** 20
