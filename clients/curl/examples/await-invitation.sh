#!/usr/bin/env bash
# await-invitation.sh INVITATION [SECONDS]
#
# Waits until an invitation is over, at most a minute or as many seconds as are given, and prints what became of it:
# "accepted by Ben Okafor", "cancelled", "withdrawn: session_ended". One that stands still exits with 75.
. "$(dirname "$0")/common.sh"

[ $# = 1 ] || [[ $# = 2 && $2 =~ ^[0-9]+$ ]] || usage
end=$((SECONDS + ${2:-60}))

cursor=$(call GET /v1/event-log | jq -r .cursor) # before looking, so that nothing happens unseen between
while :; do
	invitation=$(call GET "/v1/invitations/$1")
	[ "$(jq -r .state <<<"$invitation")" = active ] || break
	left=$((end - SECONDS))
	if [ "$left" -le 0 ]; then
		echo active
		exit "$try_again"
	fi
	log=$(call GET "/v1/event-log?types=invitation.changed,invitation.ended&limit=200&after=$cursor&wait_seconds=$((left < 60 ? left : 60))")
	cursor=$(jq -r .cursor <<<"$log")
done
jq -r '.state + if .accepted_by then " by " + .accepted_by.name elif .reason == .state then "" else ": " + .reason end' <<<"$invitation"
