import { z } from 'zod'
import { protectedLabels } from '../../collector/config/scrape-config-resource.ts'
import { compileRelabelRegex, relabelActions } from '../../collector/relabel/relabel-rule.ts'
import { celList, celText, matchesPattern, withRules } from './cel-rule.ts'
import { labelNamePattern, text } from './text-schema.ts'

const labelNameRegex = new RegExp(labelNamePattern)
/**
 * A label name in which `$1` or `${name}` may stand for what the regex captured. The letters after the first of a bare
 * name are the loop's: read in two ways, they would take a long text that is none for ever.
 */
const templatePattern = '^(?:[a-zA-Z_]|\\$(?:\\{\\w+\\}|\\w))(?:\\w|\\$(?:\\{\\w+\\}|\\w))*$'
const templateRegex = new RegExp(templatePattern)

const sourceLabel = withRules(text(128), [
  matchesPattern(labelNamePattern, 'is no label name: want letters, digits and _'),
])

/** Labels beginning with __ that rules may write: notes of their own, and parameters of the request. */
const writablePattern = '^(__tmp|__param_)'
const writable = new RegExp(writablePattern)

const targetLabel = withRules(text(128), [
  matchesPattern(
    templatePattern,
    'is no label name: want letters, digits and _, or $1 for what the regex found',
  ),
  {
    cel: `!(self in ${celList(protectedLabels)})`,
    holds: (self) => !protectedLabels.includes(self),
    message: 'is protected: it says who a profile belongs to and where it is fetched',
  },
  {
    cel: `!self.startsWith('__') || self in ${celList(protectedLabels)} || self.matches(${celText(writablePattern)})`,
    holds: (self) => !self.startsWith('__') || protectedLabels.includes(self) || writable.test(self),
    message: 'of the labels that begin with __ only __tmp… and __param_… can be set',
  },
  {
    cel: "self != '__param_seconds'",
    holds: (self) => self !== '__param_seconds',
    message: 'seconds belong to a type: profiles[].seconds',
  },
])

const onlyRegex = ['labeldrop', 'labelkeep']
const onlyCompared = ['keepequal', 'dropequal']
const needsTarget = ['replace', 'hashmod', 'lowercase', 'uppercase', ...onlyCompared]

/** Prometheus's rules; what `createRelabelRule` refuses is refused here. */
export const relabeling = withRules(
  z.strictObject({
    action: z
      .enum(relabelActions)
      .default('replace')
      .describe("What to do, as in Prometheus's relabel_configs."),
    sourceLabels: z.array(sourceLabel).max(50).optional().describe('The labels whose values are joined.'),
    separator: text(128).optional().describe('Between the joined values; ; without it.'),
    regex: withRules(text(1024), [
      {
        // True of every expression that compiles; an error of the rule otherwise, which says why.
        cel: "''.find(self) == ''",
        holds: (self) => regexProblem(self) === undefined,
        message: 'want a regular expression of RE2',
        cause: (self) => regexProblem(self) ?? '',
      },
    ])
      .optional()
      .describe('An RE2 expression, anchored at both ends; (.*) without it.'),
    modulus: z.int().min(1).max(2_147_483_647).optional().describe('For hashmod.'),
    targetLabel: targetLabel
      .optional()
      .describe('The label that is written, or compared by keepequal and dropequal.'),
    replacement: text(1024).optional().describe('What is written; $1 without it.'),
  }),
  [
    {
      cel: `!(self.action in ${celList(needsTarget)}) || has(self.targetLabel)`,
      holds: (self) => !needsTarget.includes(self.action) || self.targetLabel !== undefined,
      message: {
        cel: "self.action + ' needs a targetLabel'",
        text: ({ action }) => `${action} needs a targetLabel`,
      },
      fieldPath: '.targetLabel',
    },
    {
      cel: `!(self.action in ${celList(needsTarget)}) || self.action == 'replace' || !has(self.targetLabel) || self.targetLabel.matches(${celText(labelNamePattern)})`,
      holds: ({ action, targetLabel = '_' }) =>
        !needsTarget.includes(action) || action === 'replace' || labelNameRegex.test(targetLabel),
      message: {
        cel: "self.action + ' takes a plain label name, without $'",
        text: ({ action }) => `${action} takes a plain label name, without $`,
      },
      fieldPath: '.targetLabel',
    },
    {
      cel: "self.action != 'hashmod' || has(self.modulus)",
      holds: ({ action, modulus }) => action !== 'hashmod' || modulus !== undefined,
      message: 'hashmod needs a modulus',
      fieldPath: '.modulus',
    },
    {
      cel: `self.action != 'labelmap' || !has(self.replacement) || self.replacement.matches(${celText(templatePattern)})`,
      holds: ({ action, replacement = '$1' }) => action !== 'labelmap' || templateRegex.test(replacement),
      message: 'labelmap takes a label name, such as $1 or team_$1',
      fieldPath: '.replacement',
    },
    {
      cel: `!(self.action in ${celList(onlyRegex)}) || !(has(self.sourceLabels) || has(self.separator) || has(self.modulus) || has(self.targetLabel) || has(self.replacement))`,
      holds: ({ action, regex: _, ...others }) => !onlyRegex.includes(action) || isEmpty(others),
      message: {
        cel: "self.action + ' takes a regex only'",
        text: ({ action }) => `${action} takes a regex only`,
      },
    },
    {
      cel: `!(self.action in ${celList(onlyCompared)}) || !(has(self.separator) || has(self.regex) || has(self.modulus) || has(self.replacement))`,
      holds: ({ action, sourceLabels: _, targetLabel: __, ...others }) =>
        !onlyCompared.includes(action) || isEmpty(others),
      message: {
        cel: "self.action + ' takes sourceLabels and targetLabel only'",
        text: ({ action }) => `${action} takes sourceLabels and targetLabel only`,
      },
    },
  ],
)

export type Relabeling = z.infer<typeof relabeling>

function regexProblem(pattern: string): string | undefined {
  try {
    compileRelabelRegex(pattern)
    return undefined
  } catch (error) {
    // It quotes the expression first, which stands before this already.
    return (error as Error).message.slice(`regular expression ${JSON.stringify(pattern)}: `.length)
  }
}

function isEmpty(fields: object): boolean {
  return Object.values(fields).every((value) => value === undefined)
}
