#!/usr/bin/env bash
# watch.sh [SECONDS]
#
# Follows the desk live, for an hour or as many seconds as are given. It prints the snapshot, as a line of type
# "snapshot", and from there on each event as a line of JSON. Whatever happens to the connection, nothing is missed and
# nothing comes twice; where the desk asks for it, another snapshot comes.
. "$(dirname "$0")/common.sh"

[[ $# -le 1 && ${1:-1} =~ ^[0-9]+$ ]] || usage
end=$((SECONDS + ${1:-3600}))

load() { # a snapshot, and the position that it stands at
	local snapshot
	snapshot=$(call GET /v1/snapshot)
	last=$(jq -r .cursor <<<"$snapshot")
	jq -c '{type: "snapshot", snapshot: .}' <<<"$snapshot"
}

# told takes what one message of the stream says. $again is after how many seconds to connect again; empty: not decided.
told() { # told EVENT DATA ID
	case $1 in
	ready)
		pause=1
		silence=$(jq '2 * .heartbeat_seconds' <<<"$2")
		;;
	reset)
		load
		again=0
		;;
	closing) again=$(jq -r '.retry_after_seconds // "never"' <<<"$2") ;;
	*)
		printf '%s\n' "$2"
		last=${3:-$last}
		;;
	esac
}

# turned_away says what to do where no stream is opened: what may pass is tried again like a fault of the network.
turned_away() { # turned_away PROBLEM
	again=$(jq -r '.retry_after_seconds // if .retry == "same_key" then empty else "never" end' <<<"$1")
	jq -r '"\(.status) \(.code): \(.detail)"' <<<"$1" >&2
}

# follow reads one connection to its end, for as many seconds as are left. A stream that is silent for twice its heartbeat is dead.
follow() { # follow SECONDS
	local stream pid line event='' data='' id='' silence=60
	exec {stream}< <(exec curl -sN --max-time "$1" -H @<(headers GET) -H "Last-Event-ID: $last" "$desk/v1/events")
	pid=$!
	while [ -z "$again" ] && IFS= read -r -t "$silence" -u "$stream" line; do
		case $line in
		'event: '*) event=${line#*: } ;;
		'data: '*) data=${line#*: } ;;
		'id: '*) id=${line#*: } ;;
		'{'*) turned_away "$line" ;;
		'')
			[ -z "$event" ] || told "$event" "$data" "$id"
			event='' data='' id=''
			;;
		esac
	done
	exec {stream}<&-
	kill "$pid" 2>/dev/null || true
}

load
pause=1
while left=$((end - SECONDS)) && [ "$left" -gt 0 ]; do
	again=''
	follow "$left"
	case $again in
	never) exit "$refused" ;;
	'') # the network: up to a second, two, four, at most a minute
		again=$((RANDOM % (pause + 1)))
		pause=$((pause < 30 ? 2 * pause : 60))
		;;
	esac
	sleep "$again"
done
