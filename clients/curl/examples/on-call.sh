#!/usr/bin/env bash
# on-call.sh [HOW-MANY]
#
# Takes what waits longest in the caller's team queues, one after the other, until it has taken one or as many as are
# given, and prints each session as a line of JSON. Where nothing waits, it waits.
. "$(dirname "$0")/common.sh"

[[ $# -le 1 && ${1:-1} =~ ^[0-9]+$ ]] || usage
cursor=$(call GET /v1/event-log | jq -r .cursor)
taken=0
while [ "$taken" -lt "${1:-1}" ]; do
	status=0
	next=$(expect=queue_empty call POST /v1/queues/next) || status=$?
	case $status in
	0)
		jq -c .session <<<"$next"
		taken=$((taken + 1))
		;;
	"$expected") # until something comes
		log=$(call GET "/v1/event-log?types=queue_entry.added,queue_entry.changed&limit=200&wait_seconds=60&after=$cursor")
		cursor=$(jq -r .cursor <<<"$log")
		;;
	*) exit "$status" ;;
	esac
done
