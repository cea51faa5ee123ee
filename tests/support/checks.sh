# shellcheck shell=bash
# What the longer shell tests share: counted checks, loud skips, waiting for a condition.
#
# A script that sources this ends with `finish`, which prints "N passed, N failed".

passed=0
failed=0

# One line a check, ok if the command succeeds.
check() { # WHAT COMMAND...
  local what=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok - $what"
  else
    failed=$((failed + 1))
    echo "not ok - $what"
  fi
}

# Ends the test where something that it needs is not to be had: exit code 77.
skip() { # WHY
  echo "SKIPPED, nothing was shown: $1" >&2
  exit 77
}

need() { # COMMAND...
  local command
  for command; do
    command -v "$command" >/dev/null || skip "$command is missing"
  done
}

finish() {
  echo "$passed passed, $failed failed"
  [ $failed -eq 0 ] && [ $passed -gt 0 ]
}

# Until the command succeeds, or false after so many seconds.
wait_until() { # SECONDS COMMAND...
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] || return 1
  done
}
