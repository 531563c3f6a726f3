import { z } from 'zod'
import { protectedLabels } from '../../collector/config/scrape-config-resource.ts'
import { celList, celText, withRules } from './cel-rule.ts'
import { endpointList } from './endpoint.ts'
import { isEmptySelector, labelSelector, namespaceSelector } from './label-selector.ts'
import { keysRule, labelKey, labelNamePattern, mapOf, setOf, text } from './text-schema.ts'

export type { Endpoint } from './endpoint.ts'
export type { LabelSelector, NamespaceSelector } from './label-selector.ts'
export type { ProfileSettings } from './profile-settings.ts'
export type { Relabeling } from './relabeling.ts'
export type { SecretKeyRef } from './secret-fields.ts'

/** `ProfileTarget`, `conprof.io/v1alpha1`: what a team applies beside its workload. Shapes are PodMonitor's where it has them. */
export const group = 'conprof.io'
export const version = 'v1alpha1'

const labelNameRegex = new RegExp(labelNamePattern)
const isProtected = `in ${celList(protectedLabels)}`
const protectedMessage = 'is protected: it says who a profile belongs to'

const labels = withRules(mapOf(text(1024), 32), [
  keysRule({
    cel: `size(key) <= 128 && key.matches(${celText(labelNamePattern)}) && !key.startsWith('__')`,
    holds: (key) => key.length <= 128 && labelNameRegex.test(key) && !key.startsWith('__'),
    message: 'is no label name: want at most 128 letters, digits and _, not beginning with __',
  }),
  keysRule({
    cel: `key.startsWith('__') || !(key ${isProtected})`,
    holds: (key) => key.startsWith('__') || !protectedLabels.includes(key),
    message: protectedMessage,
  }),
])

const podLabel = withRules(labelKey, [
  {
    cel: `!(self ${isProtected})`,
    holds: (self) => !protectedLabels.includes(self),
    message: protectedMessage,
  },
])

export const profileTargetSpec = withRules(
  z.strictObject({
    selector: labelSelector.describe(
      'Which pods, by their labels. An empty one, {}, selects all pods of the namespaces.',
    ),
    namespaceSelector: namespaceSelector
      .optional()
      .describe(
        "Which namespaces the pods are in. The ProfileTarget's own without it, and where it is empty; others only where the operator runs with --allow-cross-namespace.",
      ),
    endpoints: endpointList.describe('Where the pods serve pprof, and what is scraped there.'),
    podTargetLabels: setOf(podLabel, 32)
      .optional()
      .describe(
        'Labels of the pod that become labels of its profiles. Characters that are no letters, digits or _ become _.',
      ),
    labels: labels.optional().describe('Labels for all profiles, such as service_name or team.'),
    limits: z
      .strictObject({
        maxTargets: z
          .int()
          .min(0)
          .max(100_000)
          .default(0)
          .describe('How many targets at most, the oldest pods first; 0 is no limit.'),
      })
      .optional()
      .describe('Protects against a selector that finds more than was meant.'),
    mesh: z
      .enum(['auto', 'direct', 'skip'])
      .default('auto')
      .describe(
        'Pods of a service mesh: auto scrapes them and says what to change where the mesh refuses, direct takes no notice of the mesh, skip leaves them out.',
      ),
    suspend: z.boolean().default(false).describe('True stops all scraping; the ProfileTarget stays.'),
  }),
  [
    {
      cel: '!has(self.namespaceSelector) || !has(self.namespaceSelector.any) || !self.namespaceSelector.any || (has(self.selector.matchLabels) && size(self.selector.matchLabels) > 0) || (has(self.selector.matchExpressions) && size(self.selector.matchExpressions) > 0)',
      holds: (self) => self.namespaceSelector?.any !== true || !isEmptySelector(self.selector),
      message:
        'empty, with namespaceSelector.any: that is every pod of the cluster, so select some by their labels',
      fieldPath: '.selector',
    },
  ],
)

export type ProfileTargetSpec = z.infer<typeof profileTargetSpec>
