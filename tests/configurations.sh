#!/bin/bash
# Whether the programs that read config/ and docker/ accept what is there.
#
#     tests/configurations.sh
#
# A check whose program is missing is skipped. The last line says "N passed, N failed".
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/checks.sh
source "$root/tests/support/checks.sh"
# shellcheck source=tests/support/npm.sh
source "$root/tests/support/npm.sh"
cd "$root" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

quietly() { # COMMAND...
  local said
  said=$("$@" 2>&1) && return
  printf '%s\n' "$said"
  return 1
}

check_with() { # PROGRAM WHAT ARGUMENT...
  local program=$1 what=$2
  shift 2
  if command -v "$program" >/dev/null; then
    check "$what" quietly "$program" "$@"
  else
    echo "SKIPPED: $what ($program is missing)"
  fi
}

check_with yamllint 'yamllint finds nothing' --strict config docker .yamllint
check_with haproxy 'HAProxy accepts its configuration' -c -f config/haproxy.cfg
check_with promtool 'Prometheus accepts its configuration and the alert rules' check config config/prometheus.yml
check_with promtool 'the alerts fire when they should' test rules tests/deployment/alerts_test.yml
check_with docker-compose 'compose accepts its file' -f docker/compose.yaml config -q
# The types tell unknown members, the schemas everything else: see manifests.mjs.
api_has() { # KUSTOMIZATION
  kubectl kustomize "$1" >"$work/manifests.yaml" &&
    node tests/deployment/manifests.mjs "$work/manifests.yaml" "$modules" "$work/manifests.ts" &&
    "$modules/.bin/tsc" --noEmit --strict --skipLibCheck --target es2022 --module esnext \
      --moduleResolution bundler "$work/manifests.ts"
}

if command -v kubectl node npm >/dev/null && fetch_with_npm npm_kubernetes kubernetes-models@5.1.0 \
  @kubernetes-models/prometheus-operator@6.0.0 yaml@2.8.2 typescript@5.9.3; then
  ln -s "$modules" "$work/node_modules"
  check 'Kubernetes has all that the base names' quietly api_has docker/kubernetes
  check 'Kubernetes has all that the base with TLS and tokens names' quietly api_has docker/kubernetes-secured
else
  echo "SKIPPED: Kubernetes has all that is named (kubectl is missing, or npm cannot fetch its schemas)"
fi
finish
