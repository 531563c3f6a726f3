import { createHash } from 'node:crypto'
import { releaseLabel } from '../../collector/config/scrape-config-resource.ts'
import type { CredentialSource, PlannedJob, PlannedTarget } from '../targets/decision.ts'
import type { PodView } from '../targets/pod-view.ts'

/** In the shard's Secret: the token that our programs show each other. */
export const ownTokenKey = 'conprof-token'

/** Where it stands for itself: it is in no Secret of a ProfileTarget. */
const source: CredentialSource = { key: ownTokenKey, namespace: '', ref: { name: '', key: '' } }

/**
 * Our own programs show their profiles to those alone who have the release's token. No annotation could carry it, so
 * pods of the release, in its own namespace, are scraped with it; who may make pods there may read it anyway.
 */
export function isOwnPod(
  { namespace, labels }: PodView,
  release: { readonly namespace: string; readonly name: string },
): boolean {
  return namespace === release.namespace && labels[releaseLabel] === release.name
}

const jobs = new WeakMap<PlannedJob, PlannedJob>()
const targets = new WeakMap<PlannedTarget, PlannedTarget>()

/** The same target for the same target, as what is planned is compared by identity. */
export function withOwnToken(target: PlannedTarget): PlannedTarget {
  if (target.job.credentials.length > 0) return target
  let own = targets.get(target)
  if (own === undefined) {
    own = { ...target, job: authorized(target.job) }
    targets.set(target, own)
  }
  return own
}

function authorized(job: PlannedJob): PlannedJob {
  let own = jobs.get(job)
  if (own === undefined) {
    own = {
      ...job,
      hash: createHash('sha256').update(`${job.hash} ${ownTokenKey}`).digest('hex').slice(0, 16),
      spec: { ...job.spec, authorization: { type: 'Bearer', credentialsKey: ownTokenKey } },
      credentials: [source],
    }
    jobs.set(job, own)
  }
  return own
}
