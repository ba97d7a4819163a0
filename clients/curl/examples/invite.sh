#!/usr/bin/env bash
# invite.sh SESSION rep|team|portal NAME [COMMENT]
#
# Invites a rep, whoever of a team comes first, or whoever is logged in under a portal, into a session that the caller
# owns, and prints the invitation's id.
#
#	./invite.sh ses_… rep @ben 'Could you look at the tray with me?'
. "$(dirname "$0")/common.sh"

[ $# = 3 ] || [ $# = 4 ] || usage
case $2 in rep | team | portal) ;; *) usage ;; esac
call POST "/v1/sessions/$1/invitations" "$(json "$2_id" "$3" comment "${4-}")" | jq -r .id
