import type { DropCode } from './decision.ts'
import { defaultContainerAnnotation } from './keep-annotations.ts'
import type { ContainerView, PodView } from './pod-view.ts'
import { isProxy } from './proxies.ts'

export interface FoundPort {
  readonly port: number
  /** Whose port it is; undefined where several containers might listen and none says so. */
  readonly container: ContainerView | undefined
  /** For a person: `is named pprof by container app`. */
  readonly why: string
}

export interface MissingPort {
  readonly code: DropCode
  readonly container: string
  readonly reason: string
}

export type Ports =
  | { readonly found: readonly FoundPort[]; readonly missing?: never }
  | { readonly missing: MissingPort; readonly found?: never }

/**
 * The ports that are meant: by number, declared or not; by name, once for each container that has it; or, where
 * nothing is said, the one that looks like pprof. `containers` narrows it down where it is not empty.
 */
export function findPorts(
  pod: PodView,
  {
    wanted,
    containers,
  }: { readonly wanted: number | string | undefined; readonly containers: readonly string[] },
): Ports {
  const running = pod.containers.filter(isCandidate)
  for (const name of containers) {
    if (running.some((container) => container.name === name)) continue
    const other = pod.containers.find((container) => container.name === name)
    return other === undefined
      ? lack('NoSuchContainer', name, `there is no container ${quote(name)}: the pod has ${namesOf(running)}`)
      : lack('PortOfInitContainer', name, `container ${quote(name)} ${kindText(other)}, so it is no target`)
  }
  const chosen = containers.length === 0 ? running : running.filter(({ name }) => containers.includes(name))
  if (wanted === undefined) return guess(pod, chosen, containers.length > 0)
  const number = typeof wanted === 'number' ? wanted : /^\d{1,5}$/.test(wanted) ? Number(wanted) : undefined
  return number === undefined
    ? byName(pod, chosen, String(wanted))
    : byNumber(pod, number, { running, chosen, isNarrowed: containers.length > 0 })
}

/** The ports that the pod declares, for a message: `app 8080 (http), 9090; istio-proxy 15090, a proxy`. */
export function describePorts(pod: PodView): string {
  const parts = pod.containers.filter(isCandidate).flatMap((container) => {
    const ports = container.ports.slice(0, 8).map(({ port, name, protocol }) => {
      const notes = [name, protocol === 'TCP' ? '' : protocol].filter((note) => note !== '').join(', ')
      return notes === '' ? `${port}` : `${port} (${notes})`
    })
    if (ports.length === 0) return []
    return [`${container.name} ${ports.join(', ')}${isProxy(container) ? ', a proxy' : ''}`]
  })
  return parts.length === 0 ? 'no ports' : parts.slice(0, 8).join('; ')
}

function isCandidate({ kind }: ContainerView): boolean {
  return kind === 'container' || kind === 'sidecar'
}

function byName(pod: PodView, chosen: readonly ContainerView[], name: string): Ports {
  const found = tcpPorts(chosen)
    .filter(({ declared }) => declared.name === name)
    .map(({ container, declared }) => ({
      port: declared.port,
      container,
      why: `is named ${name} by container ${container.name}`,
    }))
  if (found.length > 0) return { found: oncePerNumber(found) }
  const init = pod.containers.find(
    (container) => !isCandidate(container) && container.ports.some((port) => port.name === name),
  )
  if (init !== undefined) return ofInit(init, name)
  const other = chosen.flatMap(({ ports }) => ports).find((port) => port.name === name)
  const hint = other === undefined ? '' : `; ${name} is ${other.protocol}, want TCP`
  return lack(
    'NoSuchPort',
    '',
    `no container names a port ${quote(name)}: the pod has ${describePorts(pod)}${hint}`,
  )
}

function byNumber(
  pod: PodView,
  port: number,
  from: {
    readonly running: readonly ContainerView[]
    readonly chosen: readonly ContainerView[]
    readonly isNarrowed: boolean
  },
): Ports {
  const declares = (container: ContainerView) =>
    container.ports.some((p) => p.port === port && p.protocol === 'TCP')
  const own = preferPrograms(from.chosen.filter(declares))
  if (own !== undefined)
    return { found: [{ port, container: own, why: `is declared by container ${own.name}` }] }
  const other = from.running.find(declares)
  if (other !== undefined) {
    const reason = `port ${port} is of container ${other.name}, not of ${namesOf(from.chosen)}`
    return lack('NoSuchPort', other.name, reason)
  }
  const init = pod.containers.find((container) => !isCandidate(container) && declares(container))
  if (init !== undefined && !from.isNarrowed) return ofInit(init, `${port}`)
  const container = listenerOf(pod, from.chosen)
  const whose = container === undefined ? 'no container' : `container ${container.name}`
  return { found: [{ port, container, why: `is not declared, and taken for one of ${whose}` }] }
}

/** Who listens on a port that nobody declares: the only one that can, or the one that the pod calls its main one. */
function listenerOf(pod: PodView, chosen: readonly ContainerView[]): ContainerView | undefined {
  const programs = chosen.filter((container) => !isProxy(container))
  const candidates = programs.length > 0 ? programs : chosen
  if (candidates.length === 1) return candidates[0]
  const main = pod.annotations[defaultContainerAnnotation]
  return candidates.find(({ name }) => name === main)
}

function guess(pod: PodView, chosen: readonly ContainerView[], isNamed: boolean): Ports {
  const programs = isNamed ? chosen : chosen.filter((container) => !isProxy(container))
  const ports = tcpPorts(programs)
  for (const [isMeant, what] of guesses) {
    const found = ports.filter(({ declared }) => isMeant(declared.name))
    if (found.length === 0) continue
    return {
      found: oncePerNumber(
        found.map(({ container, declared }) => ({
          port: declared.port,
          container,
          why: `is named ${declared.name} by container ${container.name}, as ${what}`,
        })),
      ),
    }
  }
  const numbers = oncePerNumber(
    ports.map(({ container, declared }) => ({
      port: declared.port,
      container,
      why: `is the only TCP port of ${namesOf(programs)}`,
    })),
  )
  if (numbers.length === 1) return { found: numbers }
  const wanted = 'say which, or name one pprof'
  if (numbers.length > 1) {
    return lack('AmbiguousPort', '', `several ports might be meant: ${describePorts(pod)}; ${wanted}`)
  }
  const proxies = chosen.filter((container) => isProxy(container) && tcpPorts([container]).length > 0)
  if (!isNamed && proxies.length > 0) {
    const reason = `only proxies declare ports, which are never guessed: ${describePorts(pod)}; say which`
    return lack('ProxyNotGuessed', proxies[0]!.name, reason)
  }
  const none = isNamed ? `${namesOf(programs)} declares no TCP port` : 'no container declares a TCP port'
  return lack('NoPort', '', `${none}: the pod has ${describePorts(pod)}; ${wanted}`)
}

const guesses: readonly (readonly [(name: string) => boolean, string])[] = [
  [(name) => name === 'pprof' || name.endsWith('-pprof'), 'pprof ports are'],
  [(name) => name === 'debug', 'ports for debugging are'],
]

function tcpPorts(containers: readonly ContainerView[]) {
  return containers.flatMap((container) =>
    container.ports.filter(({ protocol }) => protocol === 'TCP').map((declared) => ({ container, declared })),
  )
}

/** Containers of a pod share one network, so a number is one port however often it is declared. */
function oncePerNumber(ports: readonly (FoundPort & { readonly container: ContainerView })[]): FoundPort[] {
  return [...Map.groupBy(ports, ({ port }) => port).values()].map((same) => {
    const owner = preferPrograms(same.map(({ container }) => container))
    return same.find(({ container }) => container === owner)!
  })
}

function preferPrograms(containers: readonly ContainerView[]): ContainerView | undefined {
  return containers.find((container) => !isProxy(container)) ?? containers[0]
}

function ofInit(container: ContainerView, port: string): Ports {
  const reason = `port ${port} is of container ${container.name}, which ${kindText(container)}; name another container if that listens too`
  return lack('PortOfInitContainer', container.name, reason)
}

function kindText({ kind }: ContainerView): string {
  return kind === 'ephemeral' ? 'is there for debugging' : 'runs once, before the others'
}

function lack(code: DropCode, container: string, reason: string): Ports {
  return { missing: { code, container, reason } }
}

function namesOf(containers: readonly { readonly name: string }[]): string {
  return containers.length === 0 ? 'none' : containers.map(({ name }) => name).join(', ')
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 128))
}
