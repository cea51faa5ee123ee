#!/bin/sh
# Writes a request of 25.6 MB for balanced_population_mse: 128 samples of 100 steps of 1000 neurons,
# every fifth of which always fires. At rates of 0.2 its loss is 0.2 * 80^2 + 0.8 * 20^2 = 1600.
#
#     large_request.sh [SAMPLES STEPS]
exec awk -v samples="${1:-128}" -v steps="${2:-100}" '
  function repeat(text, times, all) {
    for (all = text; --times > 0;) all = all "," text
    return all
  }
  BEGIN {
    sample = "[" repeat("[" repeat("1,0,0,0,0", 200) "]", steps) "]"
    printf "{\"spk\":["
    for (i = 1; i <= samples; i++) printf "%s%s", sample, i < samples ? "," : "]"
    printf ",\"targets\":[%s],\"num_classes\":10,\"neurons_per_class\":100", repeat("0", samples)
    printf ",\"correct_rate\":0.2,\"incorrect_rate\":0.2,\"gradient\":\"none\"}"
  }'
