#!/bin/sh
# Runs a command against a daemon of its own.
#
#     with_daemon.sh DAEMON [unix] COMMAND...     runs COMMAND... ADDRESS
#
# The daemon listens on a free port of 127.0.0.1, or on a Unix socket in a temporary folder; ADDRESS
# is http://127.0.0.1:PORT or unix:/…, taken from the line in which the daemon says where it
# listens. It is stopped when the command ends, and must then end well itself.
set -u

daemon=$1
shift
folder=$(mktemp -d)
listen=127.0.0.1:0
if [ "$1" = unix ]; then
  listen=unix:$folder/daemon.sock
  shift
fi

# The daemon's messages come through a pipe, so waiting for it is reading from it. A reader stays
# until the daemon ends, else its next message would find no reader.
mkfifo "$folder/messages" "$folder/address"
env -u SPIKELOSSD_LISTEN "$daemon" --listen "$listen" 2>"$folder/messages" &
daemon_id=$!
sed -u "/listening on /w $folder/address" "$folder/messages" >&2 &
reader_id=$!

address=
read -r line <"$folder/address" && address=${line##*listening on }
case $address in
'') echo "the daemon did not start" >&2 ;;
*) "$@" "$address" ;;
esac
status=$?
[ -n "$address" ] || status=1

kill "$daemon_id" 2>/dev/null
wait "$daemon_id"
stopped=$?
wait "$reader_id"
rm -rf "$folder"
if [ $stopped -ne 0 ]; then
  echo "the daemon ended with exit code $stopped" >&2
  status=1
fi
exit $status
