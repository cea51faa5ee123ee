#!/bin/bash
# A third loss is one new file, one table row and one build line: this adds one, and nothing else.
#
#     tests/third_loss.sh
#
# Copies the tree, adds tests/third_loss/mean_rate_loss.c, its row in src/loss/table.c and its line
# in src/meson.build, builds, and asks the daemon for the loss, its description and its OpenAPI.
# The last line says "N passed, N failed".
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/support/checks.sh
source "$root/tests/support/checks.sh"

copy_tree() { # FOLDER
  mkdir "$1"
  tar -C "$root" --exclude=./.git --exclude='./build*' -cf - . | tar -C "$1" -xf -
}

add_the_loss() {
  cp tests/third_loss/mean_rate_loss.c src/loss/
  sed -i 's/^  ROW(firing_rate_target_mse_loss).*/&\n  ROW(mean_rate_loss) \\/' src/loss/table.c
  sed -i "s,^  'loss/firing_rate_target_mse_loss.c'\,,&\n  'loss/mean_rate_loss.c'\,," src/meson.build
}

# Whether a file is new, two have one line more, and nothing else differs.
changed_only() {
  local files
  files=$(diff -rq "$work/before" "$work/after" | wc -l)
  [ "$files" -eq 3 ] &&
    [ ! -e "$work/before/src/loss/mean_rate_loss.c" ] &&
    one_line_more src/loss/table.c &&
    one_line_more src/meson.build
}

one_line_more() { # FILE
  [ "$(diff "$work/before/$1" "$work/after/$1" | grep -c '^>')" -eq 1 ] &&
    [ "$(diff "$work/before/$1" "$work/after/$1" | grep -c '^<')" -eq 0 ]
}

builds() {
  { meson setup "$work/build" "$work/after" --buildtype debugoptimized -Dwerror=true -Dtests=false &&
    meson compile -C "$work/build"; } >"$work/log" 2>&1 || {
    cat "$work/log"
    return 1
  }
}

ask() { # URL [CURL-ARGUMENT...]
  curl -sS --noproxy '*' --max-time 30 "$@" | tr -d ' \n'
}

says() { # TEXT, within $answer
  [[ $answer == *"$1"* ]]
}

# mean = 6/12: L = 0.25, and each of the twelve gradients is 2 * 0.5 / 12.
answers() { # URL
  local answer
  answer=$(ask --json '{"spk":[[[1,0,1],[0,0,1]],[[0,1,0],[1,0,1]]],"gradient":"broadcast"}' \
    "$1/v1/losses/mean_rate_loss")
  check 'its loss is 0.25' says '"loss":0.25,'
  check 'its gradient is 1/12' says '{"spk":{"shape":[1,1,1],"data":[0.08333333333333333]}}'
  check 'its diagnostics are there' says '"diagnostics":{"rate":0.5}'
  answer=$(ask --json '{"spk":[[1,0],[1]]}' "$1/v1/losses/mean_rate_loss")
  check 'its request is checked' says '"code":"ragged"'
  answer=$(ask --json '{}' "$1/v1/losses/mean_rate_loss")
  check 'its missing members are named' says '"pointer":"/spk"'
  answer=$(ask "$1/v1/losses")
  check 'GET /v1/losses lists it' says '"mean_rate_loss"'
  answer=$(ask "$1/v1/losses/mean_rate_loss")
  check 'GET /v1/losses/mean_rate_loss describes it' says '"spk"'
  answer=$(ask "$1/openapi.json")
  check 'OpenAPI names it' says '"/v1/losses/mean_rate_loss"'
}

# with_daemon.sh runs this script again, with the address of the daemon.
if [ "${1-}" = answers ]; then
  answers "$2"
  finish
  exit
fi

copy_tree "$work/before"
cp -r "$work/before" "$work/after"
cd "$work/after" || exit 1
add_the_loss
check 'one new file, one table row and one build line were all' changed_only
check 'it builds' builds
sh "$root/tests/support/with_daemon.sh" "$work/build/src/spikelossd" "$root/tests/third_loss.sh" answers \
  >"$work/answers" 2>"$work/messages"
check 'the daemon started and stopped' [ $? -eq 0 ]
sed '$d' "$work/answers"
if [[ $(tail -n 1 "$work/answers") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
  passed=$((passed + BASH_REMATCH[1]))
  failed=$((failed + BASH_REMATCH[2]))
fi
[ $failed -eq 0 ] || sed 's/^/    /' "$work/messages"

finish
