import type { PlannedGroup } from './decision.ts'
import type { NamespaceView, PodView } from './pod-view.ts'

export const meshNames = ['istio', 'istio-ambient', 'linkerd', 'consul', 'kuma'] as const
export type MeshName = (typeof meshNames)[number]

/** The mesh that takes the pod's traffic; undefined where none is seen. */
export function detectMesh(pod: PodView, namespace: NamespaceView | undefined): MeshName | undefined {
  // The host's network is nobody's to redirect.
  if (pod.isHostNetwork) return undefined
  const has = (test: (name: string) => boolean) =>
    pod.containers.some(
      ({ name, kind }) => (kind === 'container' || kind === 'sidecar') && test(name.slice(0, 63)),
    )
  const { annotations } = pod
  if (has((name) => name === 'istio-proxy') || annotations['sidecar.istio.io/status'] !== undefined) {
    return 'istio'
  }
  if (has((name) => name === 'linkerd-proxy') || annotations['linkerd.io/proxy-version'] !== undefined) {
    return 'linkerd'
  }
  if (
    has((name) => /^(?:consul-dataplane(?:-.+)?|consul-connect-envoy-sidecar)$/.test(name)) ||
    annotations['consul.hashicorp.com/connect-inject-status'] === 'injected'
  ) {
    return 'consul'
  }
  if (has((name) => name === 'kuma-sidecar') || annotations['kuma.io/sidecar-injected'] === 'true') {
    return 'kuma'
  }
  const mode = pod.labels['istio.io/dataplane-mode'] ?? namespace?.labels['istio.io/dataplane-mode']
  return mode === 'ambient' ? 'istio-ambient' : undefined
}

/**
 * What to write so that the mesh lets a plaintext scrape of this port through. Undefined where the pod says already
 * that the mesh leaves the port alone: then a refusal has another cause.
 */
export function remedyOf(pod: PodView, mesh: MeshName, port: number): PlannedGroup['mesh'] {
  if (mesh === 'istio-ambient') {
    if (pod.annotations['ambient.istio.io/bypass-inbound-capture'] === 'true') return undefined
    return {
      name: mesh,
      remedy: `create a PeerAuthentication that selects the pod, with portLevelMtls: {${port}: {mode: PERMISSIVE}}`,
    }
  }
  const included = pod.annotations[istioIncluded]?.trim()
  if (mesh === 'istio' && included !== undefined && included !== '*' && !listsPort(included, port)) {
    return undefined
  }
  const key = exclusionKeys[mesh]
  const present = (pod.annotations[key] ?? '')
    .split(',')
    .map((port) => port.trim())
    .filter((port) => port !== '')
    .join(',')
  if (listsPort(present, port)) return undefined
  // A list that was cut off when it was read would come back shorter.
  if (present.length > 200) {
    return { name: mesh, remedy: `add ${port} to the annotation ${key} in the pod template` }
  }
  const merged = present === '' ? `${port}` : `${present},${port}`
  return { name: mesh, remedy: `annotate the pod template with ${key}: "${merged}"` }
}

/** `8080`, `8080,9090`, and for Linkerd `8000-9000`. */
function listsPort(list: string, port: number): boolean {
  return list.split(',').some((item) => {
    const [, from, to = from] = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(item.slice(0, 20)) ?? []
    return from !== undefined && port >= Number(from) && port <= Number(to)
  })
}

const istioIncluded = 'traffic.sidecar.istio.io/includeInboundPorts'
const exclusionKeys = {
  istio: 'traffic.sidecar.istio.io/excludeInboundPorts',
  linkerd: 'config.linkerd.io/skip-inbound-ports',
  consul: 'consul.hashicorp.com/transparent-proxy-exclude-inbound-ports',
  kuma: 'traffic.kuma.io/exclude-inbound-ports',
} as const
