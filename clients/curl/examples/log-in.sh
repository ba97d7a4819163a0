#!/usr/bin/env bash
# log-in.sh USERNAME
#
# Logs a rep in on this machine, and prints the token of the console that this makes. The password is asked for, or
# taken from REPDESK_PASSWORD. What runs by itself has no password of anybody: it calls with an API token.
#
#	REPDESK_TOKEN=$(./log-in.sh ana) && export REPDESK_TOKEN
#	./call.sh DELETE /v1/me/consoles/current   # and logs out
. "$(dirname "$0")/common.sh"

[ $# = 1 ] || usage
if [ -z "${REPDESK_PASSWORD-}" ]; then
	read -rsp "Password of $1: " REPDESK_PASSWORD
	echo >&2
fi
export REPDESK_PASSWORD # to jq, and not among its arguments
unset REPDESK_TOKEN
body=$(jq -nc --arg username "$1" --arg name "$(hostname)" '{$username, password: env.REPDESK_PASSWORD, device: {platform: "script", $name}}')
call POST /v1/consoles "$body" | jq -r .token
