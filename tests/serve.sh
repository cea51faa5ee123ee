#!/bin/sh
# Tests scripts/serve: questions are answered without building or installing anything, and the curl
# line that is printed works as pasted, also where a certificate and a token are needed.
#
#     tests/serve.sh DAEMON
#
# A copy of the script runs beside a build that is there already, with a meson and an apt-get that
# only write down that they were called.
set -eu

daemon=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
source=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
root="$work/a tree"
process=
trap '[ -z "$process" ] || kill "$process" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
unset SPIKELOSSD_CONFIG SPIKELOSSD_TOKEN_FILE SPIKELOSSD_TLS_CERTIFICATE

mkdir -p "$root/scripts" "$root/examples" "$work/bin"
cp "$source/scripts/serve" "$source/scripts/install.sh" "$root/scripts"
ln -s "$source/examples/digits" "$root/examples/digits"
for name in meson apt-get sudo; do
  printf '#!/bin/sh\necho %s >>%s\n' "$name" "$work/called" >"$work/bin/$name"
  chmod +x "$work/bin/$name"
done
PATH=$work/bin:$PATH

fail() {
  echo "failed: $*" >&2
  cat "$work/said" "$work/messages" >&2 2>/dev/null || :
  exit 1
}

ask() { # ARGUMENT...
  "$root/scripts/serve" "$@" >"$work/said" 2>"$work/messages" || fail "$@"
  [ ! -e "$work/called" ] || fail "$* called $(cat "$work/called")"
}

# Serves with these options until the curl line has come, runs it, and stops.
try_curl_line() { # ARGUMENT...
  : >"$work/said"
  "$root/scripts/serve" "$@" >"$work/said" 2>"$work/messages" &
  process=$!
  tail --pid "$process" -n +1 -f "$work/said" | sed -n '/^curl /{p;q}' >"$work/line"
  sh -c "$(cat "$work/line")" >"$work/answer" 2>>"$work/messages" || fail "$* gave $(cat "$work/line")"
  grep -q '^{"loss":' "$work/answer" || fail "$* gave $(cat "$work/line"): $(cat "$work/answer")"
  kill "$process"
  wait "$process" || fail "$* ended badly"
  process=
}

for flag in --help -h; do
  ask "$flag"
  grep -q config/spikelossd.conf "$work/said" || fail "$flag without a build"
done

mkdir -p "$root/build/release/src"
: >"$root/build/release/build.ninja"
ln -s "$daemon" "$root/build/release/src/spikelossd"
for flag in --help -h; do
  ask "$flag"
  grep -q -- --body-bytes "$work/said" || fail "$flag with a build"
done
for flag in --version -V; do
  ask "$flag"
  grep -q '^spikelossd [0-9]' "$work/said" || fail "$flag"
done
ask --check --body-bytes 1KiB

try_curl_line --listen 127.0.0.1:0
bin=$root/clients/python/spikeloss/bin
for name in spikelossd native.so; do
  [ -L "$bin/$name" ] || fail "the Python client does not get $name"
done
"$bin/spikelossd" --version >"$work/said" || fail 'the Python client gets another program'
# Then nothing can be written there, not even by root.
rm -r "$bin" && : >"$bin"
try_curl_line --listen "unix:$work/a socket"
try_curl_line --listen 127.0.0.1:0 --log-format json
printf '# bearers\n\nalice correct-horse-battery-staple\n' >"$work/the tokens"
printf 'listen = 127.0.0.1:0\n token_file =  %s  \n' "$work/the tokens" >"$work/file.conf"
try_curl_line --listen 127.0.0.1:0 --token-file "$work/the tokens"
try_curl_line --config="$work/file.conf"
grep -q correct-horse "$work/line" && fail 'the line shows the token'
export SPIKELOSSD_TOKEN_FILE="$work/the tokens"
# Certificates are made by openssl, which is not on every machine that only builds.
command -v openssl >/dev/null || { echo "1 passed, 0 failed"; exit; }
for names in DNS:localhost IP:127.0.0.1 'DNS:*.example.org'; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x \
    -addext "subjectAltName=$names" -keyout "$work/key" -out "$work/cert" 2>/dev/null
  try_curl_line --listen 127.0.0.1:0 --tls-certificate "$work/cert" --tls-key="$work/key"
done
echo "1 passed, 0 failed"
