import { type AdminFlag, readAdminFlag } from './admin-flag.ts'
import {
  given,
  type LogFlags,
  readLogFlags,
  readStorageFlags,
  readWebFlags,
  type StorageFlags,
  type WebFlags,
} from './flags.ts'
import { readSourceFlags, type SourceFlags } from './source-flags.ts'

/** Of what scrapes and stores: `conprof collector`, and `conprof all`, which answers too. */
export interface CollectorFlags extends WebFlags, LogFlags, StorageFlags, SourceFlags, AdminFlag {
  readonly webTokenFile?: string
  readonly queryTimeoutMs: number
}

export function readCollectorFlags(values: Readonly<Record<string, unknown>>): CollectorFlags {
  return {
    ...readWebFlags(values),
    ...readLogFlags(values),
    ...readStorageFlags(values),
    ...readSourceFlags(values),
    ...readAdminFlag(values),
    queryTimeoutMs: Number(values['query.timeout']),
    ...given({ webTokenFile: values['web.tokenFile'] }),
  }
}
