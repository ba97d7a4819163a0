package api

import (
	"net/http"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	get    = http.MethodGet
	post   = http.MethodPost
	put    = http.MethodPut
	patch  = http.MethodPatch
	remove = http.MethodDelete
)

// codes makes the list of an operation's own refusals readable.
func codes(list ...desk.Code) []desk.Code { return list }

// routes is every operation of the desk; those of administrators stand in routes_administration.go.
func (s *Server) routes() {
	s.serverRoutes()
	s.consoleRoutes()
	s.queueRoutes()
	s.sessionRoutes()
	s.sharingRoutes()
	s.specialistRoutes()
	s.chatRoutes()
	s.teamChatRoutes()
	s.preferenceRoutes()
	s.directoryRoutes()
	s.sessionKeyRoutes()
	s.publicRoutes()
	s.joinRoutes()
	s.guestRoutes()
	s.eventRoutes()
	s.administrationRoutes()
	s.pages()
}

func (s *Server) serverRoutes() {
	register(s, operation{ID: "get-server", Method: get, Path: "/v1/server", Tag: "Server", Summary: "What the server is and can do", FromMemory: true,
		Description: "For everybody, so that a client knows before anyone logs in: what the desk is called, how reps log in, by what it reaches people, and the bounds that requests keep to."}, public, s.getServer)
}

func (s *Server) consoleRoutes() {
	register(s, operation{ID: "log-in", Method: post, Path: "/v1/consoles", Tag: "Consoles", Summary: "Log in on a console", Status: http.StatusCreated, Secret: true,
		Description: "The same rep with the same `device_id` gets the same console with a new token; another rep ends the earlier log-in there. Repeated wrong passwords lock the user name for a time.",
		Codes:       codes(desk.InvalidCredentials, desk.AccountDisabled, desk.TooManyAttempts, desk.NotFound)}, public, s.logIn)
	register(s, operation{ID: "list-my-consoles", Method: get, Path: "/v1/me/consoles", Tag: "Consoles", Summary: "List the caller's consoles",
		Description: "The newest first. `current` is the one that asks. Neither tokens nor push targets are shown."}, console, s.listMyConsoles)
	register(s, operation{ID: "update-console", Method: patch, Path: "/v1/me/consoles/{console_id}", Tag: "Consoles", Summary: "Change what a console says of itself",
		Description: "Clients send a push target here when the system gives them a new one, and once a month.",
		Codes:       codes(desk.NotFound, desk.ChangedMeanwhile)}, console, s.updateConsole)
	register(s, operation{ID: "log-out", Method: remove, Path: "/v1/me/consoles/{console_id}", Tag: "Consoles", Summary: "Log out a console",
		Description: "The last console stays while the rep owns active sessions, unless forced.", Status: http.StatusNoContent,
		Codes: codes(desk.NotFound, desk.OwnerMustHandOver)}, console, s.logOut)
	register(s, operation{ID: "log-out-others", Method: remove, Path: "/v1/me/consoles", Tag: "Consoles", Summary: "Log out all consoles of the caller but the one that asks",
		Description: "Their next request is refused with `console_revoked`, their event streams close, and pushes to them end.",
		Status:      http.StatusNoContent}, console, s.logOutOthers)
	register(s, operation{ID: "delete-push-target", Method: remove, Path: "/v1/me/consoles/{console_id}/push-target", Tag: "Consoles", Summary: "Push nothing to a console any more",
		Description: "For an app that is not to notify any more. The console stays logged in; by update-console it gives a new target. Doing it again changes nothing.",
		Status:      http.StatusNoContent, Codes: codes(desk.NotFound)}, console, s.deletePushTarget)
	register(s, operation{ID: "send-test-push", Method: post, Path: "/v1/me/consoles/{console_id}/test-push", Tag: "Consoles", Summary: "Send a push to a console, to see that pushes arrive",
		Description: "The device acknowledges it like any push; the delivery says how far it came.", Status: http.StatusAccepted,
		Codes: codes(desk.NotFound, desk.NoPushTarget, desk.PushNotConfigured)}, console, s.sendTestPush)
	register(s, operation{ID: "get-me", Method: get, Path: "/v1/me", Tag: "Consoles", Summary: "The rep who asks",
		Description: "With teams, permissions and presence. An app that was told of its log-out (`signed_out`) asks here whether that is so: its token is forgotten on a 401 alone."}, rep(desk.DirectoryRead), s.getMe)
	register(s, operation{ID: "update-me", Method: patch, Path: "/v1/me", Tag: "Consoles", Summary: "Change what the rep says of themselves",
		Description: "What is left out stays as it is. It holds on all consoles of the rep, and each is told by `me.changed`.",
		Codes:       codes(desk.NotAllowed, desk.EmailMissing, desk.ChangedMeanwhile)}, console, s.updateMe)
	register(s, operation{ID: "change-password", Method: put, Path: "/v1/me/password", Tag: "Consoles", Summary: "Change the password",
		Description: "Ends the rep's other consoles.", Status: http.StatusNoContent, Codes: codes(desk.TooManyAttempts)}, console, s.changePassword)
}

func (s *Server) queueRoutes() {
	register(s, operation{ID: "list-queues", Method: get, Path: "/v1/queues", Tag: "Queues", Summary: "The caller's own queue, and those of their teams",
		Description: "The personal queue first, then the teams' by name. Each says how many wait in it and since when, and what is unread in the team's chat. `queue.changed` tells when a count is another, " +
			"but for invitations of portals: these count in the personal queue, and `queue_entry.added` and `queue_entry.removed` tell of them."}, anyone(desk.QueuesRead), s.listQueues)
	register(s, operation{ID: "list-queue-entries", Method: get, Path: "/v1/queues/{queue_id}/entries", Tag: "Queues", Summary: "What stands in a queue",
		Description: "A personal queue holds the sessions that the rep is in, all that waits for the rep, and invitations for them. A team's holds the sessions that wait for it, and invitations of any of its representatives.",
		Codes:       codes(desk.NotFound, desk.CursorMismatch)}, anyone(desk.QueuesRead), s.listQueueEntries)
	register(s, operation{ID: "accept-next", Method: post, Path: "/v1/queues/next", Tag: "Queues", Summary: "Take the next from the queues of one's teams",
		Description: "The one of the highest priority, and of these the oldest, sessions and invitations alike; what the caller declined is passed over. Of many who ask at once each gets another.",
		Codes:       codes(desk.NotFound, desk.NotAllowed, desk.QueueEmpty)}, rep(desk.QueuesWrite), s.acceptNext)
}

func (s *Server) sessionRoutes() {
	register(s, operation{ID: "start-session", Method: post, Path: "/v1/sessions", Tag: "Sessions", Summary: "Start a session that waits for a rep", Status: http.StatusCreated, Private: true,
		Description: "The answer has the customer's token, with which they see their session and chat.",
		Codes:       codes(desk.OneTargetNeeded, desk.NotFound, desk.NotAllowed, desk.NoRepAvailable)}, anyone(desk.SessionsStart), s.startSession)
	register(s, operation{ID: "list-sessions", Method: get, Path: "/v1/sessions", Tag: "Sessions", Summary: "List the sessions that the caller sees, the newest first",
		Description: "Those that the rep owns, is or was in, is invited to, or that stand in one of their queues; a lead or manager also those of lower roles of the team; an administrator all.",
		Codes:       codes(desk.CursorMismatch)}, anyone(desk.SessionsRead), s.listSessions)
	register(s, operation{ID: "get-session", Method: get, Path: "/v1/sessions/{session_id}", Tag: "Sessions", Summary: "One session",
		Description: "Who is only invited, or in whose queue it stands, sees the summary, without attendees.", Codes: codes(desk.NotFound)}, anyone(desk.SessionsRead), s.getSession)
	register(s, operation{ID: "accept-session", Method: post, Path: "/v1/sessions/{session_id}/accept", Tag: "Sessions", Summary: "Take a waiting session from one's queue, or one that is being transferred to one",
		Description: "It becomes active and the caller its owner. Of many who ask at once, the first gets it; the others are refused with `session_taken`, which says who has it. " +
			"A transfer that is over otherwise is refused with `invitation_not_active`, which says why.",
		Codes: codes(desk.NotFound, desk.NotAllowed, desk.SessionTaken, desk.InvitationNotActive, desk.SessionNotActive)}, rep(desk.SessionsWrite), s.acceptSession)
	register(s, operation{ID: "end-session", Method: post, Path: "/v1/sessions/{session_id}/end", Tag: "Sessions", Summary: "End a session that one owns",
		Description: "An administrator ends those of others too, and those that wait; so does an API token that belongs to nobody, if it has the scope `administration:write` too.",
		Codes:       codes(desk.NotFound, desk.NotSessionOwner)}, anyone(desk.SessionsWrite), s.endSession)
	register(s, operation{ID: "leave-session", Method: post, Path: "/v1/sessions/{session_id}/leave", Tag: "Sessions", Summary: "Leave a session",
		Description: "An owner names another joined rep as owner, or ends the session.",
		Codes:       codes(desk.NotFound, desk.NotAllowed, desk.NotSessionOwner, desk.SessionNotActive, desk.OwnerMustHandOver)}, rep(desk.SessionsWrite), s.leaveSession)
	register(s, operation{ID: "hold-session", Method: post, Path: "/v1/sessions/{session_id}/hold", Tag: "Sessions", Summary: "Put a session on hold",
		Description: "It stays active, with its owner and everybody in it.", Codes: codes(desk.NotFound, desk.NotSessionOwner, desk.SessionNotActive)}, rep(desk.SessionsWrite), s.holdSession)
	register(s, operation{ID: "resume-session", Method: post, Path: "/v1/sessions/{session_id}/resume", Tag: "Sessions", Summary: "Go on with a session on hold",
		Description: "For its owner. One that is not on hold stays as it is.",
		Codes:       codes(desk.NotFound, desk.NotSessionOwner, desk.SessionNotActive)}, rep(desk.SessionsWrite), s.resumeSession)
	register(s, operation{ID: "join-session", Method: post, Path: "/v1/sessions/{session_id}/join", Tag: "Sessions", Summary: "Join a session of a lower role, uninvited",
		Description: "For a lead or manager over the session's owner, in a team that allows it, within the seats.",
		Codes:       codes(desk.NotFound, desk.NotAllowed, desk.SessionNotActive, desk.RepLimitReached)}, rep(desk.SessionsWrite), s.joinSession)
	register(s, operation{ID: "take-over-session", Method: post, Path: "/v1/sessions/{session_id}/take-over", Tag: "Sessions", Summary: "Take a session over from a lower role",
		Description: "For a lead or manager over the session's owner, in a team that allows it. The former owner stays if a seat is free.",
		Codes:       codes(desk.NotFound, desk.SessionNotActive, desk.TakeOverNotAllowed)}, rep(desk.SessionsWrite), s.takeOverSession)
	register(s, operation{ID: "transfer-session", Method: post, Path: "/v1/sessions/{session_id}/transfer", Tag: "Sessions", Summary: "Offer a session to a rep or a team",
		Description: "Ownership moves when it is accepted by accept-session; the owner then leaves, or stays if asked and a seat is free. One transfer can be pending.",
		Codes: codes(desk.NotFound, desk.NotSessionOwner, desk.SessionNotActive, desk.OneTargetNeeded, desk.CannotInviteSelf, desk.NotReachable, desk.TransferPending,
			desk.RepNotAvailable, desk.TeamNotAvailable)}, rep(desk.SessionsWrite), s.transferSession)
	register(s, operation{ID: "cancel-transfer", Method: post, Path: "/v1/sessions/{session_id}/transfer/cancel", Tag: "Sessions", Summary: "Take a transfer back",
		Description: "For whoever sent it, and the session's owner, while nobody has taken it. Its notification goes away wherever it shows.",
		Codes:       codes(desk.NotFound, desk.NotSessionOwner, desk.InvitationNotActive)}, rep(desk.SessionsWrite), s.cancelTransfer)
	register(s, operation{ID: "decline-transfer", Method: post, Path: "/v1/sessions/{session_id}/transfer/decline", Tag: "Sessions", Summary: "Decline a transfer",
		Description: "One to the rep alone ends. One to a team is over for this rep, and stays for the others.",
		Codes:       codes(desk.NotFound, desk.InvitationNotActive, desk.AlreadyInSession)}, rep(desk.SessionsWrite), s.declineTransfer)
	register(s, operation{ID: "update-attendee", Method: patch, Path: "/v1/sessions/{session_id}/attendees/{attendee_id}", Tag: "Sessions", Summary: "Change what an attendee may do, or hide a rep",
		Description: "For the session's owner, at any time: it holds at once, and `grant.changed` tells whatever carries the screen. What is left out stays as it is.",
		Codes:       codes(desk.NotFound, desk.NotSessionOwner, desk.NotAllowed, desk.SessionNotActive, desk.AccessAboveCeiling, desk.ChangedMeanwhile)}, rep(desk.SessionsWrite), s.updateAttendee)
	register(s, operation{ID: "remove-attendee", Method: remove, Path: "/v1/sessions/{session_id}/attendees/{attendee_id}", Tag: "Sessions", Summary: "Put a joined rep or a specialist out of a session",
		Description: "The invitation by which a specialist came is over with it, since people without an account cannot be told apart: by its code or link nobody joins any more. Others who came by it stay.",
		Status:      http.StatusNoContent, Codes: codes(desk.NotFound, desk.NotSessionOwner, desk.NotAllowed, desk.SessionNotActive)}, rep(desk.SessionsWrite), s.removeAttendee)
	register(s, operation{ID: "get-join-grant", Method: post, Path: "/v1/sessions/{session_id}/grant", Tag: "Sessions", Summary: "A signed token for what carries the screen", Private: true,
		Description: "It says who the caller is in the session and what they may do there. Whatever carries screen and control enforces it, with the keys at /.well-known/jwks.json. It lives for a minute; `grant.changed` says when to fetch another.",
		Codes:       codes(desk.NotFound, desk.NotAllowed, desk.SessionNotActive)}, rep(desk.SessionsWrite), s.getJoinGrant)
	register(s, operation{ID: "list-attendees", Method: get, Path: "/v1/sessions/{session_id}/attendees", Tag: "Sessions", Summary: "Who is in a session",
		Description: "In the order in which they came; who has left is not shown. For those in the session, and for whoever may look inside it.",
		Codes:       codes(desk.NotFound, desk.NotAllowed)}, anyone(desk.SessionsRead), s.listAttendees)
}

func (s *Server) sharingRoutes() {
	register(s, operation{ID: "get-share-options", Method: get, Path: "/v1/sessions/{session_id}/share", Tag: "Sharing", Summary: "All that the Share menu of a session needs",
		Description: "With none of `team_id`, `portal_id` and `q`: the caller's own teams with their reps, at most `limit` of each, and the other teams within reach with counts, `limit` of them a page; `next` leads to more of these. " +
			"With `team_id` or `portal_id`: that one's reps, and with `q` the reps found within reach, `limit` of them a page; `next` leads to more of these, and of the teams only one's own come and the one asked for. " +
			"With `for=transfer`: the reps and teams to whom the session can be given, which are those logged in, and those in the session too; no issues, no portals. " +
			"The ETag is made of the content.",
		Codes: codes(desk.NotFound, desk.NotSessionOwner, desk.NotReachable, desk.OneTargetNeeded, desk.CursorMismatch)}, rep(desk.SessionsRead), s.getShareOptions)
	inviting := codes(desk.NotFound, desk.NotSessionOwner, desk.SessionNotActive, desk.SharingOff, desk.RepLimitReached, desk.AccessAboveCeiling, desk.TeamNotAvailable, desk.TooManyRequests)
	register(s, operation{ID: "request-help", Method: post, Path: "/v1/sessions/{session_id}/request-help", Tag: "Sharing", Summary: "Ask for help on an issue", Status: http.StatusCreated,
		Description: "Invites any one representative of the team that owns the issue.", Codes: append(codes(desk.IssueNotShareable), inviting...)}, rep(desk.SessionsWrite), s.requestHelp)
	register(s, operation{ID: "invite", Method: post, Path: "/v1/sessions/{session_id}/invitations", Tag: "Sharing", Summary: "Invite a rep, any representative of a team, or whoever is logged in under a portal", Status: http.StatusCreated,
		Description: "Of a team or portal, the first to accept joins, and the invitation disappears for all others.",
		Codes:       append(codes(desk.OneTargetNeeded, desk.CannotInviteSelf, desk.NotReachable, desk.AlreadyInSession, desk.AlreadyInvited, desk.RepNotAvailable, desk.PortalNotAvailable), inviting...)}, rep(desk.SessionsWrite), s.invite)
	register(s, operation{ID: "list-invitations", Method: get, Path: "/v1/sessions/{session_id}/invitations", Tag: "Sharing", Summary: "All invitations of a session, active and past, the newest first",
		Description: "For the session's owner and administrators. Transfers are not among them: a session shows its own.",
		Codes:       codes(desk.NotFound, desk.NotSessionOwner, desk.CursorMismatch)}, anyone(desk.SessionsRead), s.listInvitations)
	register(s, operation{ID: "list-my-invitations", Method: get, Path: "/v1/me/invitations", Tag: "Sharing", Summary: "The invitations that the caller may accept, the newest first",
		Description: "Those to the rep, to any representative of their teams, and to a portal that they are logged in under; without what they declined.",
		Codes:       codes(desk.CursorMismatch)}, rep(desk.SessionsRead), s.listMyInvitations)
	register(s, operation{ID: "get-invitation", Method: get, Path: "/v1/invitations/{invitation_id}", Tag: "Sharing", Summary: "One invitation",
		Description: "For the session's owner, those whom it invites, and administrators. Who declined, and whether anybody is left who could accept, the owner is told alone.", Codes: codes(desk.NotFound)}, anyone(desk.SessionsRead), s.getInvitation)
	register(s, operation{ID: "cancel-invitation", Method: post, Path: "/v1/invitations/{invitation_id}/cancel", Tag: "Sharing", Summary: "Take an invitation back",
		Description: "For the session's owner, while nobody has accepted. Its notification goes away wherever it shows. Doing it again changes nothing.",
		Codes:       codes(desk.NotFound, desk.NotSessionOwner, desk.InvitationNotActive)}, rep(desk.SessionsWrite), s.cancelInvitation)
	register(s, operation{ID: "remind-invitation", Method: post, Path: "/v1/invitations/{invitation_id}/remind", Tag: "Sharing", Summary: "Have an invitation told again",
		Description: "With a higher revision, to all who may take it now; once in 30 seconds.",
		Codes:       codes(desk.NotFound, desk.NotSessionOwner, desk.InvitationNotActive, desk.TooManyRequests)}, rep(desk.SessionsWrite), s.remindInvitation)
	register(s, operation{ID: "accept-invitation", Method: post, Path: "/v1/invitations/{invitation_id}/accept", Tag: "Sharing", Summary: "Accept an invitation and join its session",
		Description: "Of all who accept, the first wins; the others are told who. The winner may repeat it while still in the session.",
		Codes:       codes(desk.NotFound, desk.InvitationNotActive, desk.AlreadyInSession)}, rep(desk.SessionsWrite), s.acceptInvitation)
	register(s, operation{ID: "decline-invitation", Method: post, Path: "/v1/invitations/{invitation_id}/decline", Tag: "Sharing", Summary: "Decline an invitation",
		Description: "One to the rep alone ends. One to a team is over for this rep, and stays for the others.", Codes: codes(desk.NotFound, desk.InvitationNotActive, desk.AlreadyInSession)}, rep(desk.SessionsWrite), s.declineInvitation)
	register(s, operation{ID: "list-deliveries", Method: get, Path: "/v1/invitations/{invitation_id}/deliveries", Tag: "Sharing", Summary: "What was sent for an invitation, device by device, the newest first",
		Description: "For the session's owner and administrators. What took the notification away again (`withdrawal`) is among them.",
		Codes:       codes(desk.NotFound, desk.NotSessionOwner, desk.CursorMismatch)}, anyone(desk.SessionsRead), s.listDeliveries)
	register(s, operation{ID: "get-delivery", Method: get, Path: "/v1/deliveries/{delivery_id}", Tag: "Sharing", Summary: "How far a message came",
		Description: "For the rep whom it tells, the owner of the session whose invitation it tells of, and administrators.", Codes: codes(desk.NotFound)}, anyone(desk.SessionsRead), s.getDelivery)
	register(s, operation{ID: "ack-delivery", Method: post, Path: "/v1/deliveries/{delivery_id}/ack", Tag: "Sharing", Summary: "Report that a push came, or was opened",
		Description: "For the rep whom the push tells, by the `delivery_id` in it: `received` when it comes, `opened` when the user follows it. The session's owner sees it in the delivery. What was opened stays so.",
		Codes:       codes(desk.NotFound)}, console, s.ackDelivery)
}

func (s *Server) specialistRoutes() {
	register(s, operation{ID: "invite-specialists", Method: post, Path: "/v1/sessions/{session_id}/specialist-invitations", Tag: "Specialists", Summary: "Make a code and a link that let people without an account in", Status: http.StatusCreated, Private: true,
		Description: "Where the session's portal allows specialists, for an owner with the permission `invite_specialists`. The answer has an email for the owner to send by themselves; to the addresses in `emails` the server sends it. At most 10 stand in a session.",
		Codes:       codes(desk.NotFound, desk.NotSessionOwner, desk.SessionNotActive, desk.SpecialistsAtLimit, desk.AccessAboveCeiling, desk.TooManyRequests)}, rep(desk.SessionsWrite), s.inviteSpecialists)
	register(s, operation{ID: "list-specialist-invitations", Method: get, Path: "/v1/sessions/{session_id}/specialist-invitations", Tag: "Specialists", Summary: "All specialist invitations of a session, the newest first", Private: true,
		Description: "For its owner alone. Those that stand have their code and link, whoever made them. An API token that may only read does not get them: they let people in.",
		Codes:       codes(desk.NotFound, desk.NotSessionOwner, desk.CursorMismatch)}, rep(desk.SessionsWrite), s.listSpecialistInvitations)
	register(s, operation{ID: "email-specialist-invitation", Method: post, Path: "/v1/specialist-invitations/{specialist_invitation_id}/email", Tag: "Specialists", Summary: "Have a specialist invitation sent by email", Private: true,
		Description: "At most 50 emails go to the specialists of a session.", Codes: codes(desk.NotFound, desk.NotSessionOwner, desk.InvitationNotActive, desk.TooManyRequests)}, rep(desk.SessionsWrite), s.emailSpecialistInvitation)
	register(s, operation{ID: "cancel-specialist-invitation", Method: post, Path: "/v1/specialist-invitations/{specialist_invitation_id}/cancel", Tag: "Specialists", Summary: "Let nobody in any more by a code and its link",
		Description: "For whoever owns the session now. Emails that wait are not sent any more.",
		Codes:       codes(desk.NotFound, desk.NotSessionOwner, desk.InvitationNotActive)}, rep(desk.SessionsWrite), s.cancelSpecialistInvitation)
	register(s, operation{ID: "list-specialist-deliveries", Method: get, Path: "/v1/specialist-invitations/{specialist_invitation_id}/deliveries", Tag: "Specialists", Summary: "What was sent for a specialist invitation, the newest first",
		Description: "For the session's owner: each email, with its address and how far it came.",
		Codes:       codes(desk.NotFound, desk.NotSessionOwner, desk.CursorMismatch)}, rep(desk.SessionsRead), s.listSpecialistDeliveries)
}

func (s *Server) chatRoutes() {
	register(s, operation{ID: "list-messages", Method: get, Path: "/v1/sessions/{session_id}/messages", Tag: "Chat", Summary: "The chat of a session, as far as the caller sees it",
		Description: "The owner sees all of it; whoever joined sees it from shortly before they came (the portal's `chat_history_seconds`); whoever left sees what they saw. Others read it by joining.",
		Codes:       codes(desk.NotFound, desk.NotAllowed, desk.CursorMismatch)}, anyone(desk.SessionsRead), s.listMessages)
	register(s, operation{ID: "post-message", Method: post, Path: "/v1/sessions/{session_id}/messages", Tag: "Chat", Summary: "Write into the chat of a session",
		Description: "For the reps in the session. With a `client_ref` it can be sent again: the same reference is the same message.", Status: http.StatusCreated,
		Codes: codes(desk.NotFound, desk.NotAllowed, desk.SessionNotActive)}, rep(desk.SessionsWrite), s.postMessage)
	register(s, operation{ID: "mark-session-read", Method: post, Path: "/v1/sessions/{session_id}/messages/read", Tag: "Chat", Summary: "Note how far the chat was read",
		Description: "For a rep in the session, up to and with the message that is named. It never goes back.",
		Codes:       codes(desk.NotFound, desk.NotAllowed, desk.SessionNotActive)}, rep(desk.SessionsWrite), s.markSessionRead)
	register(s, operation{ID: "list-notes", Method: get, Path: "/v1/sessions/{session_id}/notes", Tag: "Chat", Summary: "What reps left on a session, the oldest first",
		Description: "For those who may look inside the session, after its end too. Guests never see them.",
		Codes:       codes(desk.NotFound, desk.NotAllowed, desk.CursorMismatch)}, anyone(desk.SessionsRead), s.listNotes)
	register(s, operation{ID: "add-note", Method: post, Path: "/v1/sessions/{session_id}/notes", Tag: "Chat", Summary: "Leave a note on a session",
		Description: "For the reps in the session. It stays after the session's end; guests never see it.", Status: http.StatusCreated,
		Codes: codes(desk.NotFound, desk.NotAllowed, desk.SessionNotActive)}, rep(desk.SessionsWrite), s.addNote)
}

func (s *Server) teamChatRoutes() {
	register(s, operation{ID: "list-team-messages", Method: get, Path: "/v1/teams/{team_id}/messages", Tag: "Chat", Summary: "The chat of a team",
		Description: "For the team's reps; an administrator may read it too.", Codes: codes(desk.NotFound, desk.CursorMismatch)}, anyone(desk.QueuesRead), s.listTeamMessages)
	register(s, operation{ID: "post-team-message", Method: post, Path: "/v1/teams/{team_id}/messages", Tag: "Chat", Summary: "Write into the chat of a team of one's own",
		Description: "For the team's reps. With a `client_ref` it can be sent again: the same reference is the same message.", Status: http.StatusCreated,
		Codes: codes(desk.NotFound)}, rep(desk.QueuesWrite), s.postTeamMessage)
	register(s, operation{ID: "mark-team-chat-read", Method: post, Path: "/v1/teams/{team_id}/messages/read", Tag: "Chat", Summary: "Say how far one has read the chat of a team",
		Description: "It never goes back. Who comes into a team has its earlier messages as read.", Codes: codes(desk.NotFound)}, rep(desk.QueuesWrite), s.markTeamChatRead)
}

func (s *Server) preferenceRoutes() {
	register(s, operation{ID: "set-favourite", Method: put, Path: "/v1/queues/{queue_id}/favourite", Tag: "Queues", Summary: "Mark the queue of a team of one's own",
		Description: "The personal queue cannot be marked.", Status: http.StatusNoContent, Codes: codes(desk.NotFound)}, rep(desk.QueuesWrite), s.setFavourite)
	register(s, operation{ID: "unset-favourite", Method: remove, Path: "/v1/queues/{queue_id}/favourite", Tag: "Queues", Summary: "Take the mark away",
		Description: "Where there is none, nothing changes.",
		Status:      http.StatusNoContent, Codes: codes(desk.NotFound)}, rep(desk.QueuesWrite), s.unsetFavourite)
	register(s, operation{ID: "get-preferences", Method: get, Path: "/v1/me/preferences", Tag: "Queues", Summary: "How the rep wants queues shown",
		Description: "The columns and the order of queues, the same on every console of the rep."}, rep(desk.QueuesRead), s.getPreferences)
	register(s, operation{ID: "update-preferences", Method: patch, Path: "/v1/me/preferences", Tag: "Queues", Summary: "Change how the rep wants queues shown",
		Description: "On every console of the rep.", Codes: codes(desk.ChangedMeanwhile)}, rep(desk.QueuesWrite), s.updatePreferences)
}

func (s *Server) directoryRoutes() {
	register(s, operation{ID: "list-portals", Method: get, Path: "/v1/portals", Tag: "Directory", Summary: "The portals, as a tree by parent_id",
		Description: "Those in use, by name; to an administrator all. Their settings stand in get-portal.", Codes: codes(desk.CursorMismatch)}, anyone(desk.DirectoryRead), s.listPortals)
	register(s, operation{ID: "list-teams", Method: get, Path: "/v1/teams", Tag: "Directory", Summary: "The teams that the caller sees, by name",
		Description: "One's own, and with the permission `share_outside_teams` others while somebody of them is logged in or in extended availability; an administrator sees all, with their settings.",
		Codes:       codes(desk.CursorMismatch)}, anyone(desk.DirectoryRead), s.listTeams)
	register(s, operation{ID: "get-team", Method: get, Path: "/v1/teams/{team_id}", Tag: "Directory", Summary: "One team",
		Description: "By its id or `@slug`, as list-teams shows it. One that the caller does not see there is not found.", Codes: codes(desk.NotFound)}, anyone(desk.DirectoryRead), s.getTeam)
	register(s, operation{ID: "list-issues", Method: get, Path: "/v1/issues", Tag: "Directory", Summary: "The issues that the caller sees, by title",
		Description: "Those in use, to an embassy rep those of their own teams; to an administrator all, with their settings.", Codes: codes(desk.CursorMismatch)}, anyone(desk.DirectoryRead), s.listIssues)
	register(s, operation{ID: "get-issue", Method: get, Path: "/v1/issues/{issue_id}", Tag: "Directory", Summary: "One issue",
		Description: "By its id or `@slug`, as list-issues shows it. One that the caller does not see there is not found.", Codes: codes(desk.NotFound)}, anyone(desk.DirectoryRead), s.getIssue)
	register(s, operation{ID: "get-portal", Method: get, Path: "/v1/portals/{portal_id}", Tag: "Directory", Summary: "A portal with its settings in force, and where each comes from",
		Description: "A setting that the portal does not say itself is that of the nearest portal above which says it, else the default.",
		Codes:       codes(desk.NotFound)}, anyone(desk.DirectoryRead), s.getPortal)
}

func (s *Server) sessionKeyRoutes() {
	register(s, operation{ID: "create-session-key", Method: post, Path: "/v1/session-keys", Tag: "Entrances", Summary: "Make a key that lets one customer in", Status: http.StatusCreated, Secret: true,
		Description: "The customer who enters it waits in the caller's personal queue. It can be used once, and is shown this once; a rep has at most 50 that stand.",
		Codes:       codes(desk.NotFound, desk.TooManyRequests)}, rep(desk.QueuesWrite), s.createSessionKey)
	register(s, operation{ID: "list-session-keys", Method: get, Path: "/v1/session-keys", Tag: "Entrances", Summary: "The caller's session keys that stand, the newest first",
		Description: "Without those that were used, were taken back or have ended. None shows the key itself.", Codes: codes(desk.CursorMismatch)}, rep(desk.QueuesRead), s.listSessionKeys)
	register(s, operation{ID: "delete-session-key", Method: remove, Path: "/v1/session-keys/{session_key_id}", Tag: "Entrances", Summary: "Take a session key back",
		Description: "It lets nobody in any more. One that was used or has ended is not found.",
		Status:      http.StatusNoContent, Codes: codes(desk.NotFound)}, rep(desk.QueuesWrite), s.deleteSessionKey)
}

func (s *Server) publicRoutes() {
	register(s, operation{ID: "enter", Method: post, Path: "/v1/public/sessions", Tag: "Public", Summary: "Come in as a customer", Status: http.StatusCreated, Secret: true,
		Description: "By exactly one of `session_key`, `issue_id`, `rep_id`, `support_button_code` and `help_link_code`; with the portal, as its modes say. The answer has the customer's token for /v1/guest. " +
			"Of a key or code that lets nobody in, the answer does not say why. After several such, no more are tried from the address for a time.",
		Codes: codes(desk.OneTargetNeeded, desk.NotFound, desk.NotAllowed, desk.NoRepAvailable, desk.CodeNotValid, desk.TooManyAttempts)}, public, s.enter)
	register(s, operation{ID: "get-public-portal", Method: get, Path: "/v1/public/portals/{portal_id}", Tag: "Public", Summary: "What a portal's page shows to customers",
		Description: "All that a page for customers needs, as the portal's modes allow: reps who let themselves be shown and are logged in, issues with whether anybody would come, and whether it takes keys and codes.",
		Codes:       codes(desk.NotFound)}, public, s.getPublicPortal)
	register(s, operation{ID: "get-invitation-link", Method: get, Path: "/v1/public/invitation-links/{link_token}", Tag: "Public", Summary: "What an email's link leads to",
		Description: "For apps that open the links of emails by themselves. It changes nothing.", Private: true,
		Codes: codes(desk.NotFound)}, public, s.getInvitationLink)
	register(s, operation{ID: "answer-invitation-link", Method: post, Path: "/v1/public/invitation-links/{link_token}", Tag: "Public", Summary: "Answer an invitation by an email's link",
		Description: "It acts for the rep to whom the email was sent. Who accepts without a connected console holds the seat until `expected_until`. To decline and switch off works also where there is nothing to decline any more.", Private: true,
		Codes: codes(desk.NotFound, desk.InvitationNotActive, desk.AlreadyInSession)}, public, s.answerInvitationLink)
}

// specialistRefusals are the words about a code or link that lets nobody in.
const specialistRefusals = "By exactly one of `code` and `link_token`. Of a code that lets nobody in, the answer does not say why; of a link, the conflict has the reason: " +
	"`cancelled`, `session_ended`, `specialist_removed`, `used_up` or `not_now`. Who joined by it before says so by their token, as `Authorization: Bearer rdg_…`. After several wrong codes, no more are tried from the address for a time."

func (s *Server) joinRoutes() {
	register(s, operation{ID: "look-up-code", Method: post, Path: "/v1/public/join/look-up", Tag: "Public", Summary: "What a specialist's code or link leads to",
		Description: "It uses nothing up. " + specialistRefusals, Private: true, Codes: codes(desk.OneTargetNeeded, desk.NotFound, desk.CodeNotValid, desk.TooManyAttempts)}, public, s.lookUpCode)
	register(s, operation{ID: "join-as-specialist", Method: post, Path: "/v1/public/join", Tag: "Public", Summary: "Join a session as a specialist", Status: http.StatusCreated, Secret: true,
		Description: "The answer has the specialist's token for /v1/guest. Who comes back is the same attendee with the same token, and uses no join. " + specialistRefusals,
		Codes:       codes(desk.OneTargetNeeded, desk.NotFound, desk.SpecialistsAtLimit, desk.CodeNotValid, desk.TooManyAttempts)}, public, s.joinAsSpecialist)
}

func (s *Server) guestRoutes() {
	register(s, operation{ID: "get-guest-session", Method: get, Path: "/v1/guest/session", Tag: "Guests", Summary: "The guest's session",
		Description: "While it waits, with the place in line and the estimated wait: the place, times the mean time between the queue's last 20 pick-ups within a day. The ETag is made of the content, so that it changes with these. Any request of a customer who had left shows that they are back."}, guest, s.getGuestSession)
	register(s, operation{ID: "update-guest-session", Method: patch, Path: "/v1/guest/session", Tag: "Guests", Summary: "Say which page a browser-sharing session is about",
		Description: "For the customer's script, whenever the page changes; the same again changes nothing.", Codes: codes(desk.NotAllowed, desk.SessionNotActive)}, guest, s.updateGuestSession)
	register(s, operation{ID: "list-guest-attendees", Method: get, Path: "/v1/guest/attendees", Tag: "Guests", Summary: "Who is in the session, as guests may know",
		Description: "In the order in which they came, under their public names. Reps who are hidden from the customer are left out, and which rep somebody is. " +
			"Who was hidden before is somebody new here: under an id of their own, which is not the one that reps know, at revision 1."}, guest, s.listGuestAttendees)
	register(s, operation{ID: "list-guest-messages", Method: get, Path: "/v1/guest/messages", Tag: "Guests", Summary: "The chat, as guests may read it",
		Description: "What reps write among themselves is left out. A specialist sees it from shortly before they came.", Codes: codes(desk.CursorMismatch)}, guest, s.listGuestMessages)
	register(s, operation{ID: "post-guest-message", Method: post, Path: "/v1/guest/messages", Tag: "Guests", Summary: "Write into the chat",
		Description: "Everyone in the session reads it. With a `client_ref` it can be sent again: the same reference is the same message.", Status: http.StatusCreated,
		Codes: codes(desk.SessionNotActive)}, guest, s.postGuestMessage)
	register(s, operation{ID: "give-consent", Method: post, Path: "/v1/guest/consent", Tag: "Guests", Summary: "Agree to somebody on the screen, or refuse",
		Description: "For the customer, about an attendee whose consent is not `not_needed`; the answer can be changed.", Codes: codes(desk.NotFound, desk.NotAllowed, desk.SessionNotActive)}, guest, s.giveConsent)
	register(s, operation{ID: "get-guest-grant", Method: post, Path: "/v1/guest/grant", Tag: "Guests", Summary: "A signed token for what carries the screen",
		Description: "For guests what get-join-grant is for reps: it says who they are in the session and what they may do there, and lives for a minute.", Private: true,
		Codes: codes(desk.SessionNotActive)}, guest, s.getGuestGrant)
	register(s, operation{ID: leaveAsGuest, Method: post, Path: "/v1/guest/leave", Tag: "Guests", Summary: "Leave the session",
		Description: "A customer who leaves while waiting ends it; one who leaves while it is active can come back with the same token for a time. " +
			"Any later request with the token takes the leaving back, that of an event stream which reconnects included: a client ends its stream when it leaves."}, guest, s.leaveAsGuest)
	register(s, operation{ID: "stream-guest-events", Method: get, Path: "/v1/guest/events", Tag: "Guests", Summary: "Follow the session as it happens",
		Description: "While it waits, `place.changed` tells of the place in line and the estimated wait, within 10 seconds after they change. " +
			"Any request of a customer who had left takes that back, that of a stream which reconnects included: a client ends its stream when it leaves.",
		Tune: s.tuneStream}, guest, s.streamGuestEvents)
}

func (s *Server) eventRoutes() {
	register(s, operation{ID: "get-snapshot", Method: get, Path: "/v1/snapshot", Tag: "Events", Summary: "What a console shows when it starts",
		Description: "All as it stands at one moment, with the cursor of the event that it stands at: the stream or the log after it misses nothing and repeats nothing. " +
			"A list has 200 things at most; `truncated` names those that have more."}, console, s.getSnapshot)
	register(s, operation{ID: "stream-events", Method: get, Path: "/v1/events", Tag: "Events", Summary: "Follow events as they happen",
		Description: "A console has one stream, and so has an API token; a second closes the first. Where several servers run, a console's first on another server closes within a minute, and an API token has one on each. Reconnecting with `Last-Event-ID` misses nothing and repeats nothing. " +
			"Who has more than 20 events to catch up on gets of several `….changed` of one object the last, unless the object came or went in between. `rep.presence_changed` comes only where `types` names it.",
		Tune: s.tuneStream}, rep(desk.EventsRead), s.streamEvents)
	register(s, operation{ID: "list-events", Method: get, Path: "/v1/event-log", Tag: "Events", Summary: "Read the same events by polling",
		Description: "Here every change is told, but for `queue.changed`, which shows the queue as it is when it is read. " +
			"Where the caller came to read more stands an item of the type `reset` with the reason `rights_changed`, whatever `types` asks for: what is shown has to be loaded anew. " +
			"A console does that by get-snapshot and goes on from its cursor; a script loads its lists and goes on from the cursor of this answer. " +
			"Where the position is too old a script first reads without `after`, for the cursor at which the log stands now, then loads its lists, and goes on from that cursor.", Codes: codes(desk.CursorTooOld)}, rep(desk.EventsRead), s.listEvents)
}
