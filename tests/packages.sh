#!/bin/bash
# Makes the packages of scripts/package and uses them on machines that have nothing else.
#
#     tests/packages.sh        as root, some minutes
#
# debootstrap makes minimal machines of Debian 12 and 13 in a temporary folder. Each gets the Debian
# packages, and a virtual environment the wheel; NumPy and urllib3, which the wheel needs, come from
# Debian. Skips (exit code 77) where that cannot be tried. The last line says "N passed, N failed".
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/checks.sh
source "$root/tests/support/checks.sh"
[ "$(id -u)" -eq 0 ] || skip "chroot needs root"
need debootstrap git dpkg-buildpackage dh lintian patchelf npm

work=$(mktemp -d)
machine=

tidy_up() {
  leave
  rm -rf --one-file-system "$work"
}
trap tidy_up EXIT

leave() {
  [ -z "$machine" ] || umount "$machine/proc" 2>/dev/null
}

# Prints what a command says only if it fails.
quietly() {
  "$@" >"$work/log" 2>&1 || {
    tail -n 40 "$work/log"
    return 1
  }
}

packages_are_made() {
  quietly git clone "$root" "$work/source" && quietly "$work/source/scripts/package" || return 1
  ls "$work/source/dist"
}

lintian_is_silent() {
  lintian --allow-root --fail-on error,warning "$work"/source/dist/*.deb
}

has_its_license() { # TARBALL
  tar -tzf "$1" | grep '/LICENSE$' >/dev/null # to its end: grep -q would break the pipe
}

make_machine() { # RELEASE
  local this sources=/etc/apt/sources.list.d/debian.sources
  [ -e "$sources" ] || sources=/etc/apt/sources.list
  # shellcheck source=/dev/null
  this=$(. /etc/os-release && echo "$VERSION_CODENAME")
  DPKG_FORCE=unsafe-io quietly debootstrap --variant=minbase "$1" "$work/$1" ||
    skip "debootstrap failed"
  machine=$work/$1
  rm -f "$machine/etc/apt/sources.list"
  sed "s/\b$this\b/$1/g" "$sources" >"$machine$sources"
  cp /etc/apt/apt.conf.d/docker-* "$machine/etc/apt/apt.conf.d/" 2>/dev/null
  cp /etc/resolv.conf "$machine/etc/resolv.conf"
  echo '127.0.0.1 localhost' >"$machine/etc/hosts"
  mount -t proc proc "$machine/proc" || skip "proc cannot be mounted here"
  [ -c "$machine/dev/null" ] || mknod -m 666 "$machine/dev/null" c 1 3
  cp -r "$work/source/dist" "$work/source/examples" "$work/source/debian" "$machine/root/"
}

inside() { # SHELL-COMMAND
  quietly env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive chroot "$machine" bash -euc "cd /root; $1"
}

try_on() { # RELEASE
  make_machine "$1"
  check "$1: the service installs" \
    inside 'apt-get update -q; apt-get install -q -y --no-install-recommends ./dist/spikelossd_*.deb'
  check "$1: and starts with the machine" \
    inside 'test -L /etc/systemd/system/multi-user.target.wants/spikelossd.service'
  check "$1: its configuration is valid" \
    inside 'spikelossd --config /etc/spikelossd/spikelossd.conf --check'
  check "$1: an edited configuration survives an upgrade" \
    inside 'echo "log_level = debug" >>/etc/spikelossd/spikelossd.conf
      apt-get install -q -y --reinstall ./dist/spikelossd_*.deb
      grep -x "log_level = debug" /etc/spikelossd/spikelossd.conf'
  check "$1: the service can be removed" inside 'apt-get purge -q -y --autoremove spikelossd'
  check "$1: the wheel installs" \
    inside 'apt-get install -q -y --no-install-recommends python3-venv python3-numpy python3-urllib3
      python3 -m venv --system-site-packages venv
      venv/bin/pip install --no-index dist/spikeloss-*.whl'
  check "$1: it brings the daemon" inside 'venv/bin/python -m spikeloss serve --version'
  check "$1: and serves its own process" inside 'venv/bin/python -c "
import numpy, spikeloss
with spikeloss.local_server() as client:
    print(client.firing_rate_target_mse_loss([numpy.eye(4)], offsets=[0.25], multipliers=[1]))"'
  check "$1: the library builds programs" \
    inside 'apt-get install -q -y --no-install-recommends gcc libc6-dev pkg-config ./dist/libspikeloss*.deb
      debian/tests/library'
  leave
}

check 'the packages are made' packages_are_made
check 'lintian finds neither errors nor warnings' lintian_is_silent
for tarball in "$work"/source/dist/*.t*gz; do
  check "$(basename "$tarball") has its license" has_its_license "$tarball"
done
try_on bookworm
try_on trixie
finish
