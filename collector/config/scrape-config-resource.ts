import { z } from 'zod'

/**
 * The contract between operator and collector: the spec of a `ScrapeConfig` object (`conprof.io/v1alpha1`). The
 * operator writes it, one collector reads it; the CRD is generated from this. Settings that targets have in common
 * are hoisted into `job`, labels into `groups`, so that an object of 64 targets stays near 15 KB.
 */
const text = z.string().max(1024)
const labels = z.record(z.string().min(1).max(128), text)
/** Prometheus's way to write it. */
const duration = z
  .string()
  .regex(/^([0-9]+(ms|s|m|h))+$/)
  .max(32)
/** A key of the shard's credentials Secret, never the credential itself. */
const secretKey = z
  .string()
  .regex(/^[-._a-zA-Z0-9]+$/)
  .max(253)

export const scrapeConfigProfile = z.strictObject({
  type: z
    .string()
    .regex(/^[a-zA-Z_][a-zA-Z0-9_.-]*$/)
    .max(63),
  /** Without the prefix. */
  path: z
    .string()
    .regex(/^\/[^\s?#]*$/)
    .max(512),
  /** Only for profiles that take time. */
  seconds: z.int().min(1).max(86_400).optional(),
  /** False: one without samples is not stored. */
  keepEmpty: z.boolean(),
})

export const scrapeConfigRelabeling = z.strictObject({
  action: z.string().max(32).optional(),
  sourceLabels: z.array(z.string().max(128)).max(50).optional(),
  separator: z.string().max(128).optional(),
  regex: text.optional(),
  modulus: z.int().min(0).optional(),
  targetLabel: z.string().max(128).optional(),
  replacement: text.optional(),
})

export const scrapeConfigJob = z.strictObject({
  /** `annotations`, or `ProfileTarget/<namespace>/<name>`. */
  owner: z.string().min(1).max(520),
  /** Of the ProfileTarget. */
  endpoint: z.string().max(63).optional(),
  /** The label `job`. */
  jobName: z.string().min(1).max(520),
  scheme: z.enum(['http', 'https']),
  pathPrefix: z.string().max(256),
  interval: duration,
  /** Beside the seconds of a timed profile. */
  timeout: duration,
  profiles: z.array(scrapeConfigProfile).min(1).max(20),
  params: z.record(z.string().min(1).max(128), z.array(text).max(16)).optional(),
  authorization: z.strictObject({ type: z.string().min(1).max(64), credentialsKey: secretKey }).optional(),
  basicAuth: z.strictObject({ usernameKey: secretKey, passwordKey: secretKey.optional() }).optional(),
  tls: z
    .strictObject({
      caKey: secretKey.optional(),
      certKey: secretKey.optional(),
      keyKey: secretKey.optional(),
      serverName: z.string().max(253).optional(),
      insecureSkipVerify: z.boolean().optional(),
    })
    .optional(),
  /** Applied by the collector; protected labels (see `protectedLabels`) come out as they went in. */
  relabelings: z.array(scrapeConfigRelabeling).max(50).optional(),
})

export const scrapeConfigProcess = z.strictObject({
  containerId: z.string().max(200),
  restartCount: z.int().min(0),
  /** Unix ms; 0 where unknown, as below. */
  startTimeMs: z.int().min(0),
})

export const scrapeConfigTarget = z.strictObject({
  /** Of the pod. */
  uid: z.string().min(1).max(64),
  /** `host:port`. */
  address: z.string().min(1).max(300),
  labels,
  process: scrapeConfigProcess.optional(),
  /** Unix ms; another collector may still scrape it until then. */
  startAfterMs: z.int().min(0).optional(),
})

export const scrapeConfigGroup = z.strictObject({
  /** Of each of its targets. */
  labels,
  image: text.optional(),
  memoryLimitBytes: z.int().min(0).optional(),
  cpuLimitMillicores: z.int().min(0).optional(),
  /** What detection of meshes found, so that a refusal can say what fixes it. */
  mesh: z.strictObject({ name: z.string().max(63), remedy: text }).optional(),
  targets: z.array(scrapeConfigTarget).min(1).max(64),
})

export const maxTargetsPerScrapeConfig = 64

export const scrapeConfigSpec = z.strictObject({
  /** The ordinal of the collector that it is for; the label `conprof.io/shard` says the same. */
  shard: z.int().min(0).max(9999),
  /** How often the operator's Lease had changed hands: an older epoch never replaces a newer one. */
  epoch: z.int().min(0),
  job: scrapeConfigJob,
  groups: z.array(scrapeConfigGroup).min(1).max(maxTargetsPerScrapeConfig),
})

export type ScrapeConfigSpec = z.infer<typeof scrapeConfigSpec>
export type ScrapeConfigJob = z.infer<typeof scrapeConfigJob>
export type ScrapeConfigGroup = z.infer<typeof scrapeConfigGroup>
export type ScrapeConfigTarget = z.infer<typeof scrapeConfigTarget>

/** Labels of the object. `release` is the Helm release, so that two may share a namespace. */
export const shardLabel = 'conprof.io/shard'
export const releaseLabel = 'conprof.io/release'

/** What a user's relabelings can neither change nor remove: who a profile belongs to, and where it is fetched. */
export const protectedLabels: readonly string[] = [
  '__address__',
  '__scheme__',
  '__profile_path__',
  '__profile_type__',
  'namespace',
  'pod',
  'container',
  'node',
  'workload',
  'workload_kind',
  'profile_type',
]

/** Name of the Secret with the credentials of a shard's targets. */
export function credentialsSecretName(release: string, shard: number): string {
  return `${release}-collector-${shard}-credentials`
}
