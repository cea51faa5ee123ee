#!/bin/sh
# The smoke test of an address where nothing listens: one check, which fails, and no other.
#
#     tests/http/dead_smoke.sh SMOKE
set -u
said=$(sh "$1" unix:/no/such/socket 2>/dev/null)
status=$?
[ "$status" -ne 0 ] || exit 1
[ "$(printf '%s\n' "$said" | grep -c '^not ok - ')" -eq 1 ] || exit 1
[ "$(printf '%s\n' "$said" | tail -n 1)" = '0 passed, 1 failed' ] || exit 1
echo "1 passed, 0 failed"
