#!/bin/bash
# Shows, by hand and as root, that the README is true on a machine that has nothing:
#
#     tests/fresh_machine.sh          takes some minutes and about 1.5 GB below $TMPDIR
#
# debootstrap makes a minimal Debian 12 in a temporary folder, with this machine's apt sources. A
# clone of the last commit goes in, scripts/serve is started in it, the curl line that it prints is
# run as it stands, and then scripts/test. Skips (exit code 77) where that cannot be tried. The last
# line says "N passed, N failed".
#
# The chroot shares this machine's network, and serve its port: 8080 on loopback has to be free.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/checks.sh
source "$root/tests/support/checks.sh"
[ "$(id -u)" -eq 0 ] || skip "chroot needs root"
need debootstrap git

work=$(mktemp -d)
machine=$work/machine
serve_id=

tidy_up() {
  [ -z "$serve_id" ] || kill "$serve_id" 2>/dev/null
  umount "$machine/dev/null" "$machine/proc" 2>/dev/null
  mountpoint -q "$machine/proc" || rm -rf "$work"
}
trap tidy_up EXIT

make_machine() {
  debootstrap --variant=minbase bookworm "$machine" >"$work/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log" >&2
    skip "debootstrap failed"
  }
  rm -f "$machine/etc/apt/sources.list"
  cp /etc/apt/sources.list.d/debian.sources "$machine/etc/apt/sources.list.d/" 2>/dev/null ||
    cp /etc/apt/sources.list "$machine/etc/apt/sources.list"
  cp /etc/apt/apt.conf.d/docker-* "$machine/etc/apt/apt.conf.d/" 2>/dev/null
  cp /etc/resolv.conf "$machine/etc/resolv.conf"
  echo '127.0.0.1 localhost' >"$machine/etc/hosts" # an installer writes it, debootstrap does not
  mount -t proc proc "$machine/proc" || skip "proc cannot be mounted here"
  [ -c "$machine/dev/null" ] || mknod -m 666 "$machine/dev/null" c 1 3
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
  become 'exec scripts/serve' >"$work/said" 2>"$work/serve.log" &
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

make_machine
git clone -q "$root" "$machine/root/spikelossd"
check 'scripts/serve installs, builds and serves' start_serving
check 'the printed curl line gives the loss that the README states' gives_the_stated_loss
check 'the daemon ends well when asked to' stops
check 'scripts/test passes' tests_pass

finish
