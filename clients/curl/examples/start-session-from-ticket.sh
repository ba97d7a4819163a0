#!/usr/bin/env bash
# start-session-from-ticket.sh TICKET PORTAL ISSUE CUSTOMER [COMPANY]
#
# Starts a session for the customer of a ticket, and prints the page where the customer comes in. It may be run again
# for the same ticket, by whatever calls it: the desk knows the ticket's key for 24 hours and then answers as it did.
# It needs an API token with the scope sessions:start.
#
#	./start-session-from-ticket.sh 4711 @main @paper-jam 'Jo Doe' 'Doe Bakery'
. "$(dirname "$0")/common.sh"

[ $# = 4 ] || [ $# = 5 ] || usage
[[ $1 != *[^!-~]* ]] || usage # it stands in a header
body=$(json portal_id "$2" issue_id "$3" external_key "ticket-$1" | jq -c --argjson customer "$(json name "$4" company "${5-}")" '. + {$customer}')

# A desk that is away for longer than call has patience is asked again for half an hour, always with the same key.
for pause in 60 120 240 480 900 0; do
	status=0
	session=$(key=ticket-$1 call POST /v1/sessions "$body") || status=$?
	[ "$status" = "$try_again" ] || break
	sleep "$pause"
done
[ "$status" != 0 ] || jq -r .guest_url <<<"$session"
exit "$status"
