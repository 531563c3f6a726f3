{{/* What all have in common. All take (dict "root" $ "component" "query"). */}}

{{- define "conprof.podSecurityContext" -}}
runAsNonRoot: true
{{- range $key, $value := .root.Values.podSecurityContext }}
{{- if not (kindIs "invalid" $value) }}
{{ $key }}: {{ int64 $value }}
{{- end }}
{{- end }}
{{- if .root.Values.podSecurityContext.fsGroup }}
fsGroupChangePolicy: OnRootMismatch
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "conprof.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "conprof.imagePullSecrets" -}}
{{- with concat .root.Values.global.imagePullSecrets .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "conprof.scheduling" -}}
{{- $own := get .root.Values .component }}
{{- with $own.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
topologySpreadConstraints:
{{- if $own.topologySpreadConstraints }}
  {{- toYaml $own.topologySpreadConstraints | nindent 2 }}
{{- else }}
  {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "conprof.selectorLabels" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Selectors count on ours, so they win over podLabels of the same name. */}}
{{- define "conprof.podLabels" -}}
{{- $labels := include "conprof.componentLabels" . | fromYaml }}
{{- /* By this the operator knows its own, whom it scrapes with the release's token. */}}
{{- $_ := set $labels "conprof.io/release" (include "conprof.fullname" .root) }}
{{- merge $labels (get .root.Values .component).podLabels | toYaml }}
{{- end }}

{{/* podAnnotations win, such as conprof.io/scrape: "false". */}}
{{- define "conprof.podAnnotations" -}}
{{- $all := dict "kubectl.kubernetes.io/default-container" .component }}
{{- $prefix := include "conprof.queryPrefix" .root }}
{{- $isQuery := eq .component (include "conprof.queryComponent" .root) }}
{{- if and .root.Values.selfProfiling.enabled (not (and $isQuery (eq (include "conprof.queryScheme" .root) "https"))) }}
{{- $_ := set $all "conprof.io/scrape" "true" }}
{{- $_ := set $all "conprof.io/port" "http" }}
{{- $_ := set $all "conprof.io/profiles" "cpu,heap" }}
{{- $_ := set $all "conprof.io/cpu.seconds" "5" }}
{{- if and $isQuery $prefix }}
{{- $_ := set $all "conprof.io/path" $prefix }}
{{- end }}
{{- end }}
{{- merge (dict) (get .root.Values .component).podAnnotations (.annotations | default dict) $all | toYaml }}
{{- end }}

{{/* Mebibytes of the heap for a memory limit: the rest is for buffers, code and the profiles on their way. */}}
{{- define "conprof.heapMiB" -}}
{{- max 64 (include "conprof.shareMiB" (dict "quantity" . "share" 0.7) | int64) }}
{{- end }}

{{/* Mebibytes of a share of a quantity. */}}
{{- define "conprof.shareMiB" -}}
{{- /* A number of a values file is a float, whose text may be 1.073741824e+09. */}}
{{- $text := kindIs "string" .quantity | ternary .quantity (int64 .quantity | toString) }}
{{- $number := regexFind "^[0-9.]+" $text }}
{{- $unit := trimPrefix $number $text }}
{{- $units := dict "" 1 "m" 0.001 "k" 1000 "M" 1000000 "G" 1000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 }}
{{- $bytes := mulf (float64 $number) (get $units $unit) }}
{{- floor (divf (mulf $bytes .share) 1048576) | int64 }}
{{- end }}

{{/* Of a size in Mi or Gi, what its volume may take. */}}
{{- define "conprof.cacheLimit" -}}
{{- $mebibytes := mul (regexFind "^[0-9]+" . | int64) (hasSuffix "Gi" . | ternary 1024 1) }}
{{- printf "%dMi" (add $mebibytes (div $mebibytes 8) 1) }}
{{- end }}

{{- define "conprof.env" -}}
{{- $own := get .root.Values .component }}
{{- $memory := dig "limits" "memory" "" $own.resources }}
- name: NODE_OPTIONS
  value: --max-semi-space-size=4{{ if $memory }} --max-old-space-size={{ include "conprof.heapMiB" $memory }}{{ end }}
- name: MALLOC_ARENA_MAX
  value: "2"
{{- with $own.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Also (dict … "prefix" "/conprof" "scheme" "HTTP"). */}}
{{- define "conprof.probes" -}}
startupProbe:
  httpGet: {path: {{ .prefix }}/-/healthy, port: http, scheme: {{ .scheme | upper }}}
  initialDelaySeconds: 2
  periodSeconds: 2
  failureThreshold: 60
readinessProbe:
  httpGet: {path: {{ .prefix }}/-/ready, port: http, scheme: {{ .scheme | upper }}}
  periodSeconds: 5
  {{- .readiness | default (dict "timeoutSeconds" 5) | toYaml | nindent 2 }}
livenessProbe:
  httpGet: {path: {{ .prefix }}/-/healthy, port: http, scheme: {{ .scheme | upper }}}
  periodSeconds: 15
  timeoutSeconds: 10
  failureThreshold: 4
{{- end }}

{{- define "conprof.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
- name: token
  mountPath: /etc/conprof/token
  readOnly: true
{{- if include "conprof.bucketSecret" . }}
- name: bucket
  mountPath: /etc/conprof/bucket
  readOnly: true
{{- end }}
{{- if .hasWebConfig }}
- name: web
  mountPath: /etc/conprof/web
  readOnly: true
{{- end }}
{{- if include "conprof.hasPolicy" . }}
- name: policy
  mountPath: /etc/conprof/policy
  readOnly: true
{{- end }}
{{- with (get .root.Values .component).extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "conprof.volumes" -}}
- name: tmp
  emptyDir: {}
- name: token
  secret:
    secretName: {{ include "conprof.tokenSecret" .root }}
    items:
      - key: {{ include "conprof.tokenKey" .root }}
        path: token
{{- with include "conprof.bucketSecret" . }}
- name: bucket
  secret:
    secretName: {{ . }}
{{- end }}
{{- if .hasWebConfig }}
- name: web
  {{- include "conprof.webVolume" .root | nindent 2 }}
{{- end }}
{{- if include "conprof.hasPolicy" . }}
- name: policy
  configMap:
    name: {{ include "conprof.fullname" .root }}-policy
{{- end }}
{{- with (get .root.Values .component).extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The Secret with the component's bucket config, "" where it needs none. */}}
{{- define "conprof.bucketSecret" -}}
{{- if and (ne .component "operator") (not (include "conprof.isEmbedded" .root)) }}
{{- $own := "" }}
{{- if eq .component "query" }}{{ $own = .root.Values.query.bucket.existingSecret }}{{ end }}
{{- default (printf "%s-bucket" (include "conprof.fullname" .root)) (default .root.Values.bucket.existingSecret $own) }}
{{- end }}
{{- end }}

{{- define "conprof.bucketKey" -}}
{{- if .Values.bucket.existingSecret }}{{ .Values.bucket.existingSecretKey }}{{ else }}objstore.yaml{{ end }}
{{- end }}

{{/* "true" where query is told who may see it, or that it is to speak TLS. */}}
{{- define "conprof.hasWebConfig" -}}
{{- $web := .Values.query.webConfig }}
{{- if or $web.users $web.tlsSecret $web.existingSecret }}true{{ end }}
{{- end }}

{{- define "conprof.webVolume" -}}
{{- $web := .Values.query.webConfig }}
{{- if $web.existingSecret -}}
secret:
  secretName: {{ $web.existingSecret }}
{{- else -}}
projected:
  sources:
    - secret:
        name: {{ include "conprof.fullname" . }}-web
    {{- with $web.tlsSecret }}
    - secret:
        name: {{ . }}
        items: [{key: tls.crt, path: tls.crt}, {key: tls.key, path: tls.key}]
    {{- end }}
{{- end }}
{{- end }}

{{/* Flags of what answers people: query, and in try-out mode the one program. */}}
{{- define "conprof.queryArgs" -}}
{{- with .Values.query.externalUrl }}
- --web.external-url={{ . }}
{{- end }}
{{- with .Values.query.routePrefix }}
- --web.route-prefix={{ . }}
{{- end }}
{{- if .Values.query.adminApi }}
- --web.enable-admin-api
{{- end }}
{{- if include "conprof.hasWebConfig" . }}
- --web.config.file=/etc/conprof/web/web.yaml
{{- end }}
{{- end }}

{{/* Flags of what deletes: compact, and in try-out mode the one program. */}}
{{- define "conprof.retentionArgs" -}}
- --storage.retention.time={{ .Values.retention.time }}
{{- with .Values.retention.size }}
- --storage.retention.size={{ . }}
{{- end }}
{{- if .Values.retention.policy }}
- --storage.policy-file=/etc/conprof/policy/policy.yaml
{{- end }}
{{- end }}

{{/* "true" for what reads the policy. */}}
{{- define "conprof.hasPolicy" -}}
{{- $deleter := include "conprof.isEmbedded" .root | empty | ternary "compact" "collector" }}
{{- if and .root.Values.retention.policy (eq .component $deleter) }}true{{ end }}
{{- end }}
