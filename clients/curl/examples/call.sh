#!/usr/bin/env bash
# call.sh METHOD PATH [BODY [CONTENT-TYPE]]
#
# Any operation: asks the desk, and prints what it answers.
#
#	./call.sh GET '/v1/sessions?mine=owner&state=active' | jq -r '.items[].id'
. "$(dirname "$0")/common.sh"

[ $# -ge 2 ] || usage
call "$@"
