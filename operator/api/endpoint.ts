import { z } from 'zod'
import { spareMs } from '../../collector/config/profile-types.ts'
import { parseDuration } from '../../lib/duration.ts'
import { celText, matchesPattern, type Rule, withRules } from './cel-rule.ts'
import { defaultSeconds, type ProfileSettings, pathPattern, profileList } from './profile-settings.ts'
import { relabeling } from './relabeling.ts'
import { authorization, basicAuth, tls } from './secret-fields.ts'
import {
  celIsDuration,
  dnsLabel,
  duration,
  isDuration,
  keysRule,
  listBy,
  mapOf,
  text,
} from './text-schema.ts'

const portName =
  'want a number, or the name of a port: at most 15 lower-case letters, digits and -, such as http-pprof'

/** Short rules: the API server knows no bound of an int-or-string, and takes the cost of a long one for too much. */
const port = withRules(
  z
    .union([z.int(), text(15)], { error: 'want a number or the name of a port' })
    .meta({ 'x-kubernetes-int-or-string': true, maxLength: 15 }),
  [
    {
      cel: 'type(self) != int || (self >= 1 && self <= 65535)',
      holds: (self) => typeof self !== 'number' || (self >= 1 && self <= 65_535),
      message: 'want a number from 1 to 65535',
    },
    {
      cel: "type(self) != string || !self.matches('^[0-9]+$')",
      holds: (self) => typeof self !== 'string' || !/^[0-9]+$/.test(self),
      message: 'a number is written without quotes',
    },
    {
      cel: "type(self) != string || (size(self) > 0 && !self.matches('[^-a-z0-9]'))",
      holds: (self) => typeof self !== 'string' || (self !== '' && !/[^-a-z0-9]/.test(self)),
      message: portName,
    },
    {
      cel: "type(self) != string || !(self.startsWith('-') || self.endsWith('-') || self.contains('--'))",
      holds: (self) =>
        typeof self !== 'string' || !(self.startsWith('-') || self.endsWith('-') || self.includes('--')),
      message: `${portName}, without -- and with no - at the ends`,
    },
  ],
)

const pathPrefix = withRules(text(256), [
  matchesPattern(`^$|${pathPattern}`, 'is no prefix of a path: want / first, as /app, and no ?, # or space'),
  { cel: "!self.contains('..')", holds: (self) => !self.includes('..'), message: 'want a path without ..' },
  {
    cel: "!self.endsWith('/')",
    holds: (self) => !self.endsWith('/'),
    message: 'want no / at the end, since the paths of profiles begin with one',
  },
])

const paramPattern = '^[a-zA-Z0-9][a-zA-Z0-9._-]*$'
const paramRegex = new RegExp(paramPattern)

const params = withRules(mapOf(z.array(text(1024)).max(16), 16), [
  keysRule({
    cel: `size(key) <= 64 && key.matches(${celText(paramPattern)})`,
    holds: (key) => key.length <= 64 && paramRegex.test(key),
    message: 'is no name of a parameter: want at most 64 letters, digits, ., _ and -',
  }),
  keysRule({
    cel: "key != 'seconds'",
    holds: (key) => key !== 'seconds',
    message: 'belongs to a type: profiles[].seconds',
  }),
])

const intervalBounds = { min: '5s', max: '24h' }
const timeoutBounds = { min: '100ms', max: '5m' }
const defaultTimeout = '10s'

const fields = z.strictObject({
  name: dnsLabel
    .default('default')
    .describe('Tells the endpoints of a ProfileTarget apart, in its status and in messages.'),
  port: port.describe(
    'Where pprof is served: the number of a port, declared by the pod or not, or the name of a declared one.',
  ),
  container: dnsLabel
    .optional()
    .describe('The container that serves it; what owns the port without it. Needed where two could.'),
  scheme: z.enum(['http', 'https']).default('http').describe('http or https.'),
  pathPrefix: pathPrefix.default('').describe('Goes before the path of every profile, as /app.'),
  interval: duration(intervalBounds)
    .default('60s')
    .describe(
      'From one scrape of a profile type to the next, 5s to 24h. Types that take time take turns: their seconds together and 5 s to spare must fit.',
    ),
  timeout: duration(timeoutBounds)
    .default(defaultTimeout)
    .describe(
      'For a scrape, beside the seconds of a type that takes time; at most the interval, to which the default is shortened.',
    ),
  profiles: profileList
    .optional()
    .describe(
      'Changes to what is scraped: block, cpu (10 s long), goroutine, heap and mutex are on without it, and stay on unless they are listed with enabled: false.',
    ),
  params: params
    .optional()
    .describe('Parameters of every request, each with its values. Not seconds: those belong to a type.'),
  authorization: authorization.optional().describe('Sent with every request. Not together with basicAuth.'),
  basicAuth: basicAuth.optional().describe('Sent with every request. Not together with authorization.'),
  tls: tls.optional().describe('For scheme https.'),
  tlsConfig: tls.optional().describe('Another name of tls, as in a PodMonitor.'),
  relabelings: z
    .array(relabeling)
    .max(50)
    .optional()
    .describe(
      'Rules on the labels of each target, applied in order, as in Prometheus. Labels that say who a profile belongs to (namespace, pod, container, node, workload, profile_type) come out as they went in.',
    ),
})

type Fields = z.infer<typeof fields>

/** In CEL, of the profile `p`: how long it takes, 0 where it takes no time or is off. */
const celSeconds =
  "(!p.enabled ? 0 : has(p.seconds) ? p.seconds : p.type in ['cpu', 'profile'] ? 10 : p.type == 'trace' ? 1 : 0)"
/** In seconds; cpu takes its ten where the list does not name it. */
const celNeeded = `(has(self.profiles) ? self.profiles.map(p, ${celSeconds}).sum() + (self.profiles.exists(p, p.type in ['cpu', 'profile']) ? 5 : 15) : 15)`

const needsMore = [
  'the seconds of the types that are on (cpu takes 10 unless told otherwise) and 5 to spare do not fit into interval ',
  ': lower seconds, turn types off by enabled: false, or raise interval',
] as const

const timedFits: Rule<Fields> = {
  cel: `!(${celIsDuration('self.interval', intervalBounds)}) || ${celNeeded} <= duration(self.interval).getSeconds()`,
  holds: (self) =>
    !isDuration(self.interval, intervalBounds) || neededSeconds(self) * 1000 <= parseDuration(self.interval),
  message: {
    // The sum would help, but a number in a message costs more than the API server allows for one.
    cel: `'${needsMore[0]}' + self.interval + '${needsMore[1]}'`,
    text: ({ interval }) => needsMore.join(interval),
  },
  fieldPath: '.interval',
}

export const endpoint = withRules(fields, [
  {
    cel: '!has(self.authorization) || !has(self.basicAuth)',
    holds: ({ authorization, basicAuth }) => authorization === undefined || basicAuth === undefined,
    message: 'a request has one kind of authorization: leave out authorization or basicAuth',
    fieldPath: '.basicAuth',
  },
  {
    cel: '!has(self.tls) || !has(self.tlsConfig)',
    holds: ({ tls, tlsConfig }) => tls === undefined || tlsConfig === undefined,
    message: 'the same as tls, which is there already',
    fieldPath: '.tlsConfig',
  },
  {
    cel: "!has(self.tls) || self.scheme == 'https'",
    holds: ({ tls, scheme }) => tls === undefined || scheme === 'https',
    message: 'needs scheme: https',
    fieldPath: '.tls',
  },
  {
    cel: "!has(self.tlsConfig) || self.scheme == 'https'",
    holds: ({ tlsConfig, scheme }) => tlsConfig === undefined || scheme === 'https',
    message: 'needs scheme: https',
    fieldPath: '.tlsConfig',
  },
  {
    // The default is let through: nobody wrote it, and the operator shortens it to the interval.
    cel: `self.timeout == '${defaultTimeout}' || !(${celIsDuration('self.timeout', timeoutBounds)}) || !(${celIsDuration('self.interval', intervalBounds)}) || duration(self.timeout) <= duration(self.interval)`,
    holds: ({ timeout, interval }) =>
      timeout === defaultTimeout ||
      !isDuration(timeout, timeoutBounds) ||
      !isDuration(interval, intervalBounds) ||
      parseDuration(timeout) <= parseDuration(interval),
    message: {
      cel: "'timeout ' + self.timeout + ' is longer than interval ' + self.interval",
      text: ({ timeout, interval }) => `timeout ${timeout} is longer than interval ${interval}`,
    },
    fieldPath: '.timeout',
  },
  timedFits,
])

export const endpointList = listBy('name', endpoint, { minItems: 1, maxItems: 10 })

export type Endpoint = z.infer<typeof endpoint>

/** How long one round of the types that take time takes, each after the other. */
function neededSeconds({
  profiles = [],
}: {
  readonly profiles?: readonly ProfileSettings[] | undefined
}): number {
  const hasCpu = profiles.some(({ type }) => type === 'cpu' || type === 'profile')
  const all = hasCpu ? profiles : [...profiles, { type: 'cpu', enabled: true }]
  const seconds = all.map((profile) => (profile.enabled ? secondsOf(profile) : 0))
  return seconds.reduce((sum, each) => sum + each, spareMs / 1000)
}

function secondsOf({
  type,
  seconds,
}: {
  readonly type: string
  readonly seconds?: number | undefined
}): number {
  return seconds ?? defaultSeconds(type) ?? 0
}
