import type { Registry } from 'prom-client'
import type { AnswerFlags } from '../cli/answer-flags.ts'
import type { ApiOptions } from '../query/api/create-api.ts'
import { defaultWorkerCount, MergeWorkers } from '../query/merge-workers/merge-workers.ts'

/** Of the API, what flags say about how much an answer may take. `merges` is to be closed at the end. */
export function createAnswering(
  flags: AnswerFlags,
  { registry }: { readonly registry: Registry },
): Required<Pick<ApiOptions, 'limits' | 'maxConcurrent' | 'merges'>> {
  const { queryMaxProfiles: maxProfiles, queryMaxBytes: maxBytes } = flags
  return {
    limits: { ...(maxProfiles > 0 ? { maxProfiles } : {}), ...(maxBytes > 0 ? { maxBytes } : {}) },
    maxConcurrent: flags.queryMaxConcurrent,
    merges: new MergeWorkers({ size: flags.queryWorkers ?? defaultWorkerCount(), registry }),
  }
}
