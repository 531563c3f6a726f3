import { z } from 'zod'
import { knownTypes } from '../../collector/config/profile-types.ts'
import { celList, matchesPattern, withRules } from './cel-rule.ts'
import { listBy, text } from './text-schema.ts'

/** A path of a URL without query; `%` where it escapes. */
export const pathPattern = "^/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$"

const untimed = Object.keys(knownTypes).filter((type) => knownTypes[type]?.seconds === undefined)

export const profileSettings = withRules(
  z.strictObject({
    type: withRules(text(63), [
      matchesPattern(
        '^[a-zA-Z_][a-zA-Z0-9_.-]*$',
        'is no profile type: want letters, digits, _, . and -, such as heap',
      ),
    ]).describe(
      'The profile type: allocs, block, cpu (or profile), goroutine, heap, mutex, threadcreate, trace, or a name of your own for whatever pprof the path answers.',
    ),
    enabled: z
      .boolean()
      .default(true)
      .describe('False turns off a type that is on by default: block, cpu, goroutine, heap and mutex are.'),
    path: withRules(text(512), [
      matchesPattern(pathPattern, 'is no path: want / first, and no ?, # or space'),
      {
        cel: "!self.contains('..')",
        holds: (self) => !self.includes('..'),
        message: 'want a path without ..',
      },
    ])
      .optional()
      .describe('Below pathPrefix. /debug/pprof/<type> without it, and /debug/pprof/profile for cpu.'),
    seconds: z
      .int()
      .min(1)
      .max(300)
      .optional()
      .describe(
        'How long the process collects, for types that take time: 10 for cpu and 1 for trace without it.',
      ),
  }),
  [
    {
      cel: `!has(self.seconds) || !(self.type in ${celList(untimed)})`,
      holds: ({ type, seconds }) => seconds === undefined || !untimed.includes(type),
      message: {
        cel: "self.type + ' takes no time: with seconds Go answers a difference instead'",
        text: ({ type }) => `${type} takes no time: with seconds Go answers a difference instead`,
      },
      fieldPath: '.seconds',
    },
  ],
)

export type ProfileSettings = z.infer<typeof profileSettings>

/** With the five that are on by default these are as many types as a ScrapeConfig holds. */
const maxProfiles = 15

export const profileList = withRules(listBy('type', profileSettings, { maxItems: maxProfiles }), [
  {
    cel: "!self.exists(p, p.type == 'cpu') || !self.exists(p, p.type == 'profile')",
    holds: (self) => !self.some(({ type }) => type === 'cpu') || !self.some(({ type }) => type === 'profile'),
    message: 'profile is the same as cpu, which is there already',
  },
])

/** How long a type takes where nothing else is said; undefined for one that takes no time. */
export function defaultSeconds(type: string): number | undefined {
  const known = type === 'profile' ? 'cpu' : type
  return Object.hasOwn(knownTypes, known) ? knownTypes[known]?.seconds : undefined
}
