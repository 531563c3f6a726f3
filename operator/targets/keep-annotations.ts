/** Annotations of a pod or namespace that somebody here reads. */
function keepsAnnotation(key: string): boolean {
  return (
    key.startsWith(ownPrefix) ||
    key.startsWith(grafanaPrefix) ||
    key === defaultContainerAnnotation ||
    meshAnnotations.has(key) ||
    presenceAnnotations.has(key)
  )
}

/**
 * What is kept of them: those that are read, each cut off where it is too long to be right, so that no tenant can
 * fill the operator's memory with annotations.
 */
export function keepAnnotations(
  given: Readonly<Record<string, unknown>> | null | undefined,
): Record<string, string> {
  const keys = Object.keys(given ?? {}).filter(keepsAnnotation)
  // Which ones go must not depend on their order, and those that everything hangs on must stay.
  if (keys.length > maxAnnotations) keys.sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
  return Object.fromEntries(
    keys.slice(0, maxAnnotations).map((key) => {
      const value = String(given?.[key] ?? '')
      return [key, presenceAnnotations.has(key) ? value.slice(0, 1) : value.slice(0, maxAnnotationLength + 1)]
    }),
  )
}

/** Longer values are wrong, whatever they say; one character more of them is kept, to see that. */
export const maxAnnotationLength = 1024
const maxAnnotations = 100

export const ownPrefix = 'conprof.io/'
export const grafanaPrefix = 'profiles.grafana.com/'
export const scrapeKey = 'conprof.io/scrape'
export const defaultContainerAnnotation = 'kubectl.kubernetes.io/default-container'

const meshAnnotations = new Set([
  'traffic.sidecar.istio.io/excludeInboundPorts',
  'traffic.sidecar.istio.io/includeInboundPorts',
  'ambient.istio.io/bypass-inbound-capture',
  'config.linkerd.io/skip-inbound-ports',
  'consul.hashicorp.com/connect-inject-status',
  'consul.hashicorp.com/transparent-proxy-exclude-inbound-ports',
  'kuma.io/sidecar-injected',
  'traffic.kuma.io/exclude-inbound-ports',
])
/** Long values, of which it matters only that they are there. */
const presenceAnnotations = new Set(['sidecar.istio.io/status', 'linkerd.io/proxy-version'])
