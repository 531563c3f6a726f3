import { z } from 'zod'

/** `ProfileTarget`, `conprof.io/v1alpha1`: what a team applies beside its workload. Shapes are PodMonitor's where it has them. */
export const group = 'conprof.io'
export const version = 'v1alpha1'

const labelName = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/)
  .max(128)
const labelValue = z.string().max(63)
const duration = z
  .string()
  .regex(/^([0-9]+(ms|s|m|h))+$/)
  .max(32)

export const labelSelector = z.strictObject({
  matchLabels: z.record(z.string().min(1).max(317), labelValue).optional(),
  matchExpressions: z
    .array(
      z.strictObject({
        key: z.string().min(1).max(317),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(labelValue).max(100).optional(),
      }),
    )
    .max(32)
    .optional(),
})

export const namespaceSelector = z.strictObject({
  any: z.boolean().optional(),
  matchNames: z.array(z.string().min(1).max(63)).max(100).optional(),
  ...labelSelector.shape,
})

/** A key of a Secret in the ProfileTarget's own namespace. */
export const secretKeyRef = z.strictObject({
  name: z.string().min(1).max(253),
  key: z.string().min(1).max(253),
})

const tls = z.strictObject({
  ca: z.strictObject({ secret: secretKeyRef }).optional(),
  cert: z.strictObject({ secret: secretKeyRef }).optional(),
  keySecret: secretKeyRef.optional(),
  serverName: z.string().min(1).max(253).optional(),
  insecureSkipVerify: z.boolean().optional(),
})

export const profileSettings = z.strictObject({
  type: z
    .string()
    .regex(/^[a-zA-Z_][a-zA-Z0-9_.-]*$/)
    .max(63),
  enabled: z.boolean().optional(),
  path: z
    .string()
    .regex(/^\/[^\s?#]*$/)
    .max(512)
    .optional(),
  seconds: z.int().min(1).max(300).optional(),
})

export const relabeling = z.strictObject({
  action: z
    .enum([
      'replace',
      'keep',
      'drop',
      'labeldrop',
      'labelkeep',
      'labelmap',
      'lowercase',
      'uppercase',
      'hashmod',
    ])
    .optional(),
  sourceLabels: z.array(labelName).max(50).optional(),
  separator: z.string().max(128).optional(),
  regex: z.string().max(1024).optional(),
  modulus: z.int().min(1).optional(),
  targetLabel: z.string().max(128).optional(),
  replacement: z.string().max(1024).optional(),
})

export const endpoint = z.strictObject({
  name: z.string().min(1).max(63).default('default'),
  port: z.union([z.int().min(1).max(65_535), z.string().min(1).max(15)]),
  container: z.string().min(1).max(63).optional(),
  scheme: z.enum(['http', 'https']).default('http'),
  pathPrefix: z.string().max(256).default(''),
  interval: duration.default('60s'),
  timeout: duration.default('10s'),
  profiles: z.array(profileSettings).max(20).optional(),
  params: z.record(z.string().min(1).max(128), z.array(z.string().max(1024)).max(16)).optional(),
  authorization: z
    .strictObject({ type: z.string().min(1).max(64).default('Bearer'), credentials: secretKeyRef })
    .optional(),
  basicAuth: z.strictObject({ username: secretKeyRef, password: secretKeyRef.optional() }).optional(),
  tls: tls.optional(),
  tlsConfig: tls.optional(),
  relabelings: z.array(relabeling).max(50).optional(),
})

export const profileTargetSpec = z.strictObject({
  selector: labelSelector,
  namespaceSelector: namespaceSelector.optional(),
  endpoints: z.array(endpoint).min(1).max(10),
  podTargetLabels: z.array(z.string().min(1).max(317)).max(32).optional(),
  labels: z.record(labelName, z.string().max(1024)).optional(),
  limits: z.strictObject({ maxTargets: z.int().min(0).default(0) }).optional(),
  mesh: z.enum(['auto', 'direct', 'skip']).default('auto'),
  suspend: z.boolean().default(false),
})

export type ProfileTargetSpec = z.infer<typeof profileTargetSpec>
export type Endpoint = z.infer<typeof endpoint>
export type ProfileSettings = z.infer<typeof profileSettings>
export type LabelSelector = z.infer<typeof labelSelector>
export type SecretKeyRef = z.infer<typeof secretKeyRef>
