#!/bin/bash
# What the page at GET / does, in a real browser: tests/deployment/page.mjs.
#
#     tests/page.sh DAEMON [FOLDER-FOR-SCREENSHOTS]
#
# playwright-core drives Chromium and axe-core judges accessibility. Both come from npm into
# build/npm. Skips (exit code 77) where they, Chromium or Node.js are not to be had. The last line
# says "N passed, N failed".
set -uo pipefail

# shellcheck source=tests/support/checks.sh
source "$(dirname "$0")/support/checks.sh"

modules=$(dirname "$0")/../build/npm
need chromium node npm python3 curl cc
if ! [ -e "$modules/node_modules/axe-core" ] || ! [ -e "$modules/node_modules/playwright-core" ]; then
  mkdir -p "$modules" || exit 1
  npm install --prefix "$modules" --no-save --no-audit --no-fund --ignore-scripts \
    playwright-core@1.65.1 axe-core@4.14.1 >/dev/null 2>&1 || skip "npm cannot fetch playwright-core and axe-core"
fi
CHROMIUM=$(command -v chromium) exec node "$(dirname "$0")/deployment/page.mjs" "${1:?which daemon?}" "$modules" ${2:+"$2"}
