#!/bin/bash
# The real Prometheus scrapes three replicas under a known load, with the configuration that is
# shipped; the dashboard's queries must give the numbers of that load, and the alert rules load.
#
#     tests/prometheus.sh SPIKELOSSD        some seconds; needs prometheus and python3
#
# Skips (exit code 77) where Prometheus is missing. The last line says "N passed, N failed".
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/checks.sh
source "$root/tests/support/checks.sh"
need prometheus python3
PYTHONDONTWRITEBYTECODE=1 exec python3 "$root/tests/deployment/prometheus.py" "$1"
