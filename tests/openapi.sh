#!/bin/bash
# GET /openapi.json: the recommended rules of Spectral and Redocly find nothing in it, without and
# with tokens; openapi-typescript, hey-api and orval make clients of it that compile, and get from
# the daemon what the formulas say; and answers and requests are as its schemas say.
#
#     tests/openapi.sh DAEMON
#
# The tools come from npm into build/npm_openapi. Skips (exit code 77) where they, or Debian's
# python3-jsonschema, are not to be had. The last line says "N passed, N failed".
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/checks.sh
source "$root/tests/support/checks.sh"
# shellcheck source=tests/support/npm.sh
source "$root/tests/support/npm.sh"

daemon=$(realpath "${1:?which daemon?}")
token=a-secret-of-this-test-0123456789
need node npm curl
node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' ||
  skip "the generators need Node.js 20"
/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is missing"
fetch_with_npm npm_openapi @stoplight/spectral-cli@6.16.3 @redocly/cli@2.77.0 \
  typescript@5.9.3 @types/node@22.19.15 openapi-typescript@7.13.0 openapi-fetch@0.17.0 \
  @hey-api/openapi-ts@0.99.0 orval@8.38.0 || skip "npm cannot fetch the linters and generators"
tools=$modules/.bin

folder=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid"; rm -rf "$folder"' EXIT
cd "$folder" || exit 1
echo 'extends: ["spectral:oas"]' >rules.yaml
echo "tester $token" >tokens
chmod 600 tokens
ln -s "$modules" node_modules
cp "$root"/tests/openapi/*.ts .
cat >orval.config.mjs <<'END'
const output = { target: "orval.ts", client: "fetch", baseUrl: { getBaseUrlFromSpecification: true } };
export default { spikelossd: { input: "openapi.json", output } };
END
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

spectral_finds_nothing() {
  "$tools/spectral" lint --ruleset rules.yaml --fail-severity hint openapi.json
}

# Warnings do not fail Redocly: each finding is a line that begins with its position.
redocly_finds_nothing() {
  "$tools/redocly" lint --format=stylish openapi.json >found 2>&1 && ! grep -E '^ +[0-9]+:[0-9]+ ' found
}

# A generator says nothing of warnings, errors or deprecations, and knows the type of everything but
# of this document.
makes_a_client() { # FILE COMMAND...
  local file=$1
  shift
  "$tools/$1" "${@:2}" >said 2>&1 || { cat said && return 1; }
  ! grep -iE 'warn|error|deprecat' said && [ -s "$file" ] &&
    ! grep -nE '(^|[^_a-z])unknown([^_a-z]|$)' "$file" | grep -vE '\[(key|name): string\]: unknown'
}

# As scripts of Node.js, in which imports need no extensions.
clients_compile() {
  "$tools/tsc" --strict --skipLibCheck --target es2022 --module commonjs --moduleResolution node10 \
    --esModuleInterop --types node --outDir compiled ./*_client.ts
}

check_clients() { # URL
  local client
  check "openapi-typescript makes types" \
    makes_a_client openapi_typescript.ts openapi-typescript openapi.json -o openapi_typescript.ts
  check "hey-api makes a client" \
    makes_a_client hey_api/types.gen.ts openapi-ts -i ./openapi.json -o hey_api
  check "orval makes a client" makes_a_client orval.ts orval --config orval.config.mjs
  check "the clients compile" clients_compile
  for client in openapi_fetch hey_api orval; do
    check "${client/_/-}'s client gets what the formulas say" \
      node "compiled/${client}_client.js" "$1" "$token"
  done
}

check_document() { # WHAT OPTION...
  local what=$1 url
  shift
  "$daemon" --listen 127.0.0.1:0 "$@" 2>log &
  pid=$!
  wait_until 20 grep -q '127\.0\.0\.1:[0-9]' log || return 1
  url=http://$(grep -om1 '127\.0\.0\.1:[0-9]*' log)
  curl -sS --noproxy '*' -H "Authorization: Bearer $token" -o openapi.json "$url/openapi.json"
  check "its server is the one that was asked, $what" grep -qF "\"url\": \"$url\"" openapi.json
  check "Spectral finds nothing, $what" spectral_finds_nothing
  check "Redocly finds nothing, $what" redocly_finds_nothing
  [ "$what" = "without tokens" ] || check_clients "$url"
  kill "$pid"
  wait "$pid" 2>/dev/null
  pid=
}

check_document "without tokens"
check_document "with tokens" --token-file tokens
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$root/tests/openapi/answers.py" "$daemon" >answers
check "answers and requests are as the schemas say, also those of errors" [ $? -eq 0 ]
sed '$d' answers
tally=$(tail -n 1 answers)
if [[ $tally =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
  passed=$((passed + BASH_REMATCH[1]))
  failed=$((failed + BASH_REMATCH[2]))
fi
finish
