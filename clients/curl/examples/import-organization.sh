#!/usr/bin/env bash
# import-organization.sh FILE [--yes]
#
# Says what an organisation file would change, and with --yes changes it. It needs an API token with the scope
# administration:write, or an administrator.
. "$(dirname "$0")/common.sh"

[ $# = 1 ] || [ "$#:${2-}" = 2:--yes ] || usage
[ -r "$1" ] || usage
dry_run=true
[ $# = 1 ] || dry_run=false
call PUT "/v1/organization?dry_run=$dry_run" "$(<"$1")" application/yaml |
	jq -r '(if .dry_run then "would " else "" end) as $would
		| (.created[] | "\($would)create \(.kind) \(.name)"),
		(.changed[] | "\($would)change \(.kind) \(.name): \(.fields // [] | join(", "))"),
		"\(.created | length) to create, \(.changed | length) to change, \(.unchanged) as they are"'
