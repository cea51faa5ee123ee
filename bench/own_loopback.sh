#!/bin/sh
# Runs a command on a loopback of its own, with the congestion control that Linux has by default.
#
#     unshare --net --map-root-user bench/own_loopback.sh COMMAND...
#
# No firewall looks at its packets, and nobody else sends any. Some machines have BBR, which paces by
# the speed it has seen: one slow upload makes the next ones slow, for the sink as for spikelossd,
# and medians tell how often that happened.
set -e
ip link set lo up
echo cubic >/proc/sys/net/ipv4/tcp_congestion_control
exec "$@"
