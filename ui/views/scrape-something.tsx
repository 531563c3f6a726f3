import type { TargetsAnswer } from '../../query/api/types.ts'
import { plural } from '../model/format.ts'
import { healthWords, isFailure } from '../model/health-words.ts'
import { useStore } from '../store.ts'
import { Link } from './link.tsx'
import { useAnswer } from './use-answer.ts'

/** For somebody who has no profiles: whether anything is scraped, and how to begin. */
export function ScrapeSomething() {
  const store = useStore()
  const targets = useAnswer<TargetsAnswer>('targets', {}, store.nowMs.value).data?.activeTargets
  const sick = targets?.find(({ health }) => isFailure(health))
  const up = targets?.filter(({ health }) => health === 'ok').length ?? 0
  if (targets !== undefined && targets.length > 0)
    return (
      <>
        <p>
          {up} of {plural(targets.length, 'scrape loop')} up. What they bring shows here by itself.
        </p>
        {sick !== undefined && (
          <p>
            {sick.scrapeUrl}: {sick.reason || healthWords(sick.health)}
            {sick.remedy === '' ? '' : `. ${sick.remedy}`}
          </p>
        )}
        <p class="actions">
          <Link page="targets" class="button">
            See the targets
          </Link>
        </p>
      </>
    )
  return (
    <>
      <p>Nothing is scraped yet. Name what to scrape in the configuration and reload it:</p>
      <pre class="snippet" tabIndex={0}>
        {configExample}
      </pre>
      <p>In Kubernetes annotate the pods, and the operator tells the collectors:</p>
      <pre class="snippet" tabIndex={0}>
        {annotationExample}
      </pre>
      <p class="actions">
        <Link page="targets" class="button">
          See the targets
        </Link>
        <Link page="status" class="button">
          See the status
        </Link>
      </p>
    </>
  )
}

const configExample = `# conprof.yaml
scrape_configs:
  - job_name: api
    static_configs:
      - targets: ["localhost:6060"]`

const annotationExample = `metadata:
  annotations:
    conprof.io/scrape: "true"
    conprof.io/port: "6060"`
