import type { Labels } from '../../profile/labels.ts'
import type { TargetGroup } from '../discovery/target-group.ts'
import type { RelabelRule } from '../relabel/relabel-rule.ts'

/** A loaded `conprof.yaml`: checked, defaults filled in, file names absolute or relative to the working directory. */
export interface Config {
  /** Added to every series that has no label of that name. */
  readonly externalLabels: Labels
  readonly scrapeConfigs: readonly ScrapeConfig[]
}

/** One job. */
export interface ScrapeConfig {
  readonly jobName: string
  readonly intervalMs: number
  /** Without the seconds that a timed profile takes anyway. */
  readonly timeoutMs: number
  readonly scheme: Scheme
  readonly params: Readonly<Record<string, readonly string[]>>
  readonly http: HttpClientConfig
  /** What is scraped of each target: only types that are enabled, in order of their names. */
  readonly profileTypes: readonly PprofTypeConfig[]
  /** Sources are `job name/static/index`. */
  readonly staticGroups: readonly TargetGroup[]
  readonly fileSdConfigs: readonly FileSdConfig[]
  readonly httpSdConfigs: readonly HttpSdConfig[]
  readonly relabelRules: readonly RelabelRule[]
  /** Labels that come out of `relabelRules` as they went in; none where the rules are the operator's own. */
  readonly protectedLabels?: readonly string[]
}

export type Scheme = 'http' | 'https'

export interface PprofTypeConfig {
  /** `cpu`, `heap`, …: the label `profile_type`. */
  readonly type: string
  /** With `prefix` before it. */
  readonly path: string
  /** How long the profile takes; absent where the endpoint answers at once and must not get `?seconds=`. */
  readonly seconds?: number
  /** False for block and mutex, which are empty unless a program turns them on: an empty one is not stored. */
  readonly keepEmpty: boolean
}

/** How to talk to a target or to an http_sd server. Secrets in files are read anew for each connection. */
export interface HttpClientConfig {
  readonly basicAuth?: {
    readonly username: string
    readonly password?: string
    readonly passwordFile?: string
  }
  /** `Authorization: <type> <credentials>`; `bearer_token` ends here too. */
  readonly authorization?: {
    readonly type: string
    readonly credentials?: string
    readonly credentialsFile?: string
  }
  readonly tls: TlsConfig
  readonly proxyUrl?: string
  readonly followRedirects: boolean
}

/** PEM, either as text or as the name of a file. */
export interface TlsConfig {
  readonly ca?: string
  readonly caFile?: string
  readonly cert?: string
  readonly certFile?: string
  readonly key?: string
  readonly keyFile?: string
  readonly serverName?: string
  readonly insecureSkipVerify: boolean
}

export interface FileSdConfig {
  /** Paths whose last part may hold `*`. */
  readonly files: readonly string[]
  readonly refreshIntervalMs: number
}

export interface HttpSdConfig {
  readonly url: string
  readonly refreshIntervalMs: number
  readonly http: HttpClientConfig
}
