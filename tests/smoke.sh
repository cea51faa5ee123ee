#!/bin/sh
# The smoke test that a person runs after a deployment.
#
#     tests/smoke.sh                               http://127.0.0.1:8080
#     tests/smoke.sh https://losses.example.org    any other address
#     tests/smoke.sh unix:/run/spikelossd.sock     a Unix socket
#     TOKEN=... tests/smoke.sh                     where tokens are wanted
#
# Needs curl and POSIX tools only. One line a check; the last line says "N passed, N failed".
set -u

address=${1:-http://127.0.0.1:8080}
examples=$(dirname "$0")/../examples/digits
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
passed=0
failed=0

# ask METHOD PATH [CURL-ARGUMENT...]: leaves the answer in $work/body and $work/headers, and its
# status and media type in $status and $media_type.
ask() {
  method=$1
  path=$2
  shift 2
  case $address in
  unix:*) set -- --unix-socket "${address#unix:}" "$@" "http://localhost$path" ;;
  *) set -- "$@" "${address%/}$path" ;;
  esac
  [ -z "${TOKEN-}" ] || set -- -H "Authorization: Bearer $TOKEN" "$@"
  [ "$method" = HEAD ] && set -- --head "$@"
  [ "$method" = HEAD ] || set -- -X "$method" "$@"
  : >"$work/body"
  : >"$work/headers"
  said=$(curl -sS --noproxy '*' --max-time 30 -D "$work/headers" -o "$work/body" \
    -w '%{http_code} %{content_type}' "$@")
  status=${said%% *}
  media_type=${said#* }
}

post() { # PATH JSON
  ask POST "$1" -H 'Content-Type: application/json' --data-binary "$2"
}

# check WHAT COMMAND...: one line, ok if the command succeeds.
check() {
  what=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok - $what"
  else
    failed=$((failed + 1))
    echo "not ok - $what"
    echo "    status ${status:-none}, $media_type, $(head -c 300 "$work/body" | tr '\n' ' ')"
  fi
}

answered() { # STATUS MEDIA-TYPE
  [ "$status" = "$1" ] || return 1
  case $media_type in "$2" | "$2;"*) return 0 ;; *) return 1 ;; esac
}

# The body without white space: numbers and names are compared exactly, layout is not.
packed() {
  tr -d ' \t\r\n' <"$work/body"
}

says() { # TEXT
  packed | grep -qF -- "$1"
}

says_both() { # TEXT TEXT
  says "$1" && says "$2"
}

says_not() { # TEXT
  answered 200 application/json && ! says "$1"
}

# A value is read by replacing what is complete until one thing is left: strings by s, numbers and
# words by n, then, again and again, every array and object whose items are all s and n by n.
is_json() {
  tr '\n\r\t' '   ' <"$work/body" | awk '
    { text = text $0 }
    END {
      gsub(/"([^"\\]|\\.)*"/, "s", text)
      gsub(/-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null/, "n", text)
      gsub(/ /, "", text)
      do {
        found = gsub(/\[([sn](,[sn])*)?\]/, "n", text)
        found += gsub(/[{](s:[sn](,s:[sn])*)?[}]/, "n", text)
      } while (found)
      exit text !~ /^[sn]$/
    }'
}

has_header() { # PATTERN
  tr -d '\r' <"$work/headers" | grep -qi "^$1\$"
}

is_problem() { # STATUS CODE
  answered "$1" application/problem+json && is_json && says "\"code\":\"$2\""
}

# What expected.json holds as the number of that name, within the loss of that name.
expected() { # LOSS NAME
  sed -n "/\"$1\"/,/}/s/.*\"$2\": \\([^,]*\\),*\$/\\1/p" "$examples/expected.json"
}

# False where nothing answers: every further check would say the same.
is_alive() {
  ask GET /livez
  check 'livez is ok' answered 200 text/plain
  [ "$status" != 000 ]
}

is_ready() {
  ask GET /readyz
  check 'readyz is ok' answered 200 text/plain
  ask HEAD /livez
  check 'HEAD works where GET does' answered 200 text/plain
}

rates='{"spikes_list":[[[[1,0,1],[0,0,1]],[[0,1,0],[1,0,1]]],[[[0,0],[0,1]],[[0,0],[0,0]]]],
  "offsets":[0.25,0.25],"multipliers":[1,10]'
population='{"spk":[[[1,0,0,1],[1,1,0,0],[1,0,0,0],[0,1,0,0]],[[0,0,1,1],[0,0,1,0],[1,0,1,1],[0,0,1,0]]],
  "targets":[0,0],"num_classes":2,"neurons_per_class":2,"correct_rate":0.75,"incorrect_rate":0.125'
rates_path=/v1/losses/firing_rate_target_mse_loss
population_path=/v1/losses/balanced_population_mse

computes_the_rate_loss() {
  share=0.041666666666666664
  row="[$share,$share,$share]"
  post $rates_path "$rates}"
  check 'the worked example of the rate loss is answered' answered 200 application/json
  check 'its loss is 1.625' says '"loss":1.625'
  check 'its spike gradients are 1/24 and -3.125' says "\"spikes_list\":[[[$row,$row],[$row,$row]],\
[[[-3.125,-3.125],[-3.125,-3.125]],[[-3.125,-3.125],[-3.125,-3.125]]]]"
  check 'its offset gradients are -0.5 and 25' says '"offsets":[-0.5,25]'
  check 'its multiplier gradients are 0.125 and 0.3125' says '"multipliers":[0.125,0.3125]'
  check 'its answer carries a request id' has_header 'X-Request-Id: ..*'
}

computes_the_population_loss() {
  one='[0,-0.25,-0.125,0.125]'
  two='[-0.5,-0.75,0.875,0.375]'
  post $population_path "$population}"
  check 'the worked example of the population loss is answered' answered 200 application/json
  check 'its loss is 3.625' says '"loss":3.625'
  check 'its spike gradient is constant along time' says \
    "\"spk\":[[$one,$one,$one,$one],[$two,$two,$two,$two]]"
  check 'its rate gradients are 6 and -5' says '"correct_rate":6,"incorrect_rate":-5'
  check 'its accuracy is 0.5, without ties' says '"accuracy":0.5,"ties":0'
}

shapes_gradients_as_asked() {
  post $population_path "$population,\"gradient\":\"broadcast\"}"
  check 'a broadcast gradient has one time step' says \
    '"shape":[2,1,4],"data":[0,-0.25,-0.125,0.125,-0.5,-0.75,0.875,0.375]'
  post $population_path "$population,\"gradient\":\"none\"}"
  check 'without gradient the loss stays' says '"loss":3.625'
  check 'without gradient there is no gradient' says_not gradients
}

computes_recorded_spikes() {
  [ -r "$examples/expected.json" ] || return 0
  for loss in firing_rate_target_mse_loss balanced_population_mse; do
    for spelling in '' .bits; do
      post /v1/losses/$loss "@$examples/$loss$spelling.json"
      check "recorded spikes ($loss$spelling) give their loss" says \
        "{\"loss\":$(expected $loss loss),"
    done
  done
}

describes_itself() {
  ask GET /v1/losses
  check 'the losses are listed' answered 200 application/json
  check 'the list names the rate loss' says '"firing_rate_target_mse_loss"'
  check 'the list names the population loss' says '"balanced_population_mse"'
  ask GET $population_path
  check 'a loss is described' says '"neurons_per_class"'
  ask GET /openapi.json
  check 'OpenAPI is JSON' is_json
  check 'OpenAPI knows both losses' says_both "\"$rates_path\"" "\"$population_path\""
  ask GET /
  check 'the front page shows a curl line' grep -q curl "$work/body"
}

refuses_with_reasons() {
  post $rates_path '{"spikes_list":[[[1,0],[1]]],"offsets":[0],"multipliers":[1]}'
  check 'a ragged tensor is a problem' is_problem 400 ragged
  check 'the problem says where' says_both '"pointer":"/spikes_list/0/1"' '"offset":25'
  post $rates_path '{'
  check 'half a body is a problem' is_problem 400 not_json
  post $population_path "$population,\"gradient\":\"none\",\"colour\":1}"
  check 'an unknown member is a problem' is_problem 400 unknown_member
  ask POST $rates_path --data-binary "$rates}"
  check 'a form is refused with 415' is_problem 415 unsupported_media_type
  ask GET /v1/losses/no_such_loss
  check 'an unknown loss is 404' is_problem 404 not_found
  ask GET /no/such/path
  check 'an unknown path is 404' is_problem 404 not_found
  ask DELETE $rates_path
  check 'a wrong method is 405' is_problem 405 method_not_allowed
  check '405 says which methods are right' has_header 'Allow: .*POST.*'
}

if is_alive; then
  is_ready
  computes_the_rate_loss
  computes_the_population_loss
  shapes_gradients_as_asked
  computes_recorded_spikes
  describes_itself
  refuses_with_reasons
else
  echo "nothing answers at $address"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
