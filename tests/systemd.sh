#!/bin/bash
# Runs the Debian package as a service of systemd, as process 1 of a machine:
#
#     tests/systemd.sh MACHINE
#
# MACHINE is the folder of a Debian system in which spikelossd is installed, such as
# tests/packages.sh makes, which runs this on each of its own. systemd-nspawn boots it, with a
# network of its own. Installs systemd and changes the configuration there. Skips (exit code 77)
# where it does not boot. The last line says "N passed, N failed".
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/support/checks.sh
source "$root/tests/support/checks.sh"
[ $# -eq 1 ] && machine=$(cd "$1" && pwd) || exit 2
[ "$(id -u)" -eq 0 ] || skip "systemd-nspawn needs root"
need systemd-nspawn nsenter findmnt pgrep curl openssl

url=http://127.0.0.1:8080
loss=/v1/losses/firing_rate_target_mse_loss
configuration=$machine/etc/spikelossd/spikelossd.conf
own_units=$machine/etc/systemd/system
work=$(mktemp -d)
name=spikelossd-test-$$
nspawn=
leader=
waiting=

# The machine is thrown away, so that it may end as if its power failed.
tidy_up() {
  touch "$work/stop"
  [ -z "$leader" ] || kill -KILL "$leader" 2>/dev/null
  [ -z "$nspawn" ] || wait "$nspawn"
  find /sys/fs/cgroup -depth -type d -path "*/$name*" -exec rmdir {} + 2>/dev/null
  rm -rf "$own_units"/spikelossd.*.d "$work" "/run/systemd/nspawn/propagate/$name"
}
trap tidy_up EXIT

install_systemd() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot "$machine" \
    apt-get install -q -y --no-install-recommends systemd-sysv >"$work/log" 2>&1
}

# In a control group of its own: otherwise two machines would share one, and end each other.
boot() {
  local group
  group=$(findmnt -nro TARGET -t cgroup2 | head -n 1)/$name
  mkdir -p "$group" || return 1
  (
    echo "$BASHPID" >"$group/cgroup.procs"
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec systemd-nspawn --quiet --boot --directory "$machine" \
      --machine "$name" --register=no --keep-unit --private-network --resolv-conf=off \
      --timezone=off --link-journal=no --console=pipe </dev/null >"$work/boot.log" 2>&1
  ) &
  nspawn=$!
  wait_until 60 is_booted || {
    tail -n 20 "$work/boot.log"
    return 1
  }
}

is_booted() {
  leader=$(pgrep -P "$nspawn")
  [ -n "$leader" ] && inside 'systemctl is-active -q multi-user.target' 2>/dev/null
}

inside() { # SHELL-COMMAND
  nsenter -t "$leader" -a env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    bash -uc "cd /; $1"
}

# Succeeds if the answer is a loss.
ask() { # CURL-ARGUMENT...
  local answer
  answer=$(nsenter -t "$leader" -n curl -sS -m 30 --json "@$root/examples/digits${loss#/v1/losses}.json" \
    "$@" 2>&1)
  [[ $answer == '{"loss":'* ]] || {
    echo "${answer:0:200}"
    return 1
  }
}

service() { # PROPERTY
  inside "systemctl show -P $1 spikelossd.service"
}

is_active() { # UNIT...
  inside "systemctl is-active -q $*"
}

# What systemctl says of a service that does not start is expected, and in the journal too.
try_to() { # VERB
  inside "systemctl $1 spikelossd.service" >/dev/null 2>&1
}

in_journal() { # PRIORITY WORDS
  inside "journalctl -q -b -u spikelossd.service -o cat -p $1..$1 | grep -qF -- '$2'"
}

# The units get these drop-ins, and lose those that they had.
use_drop_ins() { # UNIT FILE...
  rm -rf "$own_units"/spikelossd.*.d
  if [ $# -gt 0 ]; then
    mkdir "$own_units/$1.d" && cp "${@:2}" "$own_units/$1.d/"
  fi
  inside 'systemctl daemon-reload'
}

runs_confined() {
  local id
  is_active spikelossd.service && id=$(service MainPID) && inside "
    grep -E '^Uid:\s+[1-9]' /proc/$id/status &&
      grep -E '^CapEff:\s+0+$' /proc/$id/status &&
      grep -E '^NoNewPrivs:\s+1$' /proc/$id/status &&
      grep -E '^Seccomp:\s+2$' /proc/$id/status &&
      grep -E '^\S+ / ro[, ]|^\S+ / \S+ ro[, ]' /proc/$id/mounts" >/dev/null
}

scores_well() {
  inside 'systemd-analyze security --no-pager --threshold=15 spikelossd.service' >"$work/log"
  local status=$?
  tail -n 1 "$work/log" | sed 's/^/    /'
  return $status
}

first_client_starts_it() {
  try_to stop && inside 'systemctl start spikelossd.socket' && ! is_active spikelossd.service &&
    ask "$url$loss" && is_active spikelossd.service
}

ask_until_told() { # FILE
  while [ ! -e "$work/stop" ]; do
    ask "$url$loss" >>"$work/lost" && echo answered >>"$1"
  done
}

answers() {
  cat "$work"/answers.* 2>/dev/null | wc -l
}

has_more_answers_than() { # NUMBER
  [ "$(answers)" -gt "$1" ]
}

restarts_lose_nothing() {
  local client clients=() restart status=0
  for client in 1 2 3 4; do
    ask_until_told "$work/answers.$client" &
    clients+=($!)
  done
  for restart in 1 2 3; do
    wait_until 30 has_more_answers_than "$(($(answers) + 20))" && try_to restart || status=1
  done
  touch "$work/stop"
  wait "${clients[@]}"
  echo "    $(answers) answers during $restart restarts"
  head -n 5 "$work/lost"
  [ ! -s "$work/lost" ] && [ "$(answers)" -gt 60 ] && return $status
}

# The configuration of the package, and this line after it.
configure() { # [LINE]
  cat "$work/good.conf" - <<<"${1-}" >"$configuration"
}

# Tried more often than systemd, by default, lets a unit start; and a client comes meanwhile.
bad_line_keeps_socket() {
  configure 'body_bytes = many'
  try_to stop || return 1
  ask "$url$loss" &
  waiting=$!
  for _ in 1 2 3 4 5 6 7 8; do
    ! try_to restart || return 1
  done
  [ "$(service ExecMainStatus)" = 78 ] && is_active spikelossd.socket
}

error_has_priority() {
  in_journal err 'body_bytes: "many" is not' && ! in_journal info 'body_bytes: ' &&
    in_journal info ' listening on http'
}

repaired_line_works() {
  configure
  wait "$waiting" && ask "$url$loss"
}

has_process() { # PROCESS-ID
  [ "$(service MainPID)" = "$1" ]
}

reload_checks_first() {
  local id status=0
  id=$(service MainPID)
  configure 'body_bytes = many'
  ! try_to reload && has_process "$id" && ask "$url$loss" || status=1
  configure 'log_level = debug'
  try_to reload && has_process "$id" && wait_until 10 in_journal info 'have been read again' ||
    status=1
  configure
  return $status
}

# Since its start it has told the watchdog that it lives, beyond the time that this may take.
has_shown_life() {
  [ $(($(service WatchdogTimestampMonotonic) - $(service ActiveEnterTimestampMonotonic))) -gt 2000000 ]
}

is_replaced() { # PROCESS-ID
  ! has_process "$1" && is_active spikelossd.service
}

hung_daemon_is_restarted() {
  local id
  printf '[Service]\nWatchdogSec=2\n' >"$work/watchdog.conf"
  use_drop_ins spikelossd.service "$work/watchdog.conf" && try_to restart || return 1
  id=$(service MainPID)
  wait_until 10 has_shown_life && has_process "$id" && inside "kill -STOP $id" &&
    wait_until 20 is_replaced "$id" && ask "$url$loss"
}

make_secrets() { # MODE GROUP
  local secrets=$machine/etc/spikelossd
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$secrets/server.key" -out "$secrets/server.pem" \
    2>/dev/null
  echo "first $(printf '%032d' 1)" >"$secrets/tokens"
  chmod "$1" "$secrets/server.key" "$secrets/tokens"
  inside "chgrp $2 /etc/spikelossd/server.key /etc/spikelossd/tokens"
}

ask_with_token() { # NUMBER
  ask --cacert "$machine/etc/spikelossd/server.pem" --oauth2-bearer "$(printf '%032d' "$1")" \
    "https://localhost:8080$loss"
}

serves_only_token() { # NUMBER OTHER
  ask_with_token "$1" && ! ask_with_token "$2" >/dev/null
}

gets_token_by() { # VERB NUMBER
  echo "new $(printf '%032d' "$2")" >"$machine/etc/spikelossd/tokens"
  try_to "$1" && wait_until 10 serves_only_token "$2" 1
}

# A reload leaves what systemd copied at the start.
serves_secrets_of_root() {
  use_drop_ins spikelossd.service "$root/config/drop-ins/secrets-of-root.conf" &&
    make_secrets 0600 root && try_to restart && serves_only_token 1 2 && try_to reload &&
    serves_only_token 1 2 && gets_token_by restart 2
}

serves_secrets_of_group() {
  use_drop_ins spikelossd.service "$root/config/drop-ins/secrets-by-group.conf" &&
    inside 'groupadd --force --system spikelossd-secrets' && make_secrets 0640 spikelossd-secrets &&
    try_to restart && serves_only_token 1 2 && gets_token_by reload 2
}

serves_only_group() { # SOCKET
  local as="setpriv --clear-groups --reuid nobody --regid"
  local ask="spikelossd --healthcheck --listen unix:$1"
  inside "$as www-data $ask && ! $as nogroup $ask" >/dev/null 2>&1
}

socket_unit_serves_a_group() {
  use_drop_ins spikelossd.socket "$root/config/drop-ins/unix-socket.conf" && try_to stop &&
    inside 'systemctl restart spikelossd.socket' && serves_only_group /run/spikelossd.sock
}

service_serves_a_group() {
  inside 'systemctl stop -q spikelossd.socket' &&
    use_drop_ins spikelossd.service "$root/config/drop-ins/unix-group.conf" && try_to restart &&
    serves_only_group /run/spikelossd/http.sock
}

cp "$configuration" "$work/good.conf" || skip "spikelossd is not installed there"
install_systemd || {
  tail -n 20 "$work/log"
  skip 'systemd cannot be installed there'
}
boot || skip 'systemd does not boot there'
inside 'systemctl --version | head -n 1' | sed 's/^/    /'
check 'the service runs as a user of its own, without capabilities, in a read-only system' runs_confined
check 'systemd-analyze thinks that its exposure is 1.5 or less' scores_well
check 'it computes a loss' ask "$url$loss"
check 'with the socket unit, the first client starts it' first_client_starts_it
check 'restarts under load lose no request' restarts_lose_nothing
check 'a bad line of the configuration ends it with 78, however often, and the socket stays' \
  bad_line_keeps_socket
check 'the journal has the error as an error, and other lines as information' error_has_priority
check 'once the line is repaired, clients that waited and new ones are served' repaired_line_works
check 'a reload checks the configuration first, and keeps the old one if it is bad' \
  reload_checks_first
check 'a daemon that hangs is restarted, an idle one is not' hung_daemon_is_restarted
check 'a token and a key that only root may read work, new ones after a restart' \
  serves_secrets_of_root
check 'a token and a key that a group may read work, new ones after a reload' \
  serves_secrets_of_group
check 'a Unix socket of the socket unit serves one group' socket_unit_serves_a_group
check 'a Unix socket of the service serves one group' service_serves_a_group
finish
