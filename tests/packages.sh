#!/bin/bash
# Makes the packages of scripts/package and uses them on machines that have nothing else.
#
#     tests/packages.sh        as root, some minutes
#
# debootstrap makes minimal machines of Debian 12 and 13 in a temporary folder. Each gets the Debian
# packages, whose service tests/systemd.sh runs, and the wheel in a virtual environment that has
# nothing else. Prints sizes, and the seconds of each step. Skips (exit code 77) where that cannot be
# tried. The last line says "N passed, N failed".
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/checks.sh
source "$root/tests/support/checks.sh"
[ "$(id -u)" -eq 0 ] || skip "chroot needs root"
need autopkgtest debootstrap git dpkg-buildpackage dh lintian patchelf npm

work=$(mktemp -d)
log=$work/log
releases=(bookworm trixie)

tidy_up() {
  local release
  for release in "${releases[@]}"; do
    umount --lazy "$work/$release/proc" 2>/dev/null # something may still end there
  done
  rm -rf --one-file-system "$work"
}
trap tidy_up EXIT

enter() {
  mount -t proc proc "$machine/proc" || skip "proc cannot be mounted here"
}

# Prints what a command says only if it fails.
quietly() {
  "$@" >"$log" 2>&1 || {
    tail -n 40 "$log"
    return 1
  }
}

packages_are_made() {
  quietly git clone "$root" "$work/source" && quietly "$work/source/scripts/package" || return 1
  mkdir "$work/tried" && cp -r "$work/source/dist" "$work/tried/"
  git -C "$work/source" archive HEAD debian examples tests/support | tar -x -C "$work/tried"
  (cd "$work/tried/dist" && wc -c -- *)
}

lintian_is_silent() {
  lintian --allow-root --fail-on error,warning "$work"/tried/dist/*.deb
}

has_its_license() { # TARBALL
  tar -tzf "$1" | grep '/LICENSE$' >/dev/null # to its end: grep -q would break the pipe
}

make_machine() { # RELEASE
  local this sources=/etc/apt/sources.list.d/debian.sources
  [ -e "$sources" ] || sources=/etc/apt/sources.list
  # shellcheck source=/dev/null
  this=$(. /etc/os-release && echo "$VERSION_CODENAME")
  machine=$work/$1
  log=$work/$1.log
  DPKG_FORCE=unsafe-io quietly debootstrap --variant=minbase "$1" "$machine" ||
    skip "debootstrap failed"
  echo force-unsafe-io >"$machine/etc/dpkg/dpkg.cfg.d/unsafe-io" # it may be lost
  rm -f "$machine/etc/apt/sources.list"
  sed "s/\b$this\b/$1/g" "$sources" >"$machine$sources"
  cp /etc/apt/apt.conf.d/docker-* "$machine/etc/apt/apt.conf.d/" 2>/dev/null
  cp /etc/resolv.conf "$machine/etc/resolv.conf"
  echo '127.0.0.1 localhost' >"$machine/etc/hosts"
  enter
  [ -c "$machine/dev/null" ] || mknod -m 666 "$machine/dev/null" c 1 3
  cp -r "$work/tried" "$machine/root/source"
}

# Prints how many seconds it takes.
inside() { # SHELL-COMMAND
  local TIMEFORMAT='    %R s'
  time quietly env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive chroot "$machine" bash -euc "cd /root/source; $1"
}

# Counts the checks of tests/systemd.sh, to which the machine is left.
try_under_systemd() { # RELEASE
  local status
  local TIMEFORMAT='    %R s'
  umount "$machine/proc"
  time "$root/tests/systemd.sh" "$machine" >"$log" 2>&1
  status=$?
  enter
  sed -E "\$d; s/^((not )?ok - )/\1$1: /" "$log"
  if [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
  elif [ $status -eq 77 ]; then
    echo "SKIPPED, the service of $1 was not run: $(tail -n 1 "$log")"
  else
    check "$1: the service is tried to the end" false
  fi
}

the_service() { # RELEASE
  check "$1: the service installs" \
    inside 'apt-get update -q; apt-get install -q -y --no-install-recommends ./dist/spikelossd_*.deb'
  check "$1: and starts with the machine" \
    inside 'test -L /etc/systemd/system/multi-user.target.wants/spikelossd.service'
  check "$1: its configuration is valid" \
    inside 'spikelossd --config /etc/spikelossd/spikelossd.conf --check'
  try_under_systemd "$1"
  check "$1: an edited configuration survives an upgrade" \
    inside 'echo "log_level = debug" >>/etc/spikelossd/spikelossd.conf
      apt-get install -q -y --reinstall ./dist/spikelossd_*.deb
      grep -x "log_level = debug" /etc/spikelossd/spikelossd.conf'
  check "$1: the service can be removed" inside 'apt-get purge -q -y --autoremove spikelossd'
}

the_wheel() { # RELEASE
  check "$1: there is an empty virtual environment, without NumPy" \
    inside 'apt-get install -q -y --no-install-recommends python3-venv
      python3 -m venv /root/venv
      ! /root/venv/bin/python -c "import numpy"'
  check "$1: the wheel installs, without an index" \
    inside '/root/venv/bin/pip install --no-index dist/spikeloss-*.whl'
  check "$1: its kernels in C load" inside '/root/venv/bin/python -c "
import ctypes, pathlib, spikeloss
library = pathlib.Path(spikeloss.__file__).with_name(\"bin\") / \"native.so\"
assert ctypes.CDLL(str(library)).spikeloss_native_start(None) == 1"'
  check "$1: and serves its own process" inside '/root/venv/bin/python -c "
import spikeloss
with spikeloss.local_server() as client:
    result = client.firing_rate_target_mse_loss([[[1, 0], [0, 0]]], offsets=[0], multipliers=[2])
assert (result.loss, result.gradients.spikes_list) == (0.25, ([[0.5, 0.5]] * 2,)), result"'
  check "$1: python -m spikeloss serve serves others" \
    inside 'echo "exec /root/venv/bin/python -m spikeloss serve \"\$@\"" >/root/serve
      chmod +x /root/serve
      sh tests/support/with_daemon.sh /root/serve /root/venv/bin/python -c "
import spikeloss, sys
assert spikeloss.Client(sys.argv[1]).spike_count_mse([[[1, 0]]], [0], 2, 1, 0).loss == 0"'
}

# debian/tests, each with its packages alone, as Debian runs them.
autopkgtest_passes() {
  local TIMEFORMAT='    %R s' status
  time autopkgtest --no-built-binaries --summary-file "$machine.summary" \
    "$work"/tried/dist/*.deb "$work/tried/" -- chroot "$machine" >"$log" 2>&1
  status=$?
  sed 's/^/    /' "$machine.summary"
  [ $status -eq 2 ] && return # passed, but for what needs a machine of its own
  tail -n 40 "$log"
  return 1
}

try_on() { # RELEASE
  make_machine "$1"
  the_service "$1"
  the_wheel "$1"
  check "$1: autopkgtest passes" autopkgtest_passes
}

# Machines share nothing, so they are tried at the same time. Their words come one after the other.
try_all() {
  local release job jobs=() unmade=
  for release in "${releases[@]}"; do
    (try_on "$release") >"$work/$release.said" 2>&1 &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do
    wait "$job"
    case $? in
    0) ;;
    77) unmade=1 ;;
    *) check 'a machine is tried to the end' false ;;
    esac
  done
  for release in "${releases[@]}"; do
    cat "$work/$release.said"
    passed=$((passed + $(grep -c '^ok - ' "$work/$release.said")))
    failed=$((failed + $(grep -c '^not ok - ' "$work/$release.said")))
  done
  [ -z "$unmade" ] || skip 'a machine could not be made'
}

check 'the packages are made' packages_are_made
check 'lintian finds neither errors nor warnings' lintian_is_silent
for tarball in "$work"/tried/dist/*.t*gz; do
  check "$(basename "$tarball") has its license" has_its_license "$tarball"
done
try_all
finish
