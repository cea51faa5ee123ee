#!/bin/bash
# Three replicas behind HAProxy, with the configuration that is shipped: what clients see when
# one is killed, when all are restarted, when one hangs; and what HAProxy costs.
#
#     tests/scaleout.sh SPIKELOSSD        a minute; needs haproxy and python3, and wrk for one figure
#
# Skips (exit code 77) where HAProxy is missing. The last line says "N passed, N failed".
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/checks.sh
source "$root/tests/support/checks.sh"
need haproxy python3
PYTHONDONTWRITEBYTECODE=1 exec python3 "$root/tests/deployment/scaleout.py" "$1"
