# shellcheck shell=bash
# A podman of our own, for tests: its images and containers lie below $work and vanish with it, so
# nothing of the machine's is seen or changed. To be sourced after checks.sh, with $root and $work set.
#
# Works without an image registry: where debian:bookworm-slim cannot be pulled, the base is made from
# Debian's own packages, once (build/container/base.tar).

# shellcheck disable=SC2154 # root and work are set by the script that sources this
base_image=docker.io/library/debian:bookworm-slim

# Its log is noise where there is no systemd for the timers of health checks; errors are said anyway.
podman() {
  command podman --log-level fatal --root "$work/storage" --runroot "$work/run" "$@"
}

# runc, because crun fails on hybrid cgroups; ulimits, because the default ones need a capability that
# a container which runs this test may lack; cgroupfs and files, because there may be no systemd.
configure_podman() {
  cat >"$work/containers.conf" <<'END'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
END
  export CONTAINERS_CONF=$work/containers.conf
}

make_base() { # TAR
  local tree=$work/base
  debootstrap --variant=minbase bookworm "$tree" >"$work/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log" >&2
    skip "no registry can be reached, and debootstrap failed"
  }
  rm -rf "$tree"/var/cache/apt/archives/*.deb "$tree"/var/lib/apt/lists/* \
    "$tree"/usr/share/man/* "$tree"/usr/share/locale/* "$tree/etc/apt/sources.list"
  cp /etc/apt/sources.list.d/debian.sources "$tree/etc/apt/sources.list.d/" 2>/dev/null ||
    cp /etc/apt/sources.list "$tree/etc/apt/sources.list"
  cp /etc/apt/apt.conf.d/docker-* "$tree/etc/apt/apt.conf.d/" 2>/dev/null
  mkdir -p "${1%/*}"
  tar -C "$tree" --numeric-owner -cf "$1.part" . && mv "$1.part" "$1"
  rm -rf "$tree"
}

have_base_image() {
  local tar=$root/build/container/base.tar
  if [ ! -e "$tar" ]; then
    timeout 60 podman pull -q $base_image >/dev/null 2>&1 && return
    need debootstrap
    make_base "$tar"
  fi
  podman import -q --change 'CMD ["bash"]' "$tar" $base_image >/dev/null
}

start_podman() {
  [ "$(id -u)" -eq 0 ] || skip "containers are entered by root here"
  need podman runc nsenter
  configure_podman
  podman info >"$work/podman.log" 2>&1 || {
    tail -n 3 "$work/podman.log" >&2
    skip "podman cannot run here"
  }
  have_base_image || skip "podman cannot hold an image here"
  podman run --rm --network none $base_image true >"$work/podman.log" 2>&1 || {
    tail -n 3 "$work/podman.log" >&2
    skip "podman cannot run a container here"
  }
}

# Containers first, then what they had mounted; only then may files go.
stop_podman() {
  podman pod rm --all --force >/dev/null 2>&1
  podman rm --all --force --time 0 >/dev/null 2>&1
  umount "$work/storage/overlay" 2>/dev/null
}

# Runs a command in the container's network, where loopback is the container's own.
inside() { # CONTAINER COMMAND...
  local process
  process=$(podman inspect -f '{{.State.Pid}}' "$1")
  shift
  nsenter --net="/proc/$process/ns/net" -- "$@"
}
