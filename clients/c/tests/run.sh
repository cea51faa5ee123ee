#!/bin/bash
# Builds, installs and tests the client against a daemon.
#
#     clients/c/tests/run.sh BUILD-FOLDER http://127.0.0.1:8080
#
# The last line says "N passed, N failed".
set -uo pipefail

build=$1
export SPIKELOSSD_URL=$2 http_proxy=http://127.0.0.1:1
folder=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

check() { # WHAT COMMAND...
  local what=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1))
    return
  fi
  failed=$((failed + 1))
  echo "not ok - $what"
  sed 's/^/    /' "$work/log"
}

set_up() { # BUILD-FOLDER MESON-OPTION...
  [ -e "$1/build.ninja" ] || meson setup "$1" "$folder" "${@:2}" || return 1
  meson compile -C "$1"
}

# Where a program writes 0,5, JSON must not.
make_locale() {
  # The C library keeps what it makes of LOCPATH.
  echo leak:argz_add_sep >"$work/suppressions"
  export LSAN_OPTIONS=suppressions=$work/suppressions:print_suppressions=0
  localedef -i de_DE -f UTF-8 "$work/de_DE.UTF-8" && export LOCPATH=$work LOCALE_WITH_COMMA=de_DE.UTF-8
}

run_suite() {
  local report log=$build/sanitize/meson-logs/testlog.json
  rm -f "$log"
  meson test -C "$build/sanitize" --no-rebuild >/dev/null
  report=$(python3 "$folder/../../scripts/count_checks.py" "$log") || return 1
  sed '$d' <<<"$report"
  report=$(tail -n 1 <<<"$report")
  passed=$((passed + ${report% *}))
  failed=$((failed + ${report#* }))
}

# The lines between the first line OPENING and the next ```.
code_block() { # OPENING FILE
  awk -v opening="$1" '
    /^```/ && open { if (found) exit; open = 0; next }
    /^```/ { open = 1; found = $0 == opening; next }
    found { print }' "$2"
}

installed() { # PKG-CONFIG-ARGUMENT...
  PKG_CONFIG_PATH=$work/lib/pkgconfig pkg-config "$@" spikeloss-client
}

# A program of the README, compiled and run by the line of the README, with the installed library.
prints_what_it_says() { # LANGUAGE COMPILER
  local flags line
  code_block "\`\`\`$1" "$folder/README.md" |
    sed "s|http://127.0.0.1:8080|$SPIKELOSSD_URL|" >"$work/first.$1"
  code_block '```' "$folder/README.md" >"$work/expected"
  read -ra flags <<<"$(installed --cflags)"
  "$2" -Wall -Wextra -Werror -fsyntax-only "${flags[@]}" "$work/first.$1" || return 1
  line=$(sed -n "s/^\`\($2 first\.$1 .*\)\`:$/\1/p" "$folder/README.md")
  (cd "$work" && PKG_CONFIG_PATH=$work/lib/pkgconfig LD_LIBRARY_PATH=$work/lib sh -ec "$line") \
    >"$work/printed" || return 1
  diff "$work/expected" "$work/printed"
}

# The options of the README's `meson setup`, with another prefix.
options_of_the_readme() {
  sed -n 's|^meson setup build/c clients/c ||p' "$folder/README.md" | sed "s|/usr/local|$work|"
}

# Without includes, main and its end.
is_in_the_main_readme() {
  local call
  call=$(code_block '```c' "$folder/README.md" | sed -n 's/^  //p' | head -n 5)
  [[ $(<"$folder/../../README.md") == *"$call"* ]]
}

read -ra options <<<"$(options_of_the_readme)"
check 'it builds' set_up "$build/plain" "${options[@]}"
meson configure "$build/plain" "${options[@]}" >/dev/null
check 'it builds under sanitizers' set_up "$build/sanitize" --buildtype debugoptimized \
  -Dtests=true -Db_sanitize=address,undefined -Db_lundef=false
CC=clang check 'clang finds nothing to warn of' set_up "$build/clang" -Dtests=true
check 'there is a locale that writes a comma' make_locale
run_suite || failed=$((failed + 1))
check 'it installs' meson install -C "$build/plain"
check 'pkg-config knows it' installed --exists
check 'the first call is five lines of the main README' is_in_the_main_readme
check 'it prints what the README says' prints_what_it_says c cc
if command -v c++ >/dev/null; then
  check 'it prints the same in C++' prints_what_it_says cpp c++
else
  echo "skipped: there is no C++ compiler"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 10 ]
