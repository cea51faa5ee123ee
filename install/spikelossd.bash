# shellcheck shell=bash
# Completes the options of spikelossd, as it tells them itself, and the names of files.
_spikelossd() {
  mapfile -t COMPREPLY < <(compgen -W "$("$1" --help | sed -nE 's/^  (--[a-z-]+).*/\1/p')" -- "$2")
}
complete -o default -F _spikelossd spikelossd
