{{- define "conprof.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 42 | trimSuffix "-" }}
{{- end }}

{{/* Also the programs' --release: it is part of labels and of the StatefulSet's name, hence so short. */}}
{{- define "conprof.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 42 | trimSuffix "-" }}
{{- else if contains (include "conprof.name" .) .Release.Name }}
{{- .Release.Name | trunc 42 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "conprof.name" .) | trunc 42 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Of what has no namespace. */}}
{{- define "conprof.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "conprof.fullname" .) }}
{{- end }}

{{/* In these three: (dict "root" $ "component" "query"). */}}
{{- define "conprof.componentName" -}}
{{- printf "%s-%s" (include "conprof.fullname" .root) .component }}
{{- end }}

{{/* Never changes: selectors cannot be upgraded. */}}
{{- define "conprof.selectorLabels" -}}
app.kubernetes.io/name: {{ include "conprof.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "conprof.componentLabels" -}}
{{ include "conprof.selectorLabels" . }}
{{ include "conprof.commonLabels" .root }}
{{- end }}

{{- define "conprof.labels" -}}
app.kubernetes.io/name: {{ include "conprof.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{ include "conprof.commonLabels" . }}
{{- end }}

{{/* What selectors count on, ours and those of NetworkPolicies that the operator proposes, is no value's to change. */}}
{{- define "conprof.commonLabels" -}}
{{- $own := dict "app.kubernetes.io/version" .Chart.AppVersion "app.kubernetes.io/part-of" "conprof" "app.kubernetes.io/managed-by" .Release.Service "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") }}
{{- omit (merge $own .Values.commonLabels) "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" | toYaml }}
{{- end }}

{{- define "conprof.serviceAccountName" -}}
{{- $own := (get .root.Values .component).serviceAccount }}
{{- if $own.create }}
{{- default (include "conprof.componentName" .) $own.name }}
{{- else }}
{{- default "default" $own.name }}
{{- end }}
{{- end }}

{{/* Which pods the Service of query selects: in try-out mode one program does everything. */}}
{{- define "conprof.queryComponent" -}}
{{- if include "conprof.isEmbedded" . }}collector{{ else }}query{{ end }}
{{- end }}

{{/* "true" in try-out mode, else nothing. */}}
{{- define "conprof.isEmbedded" -}}
{{- if not (or .Values.bucket.existingSecret .Values.bucket.config) }}true{{ end }}
{{- end }}

{{- define "conprof.tokenSecret" -}}
{{- default (printf "%s-token" (include "conprof.fullname" .)) .Values.token.existingSecret }}
{{- end }}

{{- define "conprof.tokenKey" -}}
{{- if .Values.token.existingSecret }}{{ .Values.token.existingSecretKey }}{{ else }}token{{ end }}
{{- end }}

{{- define "conprof.image" -}}
{{- $registry := default .Values.image.registry .Values.global.imageRegistry }}
{{- $name := .Values.image.repository }}
{{- if $registry }}{{ $name = printf "%s/%s" $registry $name }}{{ end }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" $name .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" $name (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* `` or `/conprof`, as programs derive it from the same two. */}}
{{- define "conprof.queryPrefix" -}}
{{- $path := .Values.query.routePrefix }}
{{- if and (not $path) .Values.query.externalUrl }}{{ $path = (urlParse .Values.query.externalUrl).path }}{{ end }}
{{- $bare := trimAll "/" (default "" $path) }}
{{- if $bare }}/{{ $bare }}{{ end }}
{{- end }}

{{/* "true" where query asks for users, as far as the chart can see. */}}
{{- define "conprof.queryHasAuth" -}}
{{- if or .Values.query.webConfig.users .Values.query.webConfig.existingSecret }}true{{ end }}
{{- end }}

{{- define "conprof.queryScheme" -}}
{{- $web := .Values.query.webConfig }}
{{- if or $web.tlsSecret (and $web.existingSecret $web.existingSecretHasTls) }}https{{ else }}http{{ end }}
{{- end }}

{{- define "conprof.queryIsExposed" -}}
{{- if or .Values.query.ingress.enabled (ne .Values.query.service.type "ClusterIP") }}true{{ end }}
{{- end }}

{{/* All watched namespaces, the release's own among them; "" is the whole cluster. */}}
{{- define "conprof.watchedNamespaces" -}}
{{- with .Values.watchNamespaces }}{{ append . $.Release.Namespace | uniq | sortAlpha | join "," }}{{ end }}
{{- end }}
