{{/* The chart's name, or what stands in its place. */}}
{{- define "headrace.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of everything. A Service's name has no dots and begins with a letter. */}}
{{- define "headrace.fullname" -}}
{{- $name := include "headrace.name" . -}}
{{- $release := .Release.Name | replace "." "-" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if regexMatch "^[0-9]" $release -}}
{{- printf "%s-%s" $name $release | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name $release -}}
{{- $release | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" $release $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "headrace.configName" -}}
{{- printf "%s-config" (include "headrace.fullname" . | trunc 56 | trimSuffix "-") -}}
{{- end -}}

{{/* No version here: a Deployment's selector can never change. */}}
{{- define "headrace.selectorLabels" -}}
app.kubernetes.io/name: {{ include "headrace.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | trunc 63 | trimSuffix "-" | quote }}
{{- end -}}

{{- define "headrace.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{ include "headrace.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- end -}}

{{- define "headrace.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The connectors' values, as JSON: those of the top level, and over them those of `inference-api`. */}}
{{- define "headrace.connectors" -}}
{{- $named := index .Values "inference-api" | default dict -}}
{{- $over := $named.externalApiConnectors | default dict -}}
{{- $all := deepCopy .Values.externalApiConnectors -}}
{{- range $name, $value := $over -}}
{{- $_ := set $all $name $value -}}
{{- end -}}
{{- if $all.enabled -}}
{{- $_ := required "externalApiConnectors.secretName is required when externalApiConnectors.enabled is true: the name of the Secret that holds the connectors file" $all.secretName -}}
{{- if hasPrefix "/etc/headrace/config/" (printf "%s/" $all.mountPath) -}}
{{- fail "externalApiConnectors.mountPath must be a folder of its own, outside of /etc/headrace/config" -}}
{{- end -}}
{{- end -}}
{{- toJson $all -}}
{{- end -}}

{{/* The files of the configuration folder by their paths, as JSON: those of `config`, with a `shutdown_timeout`. */}}
{{- define "headrace.config" -}}
{{- $files := deepCopy .Values.config -}}
{{- $text := get $files "headrace.yaml" | default "" -}}
{{- $settings := fromYaml $text -}}
{{- if hasKey $settings "Error" -}}
{{- fail (printf "config.\"headrace.yaml\" is no YAML mapping: %s" $settings.Error) -}}
{{- end -}}
{{- if not (hasKey $settings "shutdown_timeout") -}}
{{- $line := printf "shutdown_timeout: %d\n" (int64 .Values.shutdownTimeout) -}}
{{- $joined := ternary $line (printf "%s\n%s" (trimSuffix "\n" $text) $line) (empty $text) -}}
{{- $read := fromYaml $joined -}}
{{- if or (hasKey $read "Error") (ne (len $read) (add1 (len $settings) | int)) -}}
{{- fail "config.\"headrace.yaml\" has no shutdown_timeout, and no line can be added to it; write one" -}}
{{- end -}}
{{- $_ := set $files "headrace.yaml" $joined -}}
{{- end -}}
{{- toJson $files -}}
{{- end -}}

{{/* A path as the key of a ConfigMap, which cannot hold a slash. No part of a path has two underscores in a row. */}}
{{- define "headrace.configKey" -}}
{{- . | replace "/" "__" -}}
{{- end -}}

{{/* Seconds: the pause, what running requests may take, and 15 for closing; at least 60. */}}
{{- define "headrace.gracePeriod" -}}
{{- $files := include "headrace.config" . | fromJson -}}
{{- $settings := fromYaml (get $files "headrace.yaml") -}}
{{- if not (kindIs "float64" $settings.shutdown_timeout) -}}
{{- fail "config.\"headrace.yaml\": shutdown_timeout must be a number, since the pod's grace period follows from it" -}}
{{- end -}}
{{- max 60 (add (int64 .Values.preStopPause) (ceil $settings.shutdown_timeout | int64) 15) -}}
{{- end -}}

{{/* What limits count on: the most pods that there can be. */}}
{{- define "headrace.replicas" -}}
{{- if .Values.autoscaling.enabled -}}
{{- .Values.autoscaling.maxReplicas -}}
{{- else -}}
{{- .Values.replicas -}}
{{- end -}}
{{- end -}}
