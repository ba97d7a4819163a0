#!/usr/bin/env bash
# poll.sh FILE [TYPES]
#
# Prints what has happened since the last time, each event as a line of JSON, and waits half a minute for the next if
# nothing has. FILE keeps where to go on. Only events of the types, if some are given, with commas between.
#
#	while ./poll.sh desk.cursor invitation.created,invitation.ended; do :; done | jq -r .invitation.id
#
# Events that were printed when the script dies are printed again: look at their id. Where so long nobody asked that
# events are not kept any more, it exits with 3, and goes on from now on the next time.
. "$(dirname "$0")/common.sh"

[ $# = 1 ] || [ $# = 2 ] || usage
keep() { jq -er .cursor >"$1.new" && mv "$1.new" "$1"; }

[ -s "$1" ] || call GET /v1/event-log | keep "$1"
more=true
while [ "$more" = true ]; do
	status=0
	log=$(expect=cursor_too_old call GET "/v1/event-log?limit=200&wait_seconds=30&after=$(<"$1")${2:+&types=$2}") || status=$?
	case $status in
	0) ;;
	"$expected")
		echo 'events were missed' >&2
		call GET /v1/event-log | keep "$1"
		exit "$expected"
		;;
	*) exit "$status" ;;
	esac
	jq -c '.items[]' <<<"$log"
	keep "$1" <<<"$log"
	more=$(jq -r .more <<<"$log")
done
