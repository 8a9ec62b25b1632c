#!/usr/bin/env bash
# Installs what some tests want beside npm's packages: on Debian, as root, and only what is missing.
#   test/deploy: Go with the packages of Helm's engine, kubectl, and Prometheus, which asks what the Grafana board asks
#   storage, limits: PostgreSQL and Redis, of which the tests start instances of their own
#   approaches: bubblewrap, a sandbox for code
set -eu

packages=()
[ -x /usr/lib/go-1.19/bin/go ] || [ -x /usr/lib/go/bin/go ] || command -v go >/dev/null || packages+=(golang-go)
[ -d /usr/share/gocode/src/github.com/Masterminds/sprig ] || packages+=(golang-github-masterminds-sprig-dev)
[ -d /usr/share/gocode/src/github.com/ghodss/yaml ] || packages+=(golang-github-ghodss-yaml-dev)
command -v kubectl >/dev/null || packages+=(kubernetes-client)
command -v prometheus >/dev/null || packages+=(prometheus)
command -v redis-server >/dev/null || packages+=(redis-server)
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || packages+=(postgresql)
command -v bwrap >/dev/null || packages+=(bubblewrap)

if [ ${#packages[@]} -eq 0 ]; then
  exit 0
fi
if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
  echo "ci-install: ${packages[*]}: missing, and installed only on Debian and as root" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends "${packages[@]}"
