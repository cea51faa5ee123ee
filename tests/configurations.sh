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
cd "$root" || exit 1

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
check_with kubectl 'kustomize builds the base' kustomize docker/kubernetes
finish
