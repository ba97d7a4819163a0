package api

import (
	"net/http"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

func (s *Server) administrationRoutes() {
	register(s, operation{ID: "import-organization", Method: put, Path: "/v1/organization", Tag: "Administration", Summary: "Load an organisation file", MaxBody: store.MaxOrganization,
		Description: "Creates and changes what the file names, all or nothing; what it does not name stays as it is. Passwords are initial ones: a rep who has an account keeps theirs. Loading the same file again changes nothing.",
		Codes:       codes(desk.NotAllowed)}, anyone(desk.AdministrationWrite), s.importOrganization)
	register(s, operation{ID: "export-organization", Method: get, Path: "/v1/organization", Tag: "Administration", Summary: "The organisation as a file, without passwords",
		Description: "What import-organization takes: as JSON, which is YAML, too. Loading it again changes nothing.",
		Codes:       codes(desk.NotAllowed)}, anyone(desk.AdministrationRead), s.exportOrganization)
	register(s, operation{ID: "list-api-tokens", Method: get, Path: "/v1/api-tokens", Tag: "Administration", Summary: "List API tokens, the newest first",
		Description: "Those that have ended too. None shows the token itself.", Codes: codes(desk.NotAllowed, desk.CursorMismatch)}, anyone(desk.AdministrationRead), s.listAPITokens)
	register(s, operation{ID: "create-api-token", Method: post, Path: "/v1/api-tokens", Tag: "Administration", Summary: "Make an API token", Status: http.StatusCreated, Secret: true,
		Description: "With `rep_id` it acts as that rep, within its scopes. Without, it belongs to nobody: it starts sessions, reads and administers, and never owns, accepts or invites. " +
			"It makes nobody logged in. An API token gives out only scopes that it has itself, makes none that outlives it, and takes those it made with it when it is revoked.",
		Codes: codes(desk.NotAllowed, desk.NotFound)}, anyone(desk.AdministrationWrite), s.createAPIToken)
	register(s, operation{ID: "get-api-token", Method: get, Path: "/v1/api-tokens/{api_token_id}", Tag: "Administration", Summary: "One API token",
		Description: "With its scopes, its end, and when it was last used; never its text.",
		Codes:       codes(desk.NotAllowed, desk.NotFound)}, anyone(desk.AdministrationRead), s.getAPIToken)
	register(s, operation{ID: "update-api-token", Method: patch, Path: "/v1/api-tokens/{api_token_id}", Tag: "Administration", Summary: "Change an API token's name or scopes",
		Description: "Its text stays the same. Scopes that are given take the place of those that it had.",
		Codes:       codes(desk.NotAllowed, desk.NotFound, desk.ChangedMeanwhile)}, anyone(desk.AdministrationWrite), s.updateAPIToken)
	register(s, operation{ID: "delete-api-token", Method: remove, Path: "/v1/api-tokens/{api_token_id}", Tag: "Administration", Summary: "Revoke an API token",
		Description: "It is unknown from now on, and what it follows ends. The same holds for the API tokens that were made with it, and with those.", Status: http.StatusNoContent,
		Codes: codes(desk.NotAllowed, desk.NotFound, desk.ChangedMeanwhile)}, anyone(desk.AdministrationWrite), s.deleteAPIToken)
	s.accountRoutes()
	s.teamRoutes()
	register(s, operation{ID: "create-portal", Method: post, Path: "/v1/portals", Tag: "Administration", Summary: "Make a portal", Status: http.StatusCreated,
		Description: "What is left out it inherits.", Codes: codes(desk.NotAllowed, desk.NotFound)}, anyone(desk.AdministrationWrite), s.createPortal)
	register(s, operation{ID: "update-portal", Method: patch, Path: "/v1/portals/{portal_id}", Tag: "Administration", Summary: "Change a portal",
		Description: "Settings that are given the portal says itself, and those below inherit them; `inherit` gives settings back to the portal above.",
		Codes:       codes(desk.NotAllowed, desk.NotFound, desk.ChangedMeanwhile)}, anyone(desk.AdministrationWrite), s.updatePortal)
	register(s, operation{ID: "delete-portal", Method: remove, Path: "/v1/portals/{portal_id}", Tag: "Administration", Summary: "Delete a portal", Status: http.StatusNoContent,
		Description: deletion, Codes: codes(desk.NotAllowed, desk.NotFound, desk.InUse, desk.ChangedMeanwhile)}, anyone(desk.AdministrationWrite), s.deletePortal)
	register(s, operation{ID: "create-issue", Method: post, Path: "/v1/issues", Tag: "Administration", Summary: "Make an issue",
		Description: "Customers choose it on portals' pages. With `request_help`, reps ask the team for help on it, too.", Status: http.StatusCreated,
		Codes: codes(desk.NotAllowed, desk.NotFound)}, anyone(desk.AdministrationWrite), s.createIssue)
	register(s, operation{ID: "update-issue", Method: patch, Path: "/v1/issues/{issue_id}", Tag: "Administration", Summary: "Change an issue",
		Description: "What is left out stays as it is. Out of use, it can neither be chosen nor asked for.",
		Codes:       codes(desk.NotAllowed, desk.NotFound, desk.ChangedMeanwhile)}, anyone(desk.AdministrationWrite), s.updateIssue)
	register(s, operation{ID: "delete-issue", Method: remove, Path: "/v1/issues/{issue_id}", Tag: "Administration", Summary: "Delete an issue", Status: http.StatusNoContent,
		Description: deletion, Codes: codes(desk.NotAllowed, desk.NotFound, desk.InUse, desk.ChangedMeanwhile)}, anyone(desk.AdministrationWrite), s.deleteIssue)
	s.entranceRoutes()
	register(s, operation{ID: "reassign-session", Method: post, Path: "/v1/sessions/{session_id}/reassign", Tag: "Administration", Summary: "Give a session that is stuck to a rep or a team",
		Description: "A rep becomes the owner of an active session, and finds a waiting one in the personal queue; in the queue of a team either waits. The former owner leaves.",
		Codes:       codes(desk.NotAllowed, desk.NotFound, desk.OneTargetNeeded, desk.SessionNotActive, desk.RepNotAvailable, desk.TeamNotAvailable)}, anyone(desk.AdministrationWrite), s.reassignSession)
}

// deletion is how all deletions go.
const deletion = "Only what never was of any use can be deleted; else the refusal says what hangs on it, and it can be disabled."

func (s *Server) accountRoutes() {
	register(s, operation{ID: "list-reps", Method: get, Path: "/v1/reps", Tag: "Administration", Summary: "List the accounts, by name",
		Description: "With those that are closed, unless `disabled` says otherwise.",
		Codes:       codes(desk.NotAllowed, desk.NotFound, desk.CursorMismatch)}, anyone(desk.AdministrationRead), s.listReps)
	register(s, operation{ID: "create-rep", Method: post, Path: "/v1/reps", Tag: "Administration", Summary: "Make an account",
		Description: "Without a password nobody can log in to it, until set-rep-password gives it one.", Status: http.StatusCreated,
		Codes: codes(desk.NotAllowed, desk.NotFound)}, anyone(desk.AdministrationWrite), s.createRep)
	register(s, operation{ID: "get-rep", Method: get, Path: "/v1/reps/{rep_id}", Tag: "Administration", Summary: "One account",
		Description: "By its id or `@username`, with what the rep set for themselves.", Codes: codes(desk.NotAllowed, desk.NotFound)}, anyone(desk.AdministrationRead), s.getRep)
	register(s, operation{ID: "update-rep", Method: patch, Path: "/v1/reps/{rep_id}", Tag: "Administration", Summary: "Change an account",
		Description: "A closed one is logged out everywhere, and its sessions go to others.",
		Codes:       codes(desk.NotAllowed, desk.NotFound, desk.EmailMissing, desk.ChangedMeanwhile)}, anyone(desk.AdministrationWrite), s.updateRep)
	register(s, operation{ID: "delete-rep", Method: remove, Path: "/v1/reps/{rep_id}", Tag: "Administration", Summary: "Delete an account", Status: http.StatusNoContent,
		Description: deletion, Codes: codes(desk.NotAllowed, desk.NotFound, desk.InUse, desk.ChangedMeanwhile)}, anyone(desk.AdministrationWrite), s.deleteRep)
	register(s, operation{ID: "set-rep-password", Method: put, Path: "/v1/reps/{rep_id}/password", Tag: "Administration", Summary: "Set the password of an account",
		Description: "Ends all its consoles.", Status: http.StatusNoContent, Codes: codes(desk.NotAllowed, desk.NotFound)}, anyone(desk.AdministrationWrite), s.setRepPassword)
	register(s, operation{ID: "list-rep-consoles", Method: get, Path: "/v1/reps/{rep_id}/consoles", Tag: "Administration", Summary: "List the consoles of an account",
		Description: "The newest first. Neither tokens nor push targets are shown.",
		Codes:       codes(desk.NotAllowed, desk.NotFound)}, anyone(desk.AdministrationRead), s.listRepConsoles)
	register(s, operation{ID: "revoke-console", Method: remove, Path: "/v1/reps/{rep_id}/consoles/{console_id}", Tag: "Administration", Summary: "Log out a console of an account",
		Description: "The last console stays while the rep owns active sessions, unless forced.", Status: http.StatusNoContent,
		Codes: codes(desk.NotAllowed, desk.NotFound, desk.OwnerMustHandOver)}, anyone(desk.AdministrationWrite), s.revokeConsole)
}

func (s *Server) teamRoutes() {
	register(s, operation{ID: "create-team", Method: post, Path: "/v1/teams", Tag: "Administration", Summary: "Make a team",
		Description: "Nobody is in it, until set-team-member or an account brings somebody.", Status: http.StatusCreated,
		Codes: codes(desk.NotAllowed, desk.NotFound)}, anyone(desk.AdministrationWrite), s.createTeam)
	register(s, operation{ID: "update-team", Method: patch, Path: "/v1/teams/{team_id}", Tag: "Administration", Summary: "Change a team",
		Description: "What is left out stays as it is. When it goes out of use, sessions that wait in its queue move on.",
		Codes:       codes(desk.NotAllowed, desk.NotFound, desk.ChangedMeanwhile)}, anyone(desk.AdministrationWrite), s.updateTeam)
	register(s, operation{ID: "delete-team", Method: remove, Path: "/v1/teams/{team_id}", Tag: "Administration", Summary: "Delete a team", Status: http.StatusNoContent,
		Description: deletion, Codes: codes(desk.NotAllowed, desk.NotFound, desk.InUse, desk.ChangedMeanwhile)}, anyone(desk.AdministrationWrite), s.deleteTeam)
	register(s, operation{ID: "list-team-members", Method: get, Path: "/v1/teams/{team_id}/members", Tag: "Administration", Summary: "Who is in a team, by name",
		Description: "With each one's role there. Closed accounts are among them.",
		Codes:       codes(desk.NotAllowed, desk.NotFound, desk.CursorMismatch)}, anyone(desk.AdministrationRead), s.listTeamMembers)
	register(s, operation{ID: "set-team-member", Method: put, Path: "/v1/teams/{team_id}/members/{rep_id}", Tag: "Administration", Summary: "Bring a rep into a team, or give them another role there",
		Description: "Who is brought in is told of what waits for the team. The same role again changes nothing.",
		Codes:       codes(desk.NotAllowed, desk.NotFound)}, anyone(desk.AdministrationWrite), s.setTeamMember)
	register(s, operation{ID: "remove-team-member", Method: remove, Path: "/v1/teams/{team_id}/members/{rep_id}", Tag: "Administration", Summary: "Take a rep out of a team", Status: http.StatusNoContent,
		Description: "Invitations to the team are over for them.", Codes: codes(desk.NotAllowed, desk.NotFound)}, anyone(desk.AdministrationWrite), s.removeTeamMember)
}

// entranceCode is how both kinds of fixed codes are made.
const entranceCode = "The code in it, which the server makes and which never changes, lets customers in, until it is withdrawn by `disabled`."

func (s *Server) entranceRoutes() {
	register(s, operation{ID: "list-support-buttons", Method: get, Path: "/v1/support-buttons", Tag: "Administration", Summary: "List support buttons, by name",
		Description: "With those that are withdrawn.",
		Codes:       codes(desk.NotAllowed, desk.CursorMismatch)}, anyone(desk.AdministrationRead), s.supportButtons().list)
	register(s, operation{ID: "create-support-button", Method: post, Path: "/v1/support-buttons", Tag: "Administration", Summary: "Make a support button", Status: http.StatusCreated,
		Description: entranceCode, Codes: codes(desk.NotAllowed, desk.NotFound, desk.OneTargetNeeded)}, anyone(desk.AdministrationWrite), s.supportButtons().create)
	register(s, operation{ID: "get-support-button", Method: get, Path: "/v1/support-buttons/{support_button_id}", Tag: "Administration", Summary: "One support button",
		Description: "By its id or `@slug`, with its code and where it leads.",
		Codes:       codes(desk.NotAllowed, desk.NotFound)}, anyone(desk.AdministrationRead), s.getSupportButton)
	register(s, operation{ID: "update-support-button", Method: patch, Path: "/v1/support-buttons/{support_button_id}", Tag: "Administration", Summary: "Change or withdraw a support button",
		Description: "What is left out stays as it is. The code stays the same; while it is `disabled`, it lets nobody in.",
		Codes:       codes(desk.NotAllowed, desk.NotFound, desk.OneTargetNeeded, desk.ChangedMeanwhile)}, anyone(desk.AdministrationWrite), s.updateSupportButton)
	register(s, operation{ID: "delete-support-button", Method: remove, Path: "/v1/support-buttons/{support_button_id}", Tag: "Administration", Summary: "Delete a support button",
		Description: "Its code lets nobody in any more, and does not come back. To withdraw it for a time, disable it.", Status: http.StatusNoContent,
		Codes: codes(desk.NotAllowed, desk.NotFound, desk.ChangedMeanwhile)}, anyone(desk.AdministrationWrite), s.deleteSupportButton)
	register(s, operation{ID: "list-help-links", Method: get, Path: "/v1/help-links", Tag: "Administration", Summary: "List help links, by name",
		Description: "With those that are withdrawn.",
		Codes:       codes(desk.NotAllowed, desk.CursorMismatch)}, anyone(desk.AdministrationRead), s.helpLinks().list)
	register(s, operation{ID: "create-help-link", Method: post, Path: "/v1/help-links", Tag: "Administration", Summary: "Make a help link", Status: http.StatusCreated,
		Description: entranceCode, Codes: codes(desk.NotAllowed, desk.NotFound, desk.OneTargetNeeded)}, anyone(desk.AdministrationWrite), s.helpLinks().create)
	register(s, operation{ID: "get-help-link", Method: get, Path: "/v1/help-links/{help_link_id}", Tag: "Administration", Summary: "One help link",
		Description: "By its id or `@slug`, with its code and where it leads.",
		Codes:       codes(desk.NotAllowed, desk.NotFound)}, anyone(desk.AdministrationRead), s.getHelpLink)
	register(s, operation{ID: "update-help-link", Method: patch, Path: "/v1/help-links/{help_link_id}", Tag: "Administration", Summary: "Change or withdraw a help link",
		Description: "What is left out stays as it is. The code stays the same; while it is `disabled`, it lets nobody in.",
		Codes:       codes(desk.NotAllowed, desk.NotFound, desk.OneTargetNeeded, desk.ChangedMeanwhile)}, anyone(desk.AdministrationWrite), s.updateHelpLink)
	register(s, operation{ID: "delete-help-link", Method: remove, Path: "/v1/help-links/{help_link_id}", Tag: "Administration", Summary: "Delete a help link",
		Description: "Its code lets nobody in any more, and does not come back. To withdraw it for a time, disable it.", Status: http.StatusNoContent,
		Codes: codes(desk.NotAllowed, desk.NotFound, desk.ChangedMeanwhile)}, anyone(desk.AdministrationWrite), s.deleteHelpLink)
}
