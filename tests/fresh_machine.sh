#!/bin/bash
# Shows, as root, that the README is true on machines that have nothing:
#
#     tests/fresh_machine.sh [RELEASE...]      by default bookworm and trixie, Debian 12 and 13
#
# debootstrap makes each, at the same time, in a temporary folder, with this machine's apt sources;
# each takes some minutes and about 2 GB below $TMPDIR. A clone of the last commit goes in,
# scripts/serve is started in it, the curl line that it prints is run as it stands, and then
# scripts/test; in the end the machine's clang builds everything. Skips (exit code 77) where that
# cannot be tried. The last line says "N passed, N failed".
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/checks.sh
source "$root/tests/support/checks.sh"
[ "$(id -u)" -eq 0 ] || skip "chroot needs root"
need debootstrap git

# Machines share nothing, so each is a run of its own; their words come one after the other.
several() { # RELEASE...
  local logs release jobs=() job summary skipped=0
  logs=$(mktemp -d)
  for release; do
    "$0" "$release" >"$logs/$release" 2>&1 &
    jobs+=($!)
  done
  for release; do
    wait "${jobs[0]}"
    job=$?
    jobs=("${jobs[@]:1}")
    echo "$release:"
    summary=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$logs/$release" | tail -n 1)
    grep -vxF "${summary:-none}" "$logs/$release"
    case $job:$summary in
    77:*) skipped=$((skipped + 1)) ;;
    *:) check "$release is tried to the end" false ;;
    *) passed=$((passed + ${summary%% *})) failed=$((failed + $(cut -d ' ' -f 3 <<<"$summary"))) ;;
    esac
  done
  rm -r "$logs"
  [ "$skipped" -lt $# ] || skip "no machine could be made"
  finish
}

[ $# -gt 0 ] || set -- bookworm trixie
release=$1
if [ $# -gt 1 ]; then
  several "$@"
  exit
fi

work=$(mktemp -d)
machine=$work/machine
serve_id=

tidy_up() {
  [ -z "$serve_id" ] || kill "$serve_id" 2>/dev/null
  umount "$machine/dev/pts" "$machine/proc" 2>/dev/null
  mountpoint -q "$machine/proc" || mountpoint -q "$machine/dev/pts" || rm -rf "$work"
}
trap tidy_up EXIT

make_machine() {
  local this sources=/etc/apt/sources.list.d/debian.sources
  [ -e "$sources" ] || sources=/etc/apt/sources.list
  this=$(. /etc/os-release && echo "$VERSION_CODENAME")
  export DPKG_FORCE=unsafe-io # a machine that a crash loses is made again
  debootstrap --variant=minbase "$release" "$machine" >"$work/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log" >&2
    skip "debootstrap failed"
  }
  rm -f "$machine/etc/apt/sources.list"
  sed "s/\b$this\b/$release/g" "$sources" >"$machine$sources"
  cp /etc/apt/apt.conf.d/docker-* "$machine/etc/apt/apt.conf.d/" 2>/dev/null
  cp /etc/resolv.conf "$machine/etc/resolv.conf"
  echo '127.0.0.1 localhost' >"$machine/etc/hosts" # an installer writes it, debootstrap does not
  mount -t proc proc "$machine/proc" || skip "proc cannot be mounted here"
  [ -c "$machine/dev/null" ] || mknod -m 666 "$machine/dev/null" c 1 3
  mkdir -p "$machine/dev/pts"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$machine/dev/pts" || skip "no terminals here"
  ln -sf pts/ptmx "$machine/dev/ptmx"
}

# Becomes the command, so that in the background its process id is the daemon's in the end.
become() { # SHELL-COMMAND
  exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    chroot "$machine" bash -c "cd /root/spikelossd && $1"
}

inside() { # SHELL-COMMAND
  (become "$1")
}

# The line comes through a pipe: reading it is waiting for the daemon.
start_serving() {
  mkfifo "$work/said"
  become 'SPIKELOSSD_LISTEN=127.0.0.1:0 exec scripts/serve' >"$work/said" 2>"$work/serve.log" &
  serve_id=$!
  curl_line=
  read -r curl_line <"$work/said"
  [[ $curl_line == curl\ * ]] || {
    tail -n 30 "$work/serve.log"
    return 1
  }
}

gives_the_stated_loss() {
  local answer loss
  answer=$(inside "$curl_line")
  loss=$(sed -n '/"firing_rate/,/}/s/.*"loss": \([^,]*\),*/\1/p' "$root/examples/digits/expected.json")
  echo "    $curl_line"
  echo "    ${answer:0:200}"
  [ -n "$loss" ] && [[ $answer == "{\"loss\":$loss,"* ]]
}

stops() {
  kill "$serve_id" && wait "$serve_id"
  local status=$?
  serve_id=
  return $status
}

tests_pass() {
  inside scripts/test >"$work/test.log" 2>&1
  local status=$?
  tail -n 1 "$work/test.log" | sed 's/^/    /'
  [ $status -eq 0 ] || tail -n 60 "$work/test.log"
  return $status
}

its_clang_builds() {
  inside 'apt-get install -q -y --no-install-recommends clang &&
    CC=clang meson setup build/clang -Dwerror=true && meson compile -C build/clang' \
    >"$work/clang.log" 2>&1 && return
  grep -A 5 -E 'error|warning' "$work/clang.log" | tail -n 30
  return 1
}

make_machine
git clone -q "$root" "$machine/root/spikelossd"
check 'scripts/serve installs, builds and serves' start_serving
check 'the printed curl line gives the loss that the README states' gives_the_stated_loss
check 'the daemon ends well when asked to' stops
check 'scripts/test passes' tests_pass
check 'clang finds nothing to warn of' its_clang_builds

finish
