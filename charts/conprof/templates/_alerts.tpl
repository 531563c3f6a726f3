{{/* files/alerts.yaml with what the values change of it. */}}
{{- define "conprof.alerts" -}}
{{- $own := .Values.prometheusRule }}
{{- $groups := list }}
{{- range $group := (.Files.Get "files/alerts.yaml" | fromYaml).groups }}
{{- $rules := list }}
{{- range $rule := $group.rules }}
{{- if not (has $rule.alert $own.disabled) }}
{{- $annotations := set $rule.annotations "runbook_url" (replace "docs/runbooks.md" $own.runbookUrl $rule.annotations.runbook_url) }}
{{- $rules = append $rules (merge (dict "annotations" $annotations "labels" (merge (deepCopy $own.alertLabels) $rule.labels)) $rule) }}
{{- end }}
{{- end }}
{{- if $rules }}
{{- $groups = append $groups (dict "name" $group.name "rules" $rules) }}
{{- end }}
{{- end }}
{{- toYaml (dict "groups" $groups) }}
{{- end }}
