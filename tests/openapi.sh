#!/bin/bash
# The recommended rules of Spectral and Redocly find nothing in GET /openapi.json, without and with
# tokens, and openapi-typescript makes types of it that compile.
#
#     tests/openapi.sh DAEMON
#
# The tools come from npm into build/npm. Skips (exit code 77) where they are not to be had. The
# last line says "N passed, N failed".
set -uo pipefail

# shellcheck source=tests/support/checks.sh
source "$(dirname "$0")/support/checks.sh"

daemon=$(realpath "${1:?which daemon?}")
modules=$(dirname "$0")/../build/npm
need node npm curl
mkdir -p "$modules" || exit 1
modules=$(realpath "$modules")
tools=$modules/node_modules/.bin
if ! [ -x "$tools/spectral" ] || ! [ -x "$tools/redocly" ] || ! [ -x "$tools/openapi-typescript" ]; then
  npm install --prefix "$modules" --no-save --no-audit --no-fund --ignore-scripts \
    @stoplight/spectral-cli@6.16.3 @redocly/cli@2.77.0 openapi-typescript@7.13.0 typescript@5.9.3 \
    playwright-core@1.65.1 axe-core@4.14.1 >/dev/null 2>&1 || skip "npm cannot fetch the linters"
fi

folder=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid"; rm -rf "$folder"' EXIT
cd "$folder" || exit 1
echo 'extends: ["spectral:oas"]' >rules.yaml
echo 'tester a-secret-of-this-test-0123456789' >tokens
chmod 600 tokens
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

spectral_finds_nothing() {
  "$tools/spectral" lint --ruleset rules.yaml --fail-severity hint openapi.json
}

# Warnings do not fail Redocly: each finding is a line that begins with its position.
redocly_finds_nothing() {
  "$tools/redocly" lint --format=stylish openapi.json >found 2>&1 && ! grep -E '^ +[0-9]+:[0-9]+ ' found
}

types_compile() {
  "$tools/openapi-typescript" openapi.json -o types.ts >/dev/null 2>&1 &&
    "$tools/tsc" --noEmit --strict --target es2022 types.ts
}

lint_with() { # WHAT OPTION...
  local what=$1 url
  shift
  "$daemon" --listen 127.0.0.1:0 "$@" 2>log &
  pid=$!
  wait_until 20 grep -q '127\.0\.0\.1:[0-9]' log || return 1
  url=http://$(grep -om1 '127\.0\.0\.1:[0-9]*' log)
  curl -sS --noproxy '*' -H 'Authorization: Bearer a-secret-of-this-test-0123456789' -o openapi.json "$url/openapi.json"
  check "its server is the one that was asked, $what" grep -qF "\"url\": \"$url\"" openapi.json
  check "Spectral finds nothing, $what" spectral_finds_nothing
  check "Redocly finds nothing, $what" redocly_finds_nothing
  check "types for TypeScript compile, $what" types_compile
  kill "$pid"
  wait "$pid" 2>/dev/null
  pid=
}

lint_with "without tokens"
lint_with "with tokens" --token-file tokens
finish
