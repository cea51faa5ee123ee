#!/bin/bash
# Builds the image of docker/Dockerfile with podman, looks into it, and runs it as a careful cluster
# would: read-only root, no capability, no network but its own, 64 MiB of memory. Then the deployment of
# docker/kubernetes is played by podman, too.
#
#     tests/container.sh           as root; about a minute; needs podman, runc, debootstrap, curl
#
# Skips (exit code 77) where podman cannot run. The last line says "N passed, N failed".
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
# shellcheck source=tests/support/checks.sh
source "$root/tests/support/checks.sh"
# shellcheck source=tests/support/podman.sh
source "$root/tests/support/podman.sh"
image=localhost/spikelossd:test
address=http://127.0.0.1:8080
largest_image=$((25 * 1000 * 1000))
memory_limit=$((64 * 1024 * 1024))

tidy_up() {
  stop_podman
  rm -rf "$work"
}
trap tidy_up EXIT
trap 'exit 1' INT TERM

builds() {
  podman build --network host --pull=never --format docker \
    -f "$root/docker/Dockerfile" -t $image "$root" >"$work/build.log" 2>&1 || {
    tail -n 40 "$work/build.log"
    return 1
  }
}

is_small() {
  local size
  size=$(podman image inspect -f '{{.Size}}' $image)
  echo "    $size bytes"
  [ "$size" -le $largest_image ]
}

unpack_image() {
  local container
  container=$(podman create $image) &&
    mkdir "$work/image" &&
    podman export "$container" | tar -C "$work/image" -xf - &&
    podman rm "$container" >/dev/null
}

# Programs are known by their first bytes, libraries by their names; podman itself puts empty files
# for its mounts there.
holds_only_the_daemon() {
  local file others
  others=$(cd "$work/image" && find . -type f -size +0 -print | while read -r file; do
    case $file in
    ./usr/bin/spikelossd | ./etc/spikelossd/spikelossd.conf | ./lib*/ld-linux*.so.*) ;;
    ./lib/*.so.* | ./usr/lib/*.so.*) ;;
    ./var/lib/dpkg/status.d/* | ./usr/share/doc/*/copyright) ;;
    ./usr/share/common-licenses/* | ./etc/os-release) ;;
    *) echo "$file" ;;
    esac
  done)
  [ -z "$others" ] || printf '    unexpected: %s\n' "$others"
  [ -z "$others" ]
}

# By their checksums, as scanners know files; and with all licenses that the copyright files name.
says_of_which_packages_it_is() {
  local library sum package license
  find "$work/image" -name '*.so.*' -size +0 >"$work/libraries"
  while read -r library; do
    sum=$(md5sum <"$library" | cut -d ' ' -f 1)
    package=$(grep -l "^$sum " "$work"/image/var/lib/dpkg/status.d/*.md5sums) || return 1
    package=$(basename "$package" .md5sums)
    grep -qx "Package: $package" "$work/image/var/lib/dpkg/status.d/$package" &&
      grep -q '^Version: [0-9]' "$work/image/var/lib/dpkg/status.d/$package" &&
      [ -s "$work/image/usr/share/doc/$package/copyright" ] || return 1
  done <"$work/libraries"
  grep -rhoE '/usr/share/common-licenses/L?GPL-[0-9.]*[0-9]' "$work/image/usr/share/doc" >"$work/licenses"
  while read -r license; do
    [ -s "$work/image$license" ] || return 1
  done <"$work/licenses"
  [ -s "$work/libraries" ] && [ -s "$work/licenses" ] &&
    cmp "$root/LICENSE" "$work/image/usr/share/doc/spikelossd/copyright"
}

has_a_label_with_their_licenses() {
  local label
  label=$(podman image inspect -f '{{index .Labels "org.opencontainers.image.licenses"}}' $image)
  [[ $label == MIT\ AND\ *LGPL-2.1-or-later* ]]
}

has_the_label_of_its_version() {
  local label version
  label=$(podman image inspect -f '{{index .Labels "org.opencontainers.image.version"}}' $image)
  version=$(podman run --rm --network none $image --version)
  [[ $version == "spikelossd $label "* ]]
}

# Not every kernel or container lets us limit memory: then the rest is shown without.
may_limit_memory() {
  podman run --rm --network none --memory 64m $image --version >/dev/null 2>&1
}

starts() { # CONTAINER PODMAN-RUN-ARGUMENT...
  local name=$1
  shift
  podman run -d --name "$name" --network none --read-only --cap-drop all \
    --security-opt no-new-privileges --pids-limit 64 "${memory[@]}" "$@" $image >/dev/null &&
    wait_until 10 is_ready "$name"
}

is_ready() { # CONTAINER
  inside "$1" curl -fsS "$address/readyz" >/dev/null 2>&1
}

is_not_ready() { # CONTAINER
  ! is_ready "$1"
}

is_confined() { # CONTAINER
  local status
  status=/proc/$(podman inspect -f '{{.State.Pid}}' "$1")/status
  grep -q '^Uid:.10001.10001.10001.10001$' "$status" &&
    grep -q '^CapEff:.0*$' "$status" &&
    grep -q '^CapBnd:.0*$' "$status" &&
    grep -q '^NoNewPrivs:.1$' "$status"
}

passes_the_smoke_test() { # CONTAINER
  inside "$1" sh "$root/tests/smoke.sh" $address >"$work/smoke.log" 2>&1
  local status=$?
  tail -n 1 "$work/smoke.log" | sed 's/^/    smoke test: /'
  [ $status -eq 0 ] || grep -A 1 '^not ok' "$work/smoke.log"
  return $status
}

memory_file() { # CONTAINER V1-NAME V2-NAME
  local cgroups folder
  cgroups=/proc/$(podman inspect -f '{{.State.Pid}}' "$1")/cgroup
  folder=$(sed -n 's/^[0-9]*:memory://p' "$cgroups")
  if [ -n "$folder" ]; then
    cat "/sys/fs/cgroup/memory$folder/$2"
  else
    cat "/sys/fs/cgroup$(sed -n 's/^0:://p' "$cgroups")/$3"
  fi
}

is_limited() { # CONTAINER
  [ "$(memory_file "$1" memory.limit_in_bytes memory.max)" -eq $memory_limit ]
}

# Four uploads of 25.6 MB at once are more than the limit, if anything of them were kept.
answers_large_uploads() { # CONTAINER
  local uploads=() i status=0
  for i in 1 2 3 4; do
    inside "$1" curl -sS --json "@$work/large.json" $address/v1/losses/balanced_population_mse \
      >"$work/answer.$i" &
    uploads+=($!)
  done
  for i in 1 2 3 4; do
    wait "${uploads[i - 1]}" && [[ $(<"$work/answer.$i") == '{"loss":1600,'* ]] || status=1
  done
  echo "    most memory in use: $(memory_file "$1" memory.max_usage_in_bytes memory.peak) bytes"
  return $status
}

# Forty at once, a second long each, want more than twice the limit for their sums: they have few
# steps, so many of them, and spikes are twos, as sums of graded values take ten times the memory of
# counts. Some are told to come again, none is lost, and the kernel kills nothing.
survives_a_crowd() { # CONTAINER
  local uploads=() upload i answered refused
  "$root/tests/support/large_request.sh" 400 32 | sed 's/1,0,0,0,0/2,0,0,0,0/g' >"$work/graded.json"
  for i in $(seq 40); do
    inside "$1" curl -sS -X POST -H 'Content-Type: application/json' -T "$work/graded.json" \
      --limit-rate 20M -o "$work/answer.$i" -w '%{http_code}\n' \
      $address/v1/losses/balanced_population_mse >"$work/status.$i" &
    uploads+=($!)
  done
  for upload in "${uploads[@]}"; do
    wait "$upload" || return 1
  done
  answered=$(cat "$work"/status.* | grep -cx 200)
  refused=$(cat "$work"/status.* | grep -cx 503)
  echo "    $answered answered, $refused told to come again;" \
    "most memory in use: $(memory_file "$1" memory.max_usage_in_bytes memory.peak) bytes"
  [ "$answered" -gt 0 ] && [ "$refused" -gt 0 ] && [ $((answered + refused)) -eq 40 ] &&
    [ "$(podman inspect -f '{{.State.Status}} {{.State.OOMKilled}}' "$1")" = 'running false' ]
}

# Half of an upload goes in, which is more than sockets hold, so the daemon has begun with it; then
# `podman stop`, and when the daemon says that it stops, the other half.
stops_with_an_upload_in_flight() { # CONTAINER
  local upload stop half=$((12 * 1000 * 1000)) stopped
  mkfifo "$work/upload"
  inside "$1" curl -sS -X POST -H 'Content-Type: application/json' -H 'Expect:' \
    -T "$work/upload" $address/v1/losses/balanced_population_mse >"$work/answer.last" &
  upload=$!
  exec 3>"$work/upload"
  head -c $half "$work/large.json" >&3
  podman stop --time 20 "$1" >/dev/null 3>&- &
  stop=$!
  wait_until 10 is_not_ready "$1"
  tail -c +$((half + 1)) "$work/large.json" >&3
  exec 3>&-
  wait $upload
  wait $stop
  stopped=$(podman inspect -f '{{.State.ExitCode}}' "$1")
  check 'the upload that was in flight is answered' \
    [ "$(head -c 13 "$work/answer.last")" = '{"loss":1600,' ]
  check 'podman stop ends it with exit code 0' [ "$stopped" = 0 ]
}

is_healthy() { # CONTAINER
  podman healthcheck run "$1" >/dev/null &&
    [ "$(podman inspect -f '{{.State.Health.Status}}' "$1")" = healthy ]
}

# Stopped by a signal it still accepts connections, but answers nothing.
is_unhealthy_when_it_hangs() { # CONTAINER
  local process healthy=0
  process=$(podman inspect -f '{{.State.Pid}}' "$1")
  kill -STOP "$process"
  podman healthcheck run "$1" >/dev/null 2>&1 && healthy=1
  kill -CONT "$process"
  [ $healthy -eq 0 ]
}

refuses() { # TEXT PODMAN-RUN-ARGUMENT...
  local text=$1 said
  shift
  said=$(podman run --rm --network none "$@" $image --check 2>&1) && return 1
  [[ $said == *"$text"* ]]
}

is_configured_by_variables() {
  starts tuned -e SPIKELOSSD_BODY_BYTES=1KiB -e SPIKELOSSD_LISTEN=127.0.0.1:8080 || return 1
  local answer
  answer=$(inside tuned curl -sS --json "@$work/large.json" \
    $address/v1/losses/balanced_population_mse)
  podman rm -f -t 0 tuned >/dev/null
  [[ $answer == *'"code":"body_too_large"'* ]]
}

# What podman makes of Kubernetes' objects: one replica of the Deployment, with its ConfigMap. Left out
# are its ports, which podman would open on this machine.
plays_the_deployment() {
  local version
  version=$("$root/scripts/version")
  podman tag $image "localhost/spikelossd:$version"
  sed '/^ *ports:$/,/containerPort/d' "$root/docker/kubernetes/deployment.yaml" >"$work/deployment.yaml"
  podman kube play --network none --configmap "$root/docker/kubernetes/configmap.yaml" \
    "$work/deployment.yaml" >"$work/kube.log" 2>&1 || {
    tail -n 5 "$work/kube.log"
    return 1
  }
  pod_container=$(podman ps --filter "ancestor=localhost/spikelossd:$version" --format '{{.Names}}')
  wait_until 10 is_ready "$pod_container"
}

has_the_variables_of_the_configmap() { # CONTAINER
  tr '\0' '\n' <"/proc/$(podman inspect -f '{{.State.Pid}}' "$1")/environ" |
    grep -qx 'SPIKELOSSD_STOP_DELAY_SECONDS=10'
}

has_room_to_stop() { # what the deployment's patience is for, in seconds
  local delay finish patience
  delay=$(number_of SPIKELOSSD_STOP_DELAY_SECONDS configmap)
  finish=$(number_of SPIKELOSSD_STOP_SECONDS configmap)
  patience=$(number_of terminationGracePeriodSeconds deployment)
  [ $((delay + finish)) -lt "$patience" ]
}

number_of() { # NAME FILE
  sed -n "s/^ *$1: *\"*\([0-9]*\)\"*\$/\1/p" "$root/docker/kubernetes/$2.yaml"
}

start_podman
"$root/tests/support/large_request.sh" >"$work/large.json"
check 'the image builds, and the tests pass in it' builds
[ $failed -eq 0 ] || finish || exit 1
check 'the image is no larger than 25 MB' is_small
check 'the image can be unpacked' unpack_image
check 'it holds the daemon, its libraries, the loader, licenses and its configuration' holds_only_the_daemon
check 'it says of which packages its libraries are, with their licenses' says_of_which_packages_it_is
check 'its license label names those of its libraries' has_a_label_with_their_licenses
check 'its version label is the version of the daemon' has_the_label_of_its_version
memory=()
if may_limit_memory; then
  memory=(--memory 64m)
else
  echo "SKIPPED: memory cannot be limited here" >&2
fi
check 'it starts, with the configuration that it brings' starts server
check 'it runs as 10001, without capabilities or a way to gain them' is_confined server
[ ${#memory[@]} -eq 0 ] || check 'it has 64 MiB of memory' is_limited server
check 'it passes the smoke test' passes_the_smoke_test server
check 'it answers four uploads of 25.6 MB at once' answers_large_uploads server
if [ ${#memory[@]} -gt 0 ]; then
  check 'forty at once are answered or told to come again, and it lives' survives_a_crowd server
  check 'it answers as before' answers_large_uploads server
fi
check 'its health check says healthy' is_healthy server
check 'its health check says unhealthy when it hangs' is_unhealthy_when_it_hangs server
stops_with_an_upload_in_flight server
check 'variables configure it' is_configured_by_variables
check 'an unknown variable is fatal' refuses 'SPIKELOSSD_COLOUR' -e SPIKELOSSD_COLOUR=1
echo 'colour = 1' >"$work/mounted.conf"
check 'a mounted file is read' refuses 'spikelossd.conf:1:' \
  -v "$work/mounted.conf:/etc/spikelossd/spikelossd.conf:ro"

check 'the deployment gives a replica the time that it may take to stop' has_room_to_stop
if command -v catatonit >/dev/null; then
  pod_container=
  check 'the Kubernetes deployment runs' plays_the_deployment
  check 'its configuration comes from the ConfigMap' has_the_variables_of_the_configmap "$pod_container"
  check 'it is confined there too' is_confined "$pod_container"
  check 'it passes the smoke test there too' passes_the_smoke_test "$pod_container"
else
  echo 'SKIPPED: the Kubernetes deployment (catatonit is missing, which podman kube play needs)'
fi
finish
