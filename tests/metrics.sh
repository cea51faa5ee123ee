#!/bin/sh
# Whether GET /metrics is what Prometheus wants, in the eyes of Prometheus' own tool.
#
#     tests/metrics.sh http://127.0.0.1:8080
#
# Needs curl and promtool. The last line says "N passed, N failed".
set -u

address=$1
examples=$(dirname "$0")/../examples/digits
page=$(mktemp)
trap 'rm -f "$page"' EXIT

# Every kind of series is there once something has happened: an answer, an error, a refusal.
post() { # LOSS CURL-ARGUMENT...
  curl -sS --noproxy '*' -o "$page" -H 'Content-Type: application/json' \
    "$address/v1/losses/$1" --data-binary "$2"
}
post firing_rate_target_mse_loss "@$examples/firing_rate_target_mse_loss.json"
post balanced_population_mse "@$examples/balanced_population_mse.bits.json"
post balanced_population_mse '{'
post no_such_loss '{}'

curl -sS --noproxy '*' --fail -o "$page" "$address/metrics" || : >"$page"
if promtool check metrics <"$page" && grep -q '^spikelossd_requests_total{' "$page"; then
  echo '1 passed, 0 failed'
else
  echo '0 passed, 1 failed'
  exit 1
fi
