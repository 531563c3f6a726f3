import type { PprofTypeConfig } from '../../collector/config/scrape-config.ts'
import type { ScrapeConfigJob } from '../../collector/config/scrape-config-resource.ts'
import type { CredentialSource, Owner } from './decision.ts'

/** What one owner wants to be scraped at one port of a pod, whichever vocabulary it was written in. */
export interface Ask {
  readonly owner: Owner
  /** Of a ProfileTarget. */
  readonly endpoint: string | undefined
  /** Number or name; undefined where it is to be guessed. */
  readonly port: number | string | undefined
  /** Names; empty where any will do. */
  readonly containers: readonly string[]
  /** Of annotations: those that say which port and container, or could. */
  readonly keys?: { readonly port: string; readonly container: string }
  readonly jobName: string
  readonly scheme: 'http' | 'https'
  readonly pathPrefix: string
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Paths without the prefix. */
  readonly profiles: readonly PprofTypeConfig[]
  readonly access: Access
  readonly mesh: 'auto' | 'direct' | 'skip'
  /** Added to the series. */
  readonly labels: Readonly<Record<string, string>>
  /** Copied from the pod: the label's key and the name it gets. */
  readonly podTargetLabels: readonly { readonly key: string; readonly name: string }[]
}

/** How to get in, and what to do with what was found. */
export interface Access {
  /** Keys of all objects in ascending order. */
  readonly spec: Pick<ScrapeConfigJob, 'params' | 'authorization' | 'basicAuth' | 'tls' | 'relabelings'>
  readonly credentials: readonly CredentialSource[]
}

/** Pods that ask by annotation have no Secrets. */
export const openAccess: Access = { spec: {}, credentials: [] }
