{{/* The container's variables. A value is always a text. */}}
{{- define "headrace.environment" -}}
{{- $connectors := include "headrace.connectors" . | fromJson -}}
- name: HEADRACE_HOST
  value: "0.0.0.0"
- name: HEADRACE_PORT
  value: "8000"
- name: HEADRACE_CONFIG_DIR
  value: /etc/headrace/config
- name: HEADRACE_REPLICAS
  value: {{ include "headrace.replicas" . | quote }}
- name: HEADRACE_ADMIN_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .Values.adminKey.secretName | quote }}
      key: {{ .Values.adminKey.secretKey | quote }}
{{- if $connectors.enabled }}
- name: EXTERNAL_API_CONNECTORS_FILE
  value: {{ printf "%s/%s" (trimSuffix "/" $connectors.mountPath) $connectors.secretKey | quote }}
{{- end }}
{{- range $name, $from := .Values.secretEnv }}
{{- if hasKey $.Values.env $name }}
{{- fail (printf "%s stands in env and in secretEnv; only one of them may set it" $name) }}
{{- end }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.secretName | quote }}
      key: {{ $from.secretKey | quote }}
{{- end }}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}
