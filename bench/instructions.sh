#!/bin/bash
# Instructions that the decoder needs for each byte of bodies that grow, counted by callgrind, so
# that no clock and no neighbour matters.
#
#     bench/instructions.sh BUILD-FOLDER [--quick]
#
# Each line: which dimension grows, bytes of the body, instructions of sl_decoder_feed.
set -euo pipefail

# Not of the decoder: finding functions at their first call, and counting every byte that one
# instruction (rep stosb, rep movsb) clears or copies as an instruction.
export LD_BIND_NOW=1
export GLIBC_TUNABLES=glibc.cpu.x86_rep_stosb_threshold=1000000000:glibc.cpu.x86_rep_movsb_threshold=1000000000

build=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

count() { # GROWS SHAPE
  local bytes instructions
  bytes=$(valgrind --tool=callgrind --callgrind-out-file="$folder/out" \
    --toggle-collect=sl_decoder_feed "$build/bench/decoder" balanced_population_mse ints "$2" \
    none 2>"$folder/log" | cut -d' ' -f1)
  instructions=$(sed -n 's/^.*Collected : \([0-9]*\).*/\1/p' "$folder/log")
  echo "$1 $bytes $instructions"
}

# 1 MB, then 16 or 256 times as much: [samples, 100, 1000], then [5, steps, 1000].
factors=(1 16 256)
[ "${2-}" != --quick ] || factors=(1 8)
for factor in "${factors[@]}"; do
  count samples "$((5 * factor))x100x1000"
done
for factor in "${factors[@]}"; do
  count steps "5x$((100 * factor))x1000"
done
