#!/bin/bash
# Runs the examples of other languages against a daemon: each prints the worked example of
# docs/losses.md, and says the server's own words where it is refused.
#
#     tests/examples.sh http://127.0.0.1:8080
#
# Where a language's tool is missing its example is skipped, and said to be. The last line says
# "N passed, N failed".
set -uo pipefail

address=$1
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export no_proxy='*' GOCACHE=$work/go GOFLAGS=-mod=mod
passed=0
failed=0

cat >"$work/expected" <<'EXPECTED'
loss: 3.625
gradient: 0 -0.25 -0.125 0.125 -0.5 -0.75 0.875 0.375
EXPECTED

check() { # WHAT COMMAND...
  local what=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1))
    echo "ok - $what"
  else
    failed=$((failed + 1))
    echo "not ok - $what"
    sed 's/^/    /' "$work/log"
  fi
}

prints_the_worked_example() { # COMMAND...
  SPIKELOSSD_URL=$address "$@" >"$work/printed" && diff "$work/expected" "$work/printed"
}

# There is nothing under this address, and the service says so.
tells_why_it_is_refused() { # COMMAND...
  if SPIKELOSSD_URL=$address/nowhere "$@" >"$work/printed" 2>&1; then
    return 1
  fi
  cat "$work/printed"
  grep -qF 'there is no such path' "$work/printed"
}

example() { # TOOL ARGUMENT...
  local what=${1##*/}
  if ! command -v "$1" >/dev/null; then
    echo "skipped: ${*: -1}, because there is no $1 here"
    return
  fi
  [ "$1" != sh ] || what=curl
  check "$what prints the worked example" prints_the_worked_example "$@"
  check "$what tells why it is refused" tells_why_it_is_refused "$@"
}

example sh examples/first_call.sh
example go run examples/first_call.go
example java examples/FirstCall.java
example octave-cli --quiet examples/first_call.m
example Rscript examples/first_call.R
example perl examples/first_call.pl
example ruby examples/first_call.rb
example php examples/first_call.php
example lua5.4 examples/first_call.lua
if command -v rustc >/dev/null; then
  check 'rustc compiles its example' \
    rustc --edition 2021 -o "$work/first_call_in_rust" examples/first_call.rs
  example "$work/first_call_in_rust"
else
  echo 'skipped: examples/first_call.rs, because there is no rustc here'
fi

logs_diagnostics() {
  SPIKELOSSD_URL=$address /usr/bin/python3 examples/log_diagnostics.py >"$work/run.csv" &&
    head -n 1 "$work/run.csv" | grep '^step,loss,layers\.0\.rate,.*,layers\.1\.binary' &&
    [ "$(wc -l <"$work/run.csv")" -eq 21 ]
}

export PYTHONPATH=clients/python PYTHONDONTWRITEBYTECODE=1
if /usr/bin/python3 -c 'import spikeloss' 2>/dev/null; then
  check 'diagnostics become a table' logs_diagnostics
else
  echo 'skipped: examples/log_diagnostics.py, because NumPy is missing'
fi
if /usr/bin/python3 -c 'import sklearn, spikeloss.torch' 2>/dev/null; then
  check 'four processes train with the losses of one' \
    env SPIKELOSSD_URL="$address" /usr/bin/python3 examples/data_parallel/data_parallel.py --epochs 1
else
  echo 'skipped: examples/data_parallel, because PyTorch or scikit-learn is missing'
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
