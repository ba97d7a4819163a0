# shellcheck shell=bash
# What the scripts beside it share: bash 4.4, curl 7.76 and jq 1.6, or later.
#
# REPDESK_URL    the desk; left out, one on this machine
# REPDESK_TOKEN  who calls: a console's token, as log-in.sh prints it, or an API token
set -euo pipefail

desk=${REPDESK_URL:-http://127.0.0.1:8080}
desk=${desk%/}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A script's exit status, beside 0. 64 and 75 are those of sysexits.h.
refused=1      # the same request will be refused again
expected=3     # refused, with the code in $expect
wrong_usage=64 # called with other arguments than it takes
try_again=75   # the desk cannot be reached, or is too busy: later it may work

# usage prints the script's opening comment, and ends.
usage() {
	sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2
	exit "$wrong_usage"
}

# call METHOD PATH [BODY [CONTENT-TYPE]] asks the desk and prints what it answers. A refusal is told on standard error, with
# its code, unless that is $expect.
#
# A POST has an Idempotency-Key: $key, or one of its own. So all but PATCH may be repeated when the network fails or the desk is
# busy, and nothing is done twice; curl then waits as Retry-After says, or a second, two, four.
call() {
	local method=$1 path=$2 body=${3-} type=${4-application/json} answer status
	answer=$(mktemp "$work/XXXXXX")
	set -- -sS -X "$method" -o "$answer" -w '%{http_code}' --connect-timeout 5 --max-time 90
	[ "$method" = PATCH ] || set -- "$@" --retry 4 --retry-all-errors --retry-max-time 120
	[ -z "$body" ] || set -- "$@" -H "Content-Type: $type" --data-binary @-
	status=$(curl "$@" -H @<(headers "$method") "$desk$path" <<<"$body") || return "$try_again"
	if [[ $status == 2* ]]; then
		cat "$answer"
	else
		problem "$status" "$answer"
	fi
}

# headers are those that nobody else on the machine may read, as they could if they stood among curl's arguments.
headers() { # headers METHOD
	[ -z "${REPDESK_TOKEN-}" ] || printf 'Authorization: Bearer %s\n' "$REPDESK_TOKEN"
	[ "$1" != POST ] || printf 'Idempotency-Key: %s\n' "${key:-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}"
}

# problem tells of a refusal, and returns whether it is of use to ask again.
problem() { # problem STATUS FILE
	local code retry=$1
	if code=$(jq -er .code "$2" 2>/dev/null); then
		[ "$code" != "${expect-}" ] || return "$expected"
		jq -r '"\(.status) \(.code): \(.detail) (request \(.request_id))", (.errors[]? | "  \(.field): \(.detail)")' "$2" >&2
		retry=$(jq -r '.retry // .status' "$2")
	else
		echo "HTTP $1, and not from the desk itself" >&2
	fi
	case $retry in
	same_key | 429 | 50[0234]) return "$try_again" ;;
	*) return "$refused" ;;
	esac
}

# json NAME VALUE [NAME VALUE…] makes an object of texts, without those that are empty.
json() {
	jq -nc '[$ARGS.positional | range(0; length; 2) as $i | {(.[$i]): .[$i + 1]}] | add | map_values(select(. != ""))' --args "$@"
}
