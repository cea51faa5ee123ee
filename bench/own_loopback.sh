#!/bin/sh
# Runs a command on a loopback of its own, with the congestion control that Linux has by default.
#
#     unshare --net --map-root-user bench/own_loopback.sh COMMAND...
#
# No firewall looks at its packets, and no other program sends any. Some machines have BBR, which
# paces by the speed it has seen: one slow upload makes the next ones slow, for the sink as for
# spikelossd, and medians tell how often that happened. A network of its own may choose only what
# net.ipv4.tcp_allowed_congestion_control names: where cubic is not among it, reno, which differs
# from it only after a loss, and a loopback loses nothing.
set -e
ip link set lo up

control=/proc/sys/net/ipv4/tcp_congestion_control
for name in cubic reno; do
  if (echo "$name" >"$control") 2>/dev/null; then
    break
  fi
done
[ "$(cat "$control")" = cubic ] ||
  echo "own_loopback.sh: cubic is not allowed here, congestion control is $(cat "$control")" >&2
exec "$@"
