#!/bin/sh
# Asks spikelossd for a loss and its gradient with curl alone.
#
#     sh examples/first_call.sh            SPIKELOSSD_URL names the server, default http://127.0.0.1:8080
set -u

url=${SPIKELOSSD_URL:-http://127.0.0.1:8080}

# [batch, time, neurons]: two samples, four time steps, two classes of two neurons each. The gradient
# is the same at every time step, so "broadcast" asks for one row a sample.
answer=$(curl -sS --fail-with-body --retry 5 --retry-connrefused \
  -H 'Content-Type: application/json' -d '{
    "spk": [[[1,0,0,1], [1,1,0,0], [1,0,0,0], [0,1,0,0]],
            [[0,0,1,1], [0,0,1,0], [1,0,1,1], [0,0,1,0]]],
    "targets": [0, 0], "num_classes": 2, "neurons_per_class": 2,
    "correct_rate": 0.75, "incorrect_rate": 0.125, "gradient": "broadcast"
  }' "$url/v1/losses/balanced_population_mse")
status=$?

if [ $status -ne 0 ]; then
  printf '%s\n' "$answer" | sed -nE 's/.*"detail":"(([^"\]|\\.)*)".*/\1/p' | sed 's/\\"/"/g' >&2
  exit 1
fi
printf '%s\n' "$answer" | sed -n 's/^{"loss":\([^,]*\),.*/loss: \1/p'
printf '%s\n' "$answer" | sed -n 's/.*"data":\[\([^]]*\)\].*/gradient: \1/p' | tr ',' ' '
