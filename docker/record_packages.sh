#!/bin/bash
# Records which Debian packages the libraries of an image come from: status and checksums, where
# scanners look for them in images without dpkg, and copyright files with the licenses that they
# name.
#
#     docker/record_packages.sh IMAGE-FOLDER       where the same libraries are installed
set -euo pipefail

image=$1
status=$image/var/lib/dpkg/status.d
documents=$image/usr/share/doc
mkdir -p "$status" "$documents/spikelossd"

# The package that owns a file, by either name where /lib is a link to /usr/lib.
package_of() { # FILE
  local file
  file=$(realpath "$1")
  { dpkg-query -S "$file" 2>/dev/null || dpkg-query -S "${file#/usr}"; } | sed 's/: .*//'
}

record() { # FILE
  local package name
  package=$(package_of "$1")
  name=${package%:*}
  if [ ! -e "$status/$name" ]; then
    dpkg-query -s "$package" >"$status/$name"
    install -D -m 644 "/usr/share/doc/$name/copyright" "$documents/$name/copyright"
  fi
  echo "$(md5sum <"$1" | cut -d ' ' -f 1)  ${1#/}" >>"$status/$name.md5sums"
}

find "$image" -name '*.so.*' -printf '/%P\n' | sort | while read -r library; do
  record "$library"
done
install -m 644 "$(dirname "$0")/../LICENSE" "$documents/spikelossd/copyright"
grep -rhoE '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' "$documents" | sort -u |
  while read -r license; do
    install -D -m 644 "$license" "$image$license"
  done
install -D -m 644 /usr/lib/os-release "$image/etc/os-release"
