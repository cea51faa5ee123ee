#!/bin/bash
# What web pages can do to a daemon on loopback, in a real browser: tests/deployment/browser.py.
#
#     tests/browser.sh DAEMON
#
# Skips (exit code 77) where Chromium is missing or does not start. The last line says
# "N passed, N failed".
set -uo pipefail

# shellcheck source=tests/support/checks.sh
source "$(dirname "$0")/support/checks.sh"

need chromium python3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir="$folder" \
  --dump-dom 'data:text/html,works' 2>/dev/null | grep -q works || skip "chromium does not start"

python3 "$(dirname "$0")/deployment/browser.py" "${1:?which daemon?}"
