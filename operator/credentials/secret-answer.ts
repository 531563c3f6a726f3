import { z } from 'zod'

/** A Secret as the API server gives it, as far as it is looked at. */
const secretObject = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).optional() }),
  data: z.record(z.string(), z.string()).optional(),
})

/** Why a credential cannot be used. The codes are reasons of the condition Accepted, but for `SecretUnread`. */
export interface CredentialsProblem {
  readonly code: 'SecretUnread' | 'SecretForbidden' | 'SecretNotAllowed' | 'SecretNotFound' | 'SecretTooLarge'
  /** One line for a person, with the command that helps; never a value. */
  readonly message: string
}

/** What is known of a Secret. */
export type SecretAnswer =
  | {
      readonly kind: 'readable'
      /** All that there are, sorted. */
      readonly keys: readonly string[]
      /** In base64, of the keys that were asked for. */
      readonly values: ReadonlyMap<string, string>
      /** Bytes of each key that is beyond `maxValueBytes`, and so has no value here. */
      readonly tooLarge: ReadonlyMap<string, number>
    }
  | { readonly kind: 'problem'; readonly problem: CredentialsProblem }

export interface SecretName {
  readonly namespace: string
  readonly name: string
}

/** A Secret may be used where its owner wrote this annotation, `"true"`, on it. */
export const allowAnnotation = 'conprof.io/allow'
/** The ClusterRole that an administrator binds in a namespace. */
export const secretsRole = 'conprof-target-secrets'
export const maxValueBytes = 64 * 1024

/** Keeps of a Secret only what was asked for. */
export function readSecret(object: unknown, secret: SecretName, keys: ReadonlySet<string>): SecretAnswer {
  const { metadata, data = {} } = secretObject.parse(object)
  if (metadata.annotations?.[allowAnnotation] !== 'true') return problem(notAllowed(secret))
  const values = new Map<string, string>()
  const tooLarge = new Map<string, number>()
  for (const [key, value] of Object.entries(data)) {
    if (!keys.has(key)) continue
    const sizeBytes = Buffer.byteLength(value, 'base64')
    if (sizeBytes > maxValueBytes) tooLarge.set(key, sizeBytes)
    else values.set(key, value)
  }
  return { kind: 'readable', keys: Object.keys(data).sort(), values, tooLarge }
}

export function isSameAnswer(a: SecretAnswer | undefined, b: SecretAnswer): boolean {
  if (a === undefined || a.kind !== b.kind) return false
  if (a.kind === 'problem') return b.kind === 'problem' && a.problem.message === b.problem.message
  return (
    b.kind === 'readable' &&
    a.keys.join('\n') === b.keys.join('\n') &&
    isSameMap(a.values, b.values) &&
    isSameMap(a.tooLarge, b.tooLarge)
  )
}

function isSameMap<Value>(a: ReadonlyMap<string, Value>, b: ReadonlyMap<string, Value>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}

/** What keeps one key of it from being used; undefined where nothing does. */
export function problemOfKey(
  answer: SecretAnswer | undefined,
  secret: SecretName,
  key: string,
): CredentialsProblem | undefined {
  const where = nameOf(secret)
  if (answer === undefined) {
    return { code: 'SecretUnread', message: `${where} has not been read yet: the API server did not answer` }
  }
  if (answer.kind === 'problem') return answer.problem
  if (answer.values.has(key)) return undefined
  const sizeBytes = answer.tooLarge.get(key)
  if (sizeBytes !== undefined) {
    return {
      code: 'SecretTooLarge',
      message: `${where}: key ${JSON.stringify(key)} has ${sizeBytes} bytes, want at most ${maxValueBytes}`,
    }
  }
  if (answer.keys.includes(key)) return { code: 'SecretUnread', message: `${where} is being read again` }
  const there = answer.keys.slice(0, maxNames).join(', ') || 'no keys'
  const more = answer.keys.length > maxNames ? ` and ${answer.keys.length - maxNames} more` : ''
  return {
    code: 'SecretNotFound',
    message: `${where} has no key ${JSON.stringify(key)}; it has: ${there}${more}`,
  }
}

const maxNames = 20

/** `serviceAccount` is who we are by configuration; the API server's words, where they say it, are surer. */
export function forbidden(secret: SecretName, serviceAccount: SecretName, words = ''): SecretAnswer {
  const [, user = ''] = /User "([-\w.:@/]+)" cannot/.exec(words) ?? []
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? []
  const account =
    name === undefined ? `${serviceAccount.namespace}:${serviceAccount.name}` : `${namespace}:${name}`
  const subject = user === '' || name !== undefined ? `--serviceaccount=${account}` : `--user=${user}`
  const command = `kubectl create rolebinding ${secretsRole} --clusterrole=${secretsRole} ${subject} -n ${secret.namespace}`
  return problem({
    code: 'SecretForbidden',
    message: `${nameOf(secret)} may not be read by conprof; an administrator allows it with: ${command}`,
  })
}

export function notFound(secret: SecretName): SecretAnswer {
  return problem({
    code: 'SecretNotFound',
    message: `${nameOf(secret)} is not there; create it with the annotation ${allowAnnotation}: "true", or correct the name in spec.endpoints`,
  })
}

function notAllowed(secret: SecretName): CredentialsProblem {
  const command = `kubectl annotate secret ${secret.name} ${allowAnnotation}=true -n ${secret.namespace}`
  return {
    code: 'SecretNotAllowed',
    message: `${nameOf(secret)} lacks the annotation ${allowAnnotation}: "true"; its owner allows conprof to use it with: ${command}`,
  }
}

function problem(found: CredentialsProblem): SecretAnswer {
  return { kind: 'problem', problem: found }
}

function nameOf({ namespace, name }: SecretName): string {
  return `Secret ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)}`
}
