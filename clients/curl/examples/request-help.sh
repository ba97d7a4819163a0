#!/usr/bin/env bash
# request-help.sh SESSION ISSUE [COMMENT]
#
# Asks for help with an issue: whoever of the team that owns it comes first. Prints the invitation's id.
#
#	./request-help.sh ses_… @vpn 'The printer hangs behind the VPN.'
. "$(dirname "$0")/common.sh"

[ $# = 2 ] || [ $# = 3 ] || usage
call POST "/v1/sessions/$1/request-help" "$(json issue_id "$2" comment "${3-}")" | jq -r .id
