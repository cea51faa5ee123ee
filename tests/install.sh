#!/bin/bash
# Installs the project and uses it as others would: a program against libspikeloss through
# pkg-config, the units, the manual page, the daemon as systemd starts it.
#
#     tests/install.sh
#
# What needs systemd or groff says so where they are missing. The last line says "N passed, N
# failed".
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
daemon_id=
trap 'stop_daemon; rm -rf "$work"' EXIT
# shellcheck source=tests/support/checks.sh
source "$root/tests/support/checks.sh"

stop_daemon() {
  [ -n "$daemon_id" ] || return 0
  kill "$daemon_id" 2>/dev/null
  wait "$daemon_id"
  daemon_id=
}

# Prints what a command says only if it fails.
quietly() {
  "$@" >"$work/log" 2>&1 || {
    cat "$work/log"
    return 1
  }
}

installs() {
  quietly meson setup "$work/build" "$root" --prefix "$prefix" --libdir lib \
    --buildtype debugoptimized -Dtests=false &&
    quietly meson compile -C "$work/build" &&
    quietly meson install -C "$work/build" --no-rebuild
}

# A package is made of files in a folder that is not yet their place.
stages() {
  quietly env DESTDIR="$work/stage" meson install -C "$work/build" --no-rebuild
}

files_in() { # FOLDER
  (cd "$1" && find . ! -type d | sort)
}

has_every_file() { # FOLDER
  diff <(files_in "$1") - <<FILES
./bin/spikelossd
./etc/spikelossd/spikelossd.conf
./include/spikeloss/error.h
./include/spikeloss/export.h
./include/spikeloss/kernels.h
./include/spikeloss/losses.h
./include/spikeloss/spikeloss.h
./include/spikeloss/spikes.h
./include/spikeloss/version.h
./lib/libspikeloss.a
./lib/libspikeloss.so
./lib/libspikeloss.so.0
./lib/libspikeloss.so.$version
./lib/pkgconfig/spikeloss.pc
./lib/systemd/system/spikelossd.service
./lib/systemd/system/spikelossd.socket
./share/bash-completion/completions/spikelossd
./share/man/man8/spikelossd.8
FILES
}

# Through pkg-config alone, with every warning an error.
compiles() { # PROGRAM COMPILER STANDARD SOURCE PKG-CONFIG-ARGUMENT...
  local program=$1 compiler=$2 standard=$3 source=$4 flags
  shift 4
  flags=$(pkg-config --cflags --libs "$@" spikeloss) || return 1
  # shellcheck disable=SC2086
  quietly "$compiler" "-std=$standard" -Wall -Wextra -Wpedantic -Werror -o "$program" \
    "$root/examples/library/$source" $flags
}

# A program of the prefix finds its library there, and says what the documentation says.
computes() { # PROGRAM LIBRARY-FOLDER
  LD_LIBRARY_PATH=$2 "$1" | diff "$root/examples/library/expected.txt" -
}

links_statically() { # PROGRAM
  quietly cc -std=c17 -o "$1" "$root/examples/library/worked_example.c" -I "$prefix/include" \
    "$prefix/lib/libspikeloss.a" -lm
}

installs_the_client() {
  quietly meson setup "$work/client" "$root/clients/c" --prefix "$prefix" --libdir lib &&
    quietly meson install -C "$work/client"
}

# The same loss from libspikeloss and, through the client, from the daemon.
counts_without_spikes() { # PROGRAM
  LD_LIBRARY_PATH=$prefix/lib sh "$root/tests/support/with_daemon.sh" "$prefix/bin/spikelossd" "$1" \
    2>"$work/log" | diff "$root/examples/spike_counters/expected.txt" - && return 0
  cat "$work/log"
  return 1
}

is_linked_with_the_soname() { # PROGRAM
  readelf -d "$1" | grep -qF '[libspikeloss.so.0]'
}

# What the headers declare is what the library exports, but for what a program never calls and for
# what the headers define.
exports_what_is_declared() {
  diff <(grep -hoE '\bsl_[a-z_]+\(' "$prefix"/include/spikeloss/*.h | tr -d '(' | sort -u |
    grep -vxE 'sl_fail|sl_fail_at|sl_[a-z_]+_defaults') \
    <(nm -D --defined-only "$prefix/lib/libspikeloss.so" | awk '{print $3}' | sort)
}

keeps_an_edited_configuration() {
  local file=$prefix/etc/spikelossd/spikelossd.conf
  echo 'log_level = debug' >>"$file"
  quietly meson install -C "$work/build" --no-rebuild && [ "$(tail -n 1 "$file")" = 'log_level = debug' ]
}

completes_options() {
  local COMPREPLY=()
  # shellcheck source=install/spikelossd.bash
  source "$prefix/share/bash-completion/completions/spikelossd" &&
    _spikelossd "$prefix/bin/spikelossd" --body
  [ "${COMPREPLY[*]}" = --body-bytes ]
}

same_version() {
  [ "$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --modversion spikeloss)" = "$version" ] &&
    [[ $("$prefix/bin/spikelossd" --version) == "spikelossd $version "* ]]
}

flags_of_help() {
  "$prefix/bin/spikelossd" --help | sed -nE 's/^  --([a-z-]+).*/\1/p'
}

# The page has every flag, in the order of --help, and no other.
manual_names_every_option() {
  local flags
  flags=$(flags_of_help)
  [ "$(wc -l <<<"$flags")" -gt 20 ] &&
    diff <(sed -nE 's/^\.It Fl Fl ([a-z-]+).*/\1/p' "$manual") <(echo "$flags")
}

manual_has_no_mistakes() {
  groff -mdoc -ww -z -rLL=200n "$manual" 2>"$work/log"
  cat "$work/log"
  [ ! -s "$work/log" ] && ! grep -q '@' "$manual" && grep -q "$prefix/etc" "$manual"
}

units_are_good() {
  systemd-analyze verify --man=no "$units/spikelossd.service" "$units/spikelossd.socket" \
    >"$work/log" 2>&1 && [ ! -s "$work/log" ] && return 0
  cat "$work/log"
  return 1
}

# Of 10 points of exposure at most 1.5.
service_is_confined() {
  quietly systemd-analyze security --offline=true --threshold=15 "$units/spikelossd.service"
}

# With systemd's own tool in the place of systemd: it listens, and starts the daemon for the first
# client.
serves_an_activated_socket() {
  local socket=$work/activated.sock
  systemd-socket-activate -l "$socket" "$prefix/bin/spikelossd" \
    --config "$prefix/etc/spikelossd/spikelossd.conf" 2>"$work/log" &
  daemon_id=$!
  wait_until 30 test -S "$socket" &&
    [ "$(curl -sS --noproxy '*' --max-time 30 --unix-socket "$socket" http://localhost/readyz)" = ok ] &&
    "$prefix/bin/spikelossd" --listen "unix:$socket" --healthcheck >/dev/null
}

prefix=$work/prefix
version=$(sed -nE "s/^ *version: '([0-9.]+)',/\\1/p" "$root/meson.build")
manual=$prefix/share/man/man8/spikelossd.8
units=$prefix/lib/systemd/system

check 'meson install succeeds' installs
check 'every file is in its place, and no other' has_every_file "$prefix"
check 'a staged installation has the same files' stages
check 'in the same places' has_every_file "$work/stage$prefix"

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
for standard in c11 c17; do
  check "the example in C compiles as $standard" compiles "$work/c" cc $standard worked_example.c
  check 'and computes the worked examples' computes "$work/c" "$prefix/lib"
done
for standard in c++17 c++20; do
  check "the example in C++ compiles as $standard" \
    compiles "$work/c++" c++ $standard worked_example.cpp
  check 'and computes the worked examples' computes "$work/c++" "$prefix/lib"
done
check 'programs need the library by its soname' is_linked_with_the_soname "$work/c"
check 'the library exports what its headers declare' exports_what_is_declared
check 'the example links statically' links_statically "$work/static"
check 'and computes the worked examples' computes "$work/static" /nowhere
check 'the client of C installs beside it' installs_the_client
check 'the example of spike counters compiles' \
  compiles "$work/counters" cc c17 ../spike_counters/spike_counters.c spikeloss-client
check 'and computes the same by library and daemon' counts_without_spikes "$work/counters"
export PKG_CONFIG_PATH=$work/stage$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/stage
check 'the example compiles against the stage' compiles "$work/staged" cc c17 worked_example.c
check 'and computes the worked examples' computes "$work/staged" "$work/stage$prefix/lib"
unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
check 'an edited configuration survives another installation' keeps_an_edited_configuration
check 'the shell completes options' completes_options
check 'library and daemon have one version' same_version
check 'the configuration is valid' \
  quietly "$prefix/bin/spikelossd" --config "$prefix/etc/spikelossd/spikelossd.conf" --check
check 'the manual page names every option' manual_names_every_option

if command -v groff >/dev/null; then
  check 'the manual page has no mistakes' manual_has_no_mistakes
else
  echo 'SKIPPED: groff is missing, nobody has read the manual page' >&2
fi
if command -v systemd-analyze >/dev/null; then
  check 'systemd finds nothing wrong with the units' units_are_good
  check 'the service is confined' service_is_confined
  check 'a socket that systemd opened is served' serves_an_activated_socket
  stop_daemon
else
  echo 'SKIPPED: systemd is missing, nobody has read the units' >&2
fi
finish
