#!/bin/sh
# Checks the types and runs the tests against a daemon.
#
#     clients/javascript/test/run.sh http://127.0.0.1:8080
#
# Needs node and tsc. The last line says "N passed, N failed".
set -u

cd "$(dirname "$0")/.." || exit 1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

if tsc --project .; then types=1; else types=0; fi
SPIKELOSSD_URL=$1 node --test --test-reporter=tap test/*.test.js >"$log" 2>&1
grep -A 25 '^ *not ok' "$log"

counted() { # pass | fail | cancelled
  sed -n "s/^# $1 //p" "$log"
}
passed=$(($(counted pass) + types))
failed=$(($(counted fail) + $(counted cancelled) + 1 - types))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 1 ]
