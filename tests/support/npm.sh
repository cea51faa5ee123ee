# shellcheck shell=bash
# Programs from npm, kept in build/ for the next run.

# Fetches packages into build/FOLDER, unless they are there, and sets `modules` to their
# node_modules. False where npm cannot.
fetch_with_npm() { # FOLDER PACKAGE@VERSION...
  local folder
  folder=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")/build/$1
  shift
  # shellcheck disable=SC2034 # for the caller
  modules=$folder/node_modules
  [ "$(cat "$folder/fetched" 2>/dev/null)" != "$*" ] || return 0
  mkdir -p "$folder" &&
    npm install --prefix "$folder" --prefer-offline --no-save --no-audit --no-fund \
      --ignore-scripts "$@" >/dev/null 2>&1 && echo "$*" >"$folder/fetched"
}
