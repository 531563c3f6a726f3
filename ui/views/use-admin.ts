import type { FlagsAnswer } from '../../query/api/types.ts'
import { useAnswer } from './use-answer.ts'

/** Whether this server lets pages write; undefined until it is known. */
export function useAdmin(): boolean | undefined {
  const flags = useAnswer<FlagsAnswer>('status/flags', {}, 0).data
  return flags === undefined ? undefined : (flags['web.enable-admin-api'] ?? 'false') !== 'false'
}
