import { z } from 'zod'

/** Why each condition is as it is: the first reason of each list is the good one. */
export const acceptedReasons = [
  'Accepted',
  'InvalidSpec',
  'CrossNamespaceForbidden',
  'SecretForbidden',
  'SecretNotFound',
  'SecretNotAllowed',
  'SecretTooLarge',
  'SecretUnread',
  'Suspended',
] as const
export const targetsFoundReasons = [
  'PodsSelected',
  'NoPodsMatch',
  'NoPodsRunning',
  'NoPortMatch',
  'AllPodsOptedOut',
  'NoProfiles',
  'MeshSkipped',
  'LimitReached',
  'Conflict',
  'NotAccepted',
  'Suspended',
] as const
export const readyReasons = ['Ready', 'NotAccepted', 'WritePending'] as const
export const targetsHealthyReasons = [
  'AllHealthy',
  'SomeFailing',
  'NoTargets',
  'Unknown',
  'CollectorsUnreachable',
  'NotAccepted',
  'Suspended',
] as const

export type AcceptedReason = (typeof acceptedReasons)[number]
export type TargetsFoundReason = (typeof targetsFoundReasons)[number]
export type ReadyReason = (typeof readyReasons)[number]
export type TargetsHealthyReason = (typeof targetsHealthyReasons)[number]

export const conditionTypes = ['Accepted', 'TargetsFound', 'Ready', 'TargetsHealthy'] as const
export type ConditionType = (typeof conditionTypes)[number]

export const maxSampleErrors = 5

/** `metav1.Condition`: its bounds too, as tools read these without knowing whose they are. */
const condition = z.strictObject({
  type: z
    .string()
    .max(316)
    .describe(
      'Accepted: the spec is one that can be followed. TargetsFound: it selects pods that can be scraped. Ready: accepted, and the collectors have it. TargetsHealthy: the last scrapes went well.',
    ),
  status: z.enum(['True', 'False', 'Unknown']).describe('True, False or Unknown.'),
  observedGeneration: z.int().min(0).optional().describe('The generation of the spec that this is about.'),
  lastTransitionTime: z.string().max(64).meta({ format: 'date-time' }).describe('When status last changed.'),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('One word for programs.'),
  message: z.string().max(32_768).describe('One line for people: what was seen, and what is wanted.'),
})

const sampleError = z.strictObject({
  endpoint: z.string().max(63).describe('Name of the endpoint.'),
  pod: z.string().max(253).describe('One of the pods that it concerns.'),
  profileType: z.string().max(63).optional().describe('The profile type; all of them without it.'),
  health: z.string().max(63).describe('The class of the failure, such as connect-timeout.'),
  message: z.string().max(1024).describe('What was seen, and what to change.'),
  count: z.int().min(1).optional().describe('How many targets fail alike.'),
})

export const profileTargetStatus = z
  .strictObject({
    observedGeneration: z.int().min(0).optional().describe('The generation of the spec that this is about.'),
    conditions: z
      .array(condition)
      .max(16)
      .optional()
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
      .describe('Accepted, TargetsFound, Ready and TargetsHealthy, each with reason and message.'),
    targets: z.int().min(0).optional().describe('How many targets are scraped.'),
    unhealthy: z.int().min(0).optional().describe('How many of them failed last time.'),
    reason: z
      .string()
      .max(1024)
      .optional()
      .describe('Of the first condition that is not as it should be, else Ready.'),
    sampleErrors: z
      .array(sampleError)
      .max(maxSampleErrors)
      .optional()
      .describe('Some of the failures, one of each kind; all of them are on the operator page /targets.'),
  })
  .describe('Written by the operator.')

export type ProfileTargetStatus = z.infer<typeof profileTargetStatus>
/** As it is read: any of these may have been written by another version. */
export type Condition = z.infer<typeof condition>
export type SampleError = z.infer<typeof sampleError>
