#!/bin/bash
# The most memory that the daemon ever held (VmHWM) for one JSON body that is made while it is sent.
#
#     bench/memory.sh BUILD-FOLDER [--quick]
#
# One line: bytes of the body, pairs of sample and neuron, peak in bytes.
set -euo pipefail

build=$1
samples=128 neurons=1000 steps=4190 # 1 GiB of compact ones and zeros
[ "${2-}" != --quick ] || steps=100
folder=$(mktemp -d)
mkfifo "$folder/messages"
"$build/src/spikelossd" --listen 127.0.0.1:0 --threads 1 2>"$folder/messages" &
daemon=$!
trap 'kill $daemon 2>/dev/null; wait $daemon; rm -rf "$folder"' EXIT
exec 3<"$folder/messages"
read -r line <&3
sent=$("$build/bench/stream_client" balanced_population_mse ints "${samples}x${steps}x${neurons}" \
  broadcast "spikelossd=${line##*:}")
peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$daemon/status")
echo "${sent% *} $((samples * neurons)) $((peak * 1024))"
