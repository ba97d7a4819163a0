#!/usr/bin/env bash
# specialist-invitation.sh SESSION [EMAIL…]
#
# Lets somebody in from outside, without an account, and prints the link and the code. The desk writes to the addresses
# that are given; without any, what to send is printed too.
. "$(dirname "$0")/common.sh"

[ $# -ge 1 ] || usage
session=$1
shift
body=$(jq -nc '{emails: $ARGS.positional}' --args "$@")
call POST "/v1/sessions/$session/specialist-invitations" "$body" |
	jq -r --argjson sent $# '"link \(.join_url)", "code \(.code)", if $sent == 0 then "", .email.subject, "", .email.text else empty end'
