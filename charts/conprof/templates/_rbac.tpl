{{/* What the operator needs wherever it looks for targets. */}}
{{- define "conprof.watchRules" -}}
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [conprof.io]
  resources: [profiletargets]
  verbs: [list, watch]
- apiGroups: [conprof.io]
  resources: [profiletargets/status]
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end }}

{{/* By name, one for each shard that there may ever be. */}}
{{- define "conprof.credentialsSecrets" -}}
{{- range $ordinal := until (int .Values.collector.maxReplicas) }}
- {{ include "conprof.fullname" $ }}-collector-{{ $ordinal }}-credentials
{{- end }}
{{- end }}
