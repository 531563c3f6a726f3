import type { ContainerView } from './pod-view.ts'

/**
 * Whether the container is one that somebody else's injector puts beside a program. Such a container is a target only
 * where it is named: a guess would profile the mesh instead of the program.
 */
export function isProxy(container: Pick<ContainerView, 'name'>): boolean {
  return proxyNames.has(container.name) || proxyPattern.test(container.name.slice(0, 63))
}

const proxyNames = new Set([
  'istio-proxy',
  'istio-validation',
  'linkerd-proxy',
  'linkerd-debug',
  'envoy',
  'envoy-sidecar',
  'envoy-proxy',
  'aws-appmesh-envoy',
  'consul-dataplane',
  'consul-connect-envoy-sidecar',
  'kuma-sidecar',
  'osm-proxy',
  'daprd',
  'vault-agent',
  'cloud-sql-proxy',
  'cloudsql-proxy',
  'csql-proxy',
  'alloydb-auth-proxy',
  'oauth2-proxy',
  'kube-rbac-proxy',
  'otc-container',
  'otel-collector',
  'opentelemetry-collector',
  'jaeger-agent',
  'datadog-agent',
  'fluent-bit',
  'fluentd',
  'fluentbit',
  'filebeat',
  'promtail',
  'tailscale',
  'config-reloader',
  'xray-daemon',
  'cwagent',
])

const proxyPattern = /^(?:consul-dataplane-.+|(?:otel|opentelemetry|vault|dd|datadog|jaeger)-?agent(?:-.+)?)$/
