import { z } from 'zod'
import { celText, withRules } from './cel-rule.ts'
import {
  dnsLabel,
  keysRule,
  labelKey,
  labelValue,
  mapOf,
  qualifiedNamePattern,
  setOf,
} from './text-schema.ts'

const qualifiedName = new RegExp(qualifiedNamePattern)

const matchLabels = withRules(mapOf(labelValue, 32), [
  keysRule({
    cel: `size(key) <= 317 && key.matches(${celText(qualifiedNamePattern)})`,
    holds: (key) => key.length <= 317 && qualifiedName.test(key),
    message: 'is no key of a Kubernetes label: want one such as app or example.com/team',
  }),
]).describe('Labels with the values that they must have, all of them.')

const matchExpressions = z
  .array(
    withRules(
      z.strictObject({
        key: labelKey.describe('The label.'),
        operator: z
          .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
          .describe(
            'How the label is compared: In and NotIn with values, Exists and DoesNotExist without. A pod without the label passes NotIn.',
          ),
        values: z.array(labelValue).max(100).optional().describe('For In and NotIn.'),
      }),
      [
        {
          cel: "!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)",
          holds: ({ operator, values = [] }) =>
            !(operator === 'In' || operator === 'NotIn') || values.length > 0,
          message: 'In and NotIn need values',
          fieldPath: '.values',
        },
        {
          cel: "!(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || size(self.values) == 0",
          holds: ({ operator, values = [] }) =>
            !(operator === 'Exists' || operator === 'DoesNotExist') || values.length === 0,
          message: 'Exists and DoesNotExist take no values',
          fieldPath: '.values',
        },
      ],
    ),
  )
  .max(32)
  .describe('Conditions on labels, all of which must hold.')

/** As everywhere in Kubernetes; an empty one selects everything. */
export const labelSelector = z
  .strictObject({ matchLabels: matchLabels.optional(), matchExpressions: matchExpressions.optional() })
  .meta({ 'x-kubernetes-map-type': 'atomic' })

const isLabelled =
  '((has(self.matchLabels) && size(self.matchLabels) > 0) || (has(self.matchExpressions) && size(self.matchExpressions) > 0))'
const isNamed = '(has(self.matchNames) && size(self.matchNames) > 0)'
const isAny = '(has(self.any) && self.any)'

/** An empty one is none: the ProfileTarget's own namespace, as in a PodMonitor. */
export const namespaceSelector = withRules(
  z
    .strictObject({
      any: z.boolean().optional().describe('All namespaces.'),
      matchNames: setOf(dnsLabel, 100).optional().describe('The namespaces with these names.'),
      matchLabels: matchLabels.optional().describe('The namespaces with these labels, all of them.'),
      matchExpressions: matchExpressions
        .optional()
        .describe('The namespaces whose labels meet these conditions, all of them.'),
    })
    .meta({ 'x-kubernetes-map-type': 'atomic' }),
  [
    {
      cel: `!${isAny} || (!${isNamed} && !${isLabelled})`,
      holds: (self) => self.any !== true || (!hasNames(self) && !hasLabels(self)),
      message: 'any is all namespaces already: leave out the other fields, or any',
      fieldPath: '.any',
    },
    {
      cel: `!${isNamed} || !${isLabelled}`,
      holds: (self) => !hasNames(self) || !hasLabels(self),
      message: 'takes either names or labels of namespaces, not both',
      fieldPath: '.matchNames',
    },
  ],
)

export type LabelSelector = z.infer<typeof labelSelector>
export type NamespaceSelector = z.infer<typeof namespaceSelector>

/** Whether it selects nothing less than everything. */
export function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0
}

function hasNames({ matchNames = [] }: { readonly matchNames?: readonly string[] | undefined }): boolean {
  return matchNames.length > 0
}

function hasLabels(selector: LabelSelector): boolean {
  return !isEmptySelector(selector)
}
