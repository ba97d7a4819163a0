package desk

import "time"

// PersonalQueue is how a rep names their own queue; a team's queue has the team's id (D1).
const PersonalQueue = "personal"

// QueueKind is what somebody finds in a queue: a session to take, or an invitation to one.
type QueueKind string

const (
	QueuedSession    QueueKind = "session"
	QueuedInvitation QueueKind = "invitation"
)

// CameBy says how a session, or an entry of a queue, came there (D2, D3).
type CameBy string

const (
	CameByIssue          CameBy = "issue"
	CameBySessionKey     CameBy = "session_key"
	CameByRepChosen      CameBy = "rep_chosen"
	CameBySupportButton  CameBy = "support_button"
	CameByHelpLink       CameBy = "help_link"
	CameByAPI            CameBy = "api"
	CameByTransfer       CameBy = "transfer"
	CameByWaitingRule    CameBy = "waiting_rule"
	CameByLostConnection CameBy = "lost_connection"
	CameByHeld           CameBy = "held"
	CameByInvitation     CameBy = "invitation"
)

// Queue is a rep's own queue, or that of a team of theirs, as that rep sees it.
type Queue struct {
	ID           string     `json:"id" doc:"personal, or the team's id" example:"personal"`
	Kind         string     `json:"kind" doc:"The rep's own, or a team's" values:"QueueKind"`
	Name         string     `json:"name" doc:"The rep's or the team's name" example:"Printers"`
	Waiting      int        `json:"waiting" doc:"Sessions in which a customer waits"`
	Invitations  int        `json:"invitations" doc:"Invitations and transfers that the rep may accept"`
	Current      int        `json:"current" doc:"Sessions that the rep is in; they stand in the personal queue"`
	Overdue      int        `json:"overdue" doc:"Of those waiting, the ones that wait longer than the team's waiting rule allows"`
	WaitingSince *time.Time `json:"waiting_since,omitempty" doc:"When the one entered that waits longest"`
	Favourite    bool       `json:"favourite" doc:"Whether the rep marked the queue"`
	UnreadChat   int        `json:"unread_chat" doc:"Messages in the team's chat that the rep has not read"`
	Persistent   bool       `json:"persistent" doc:"Whether it keeps sessions with nobody of the team logged in"`
}

// QueueEntry is a session or an invitation in a queue (D4).
type QueueEntry struct {
	ID           string       `json:"id" doc:"Opaque id" example:"qen_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev          int64        `json:"rev" doc:"Grows with each change of this object; place and time in queue do not move it"`
	Kind         QueueKind    `json:"kind" doc:"Accept a session by accept-session, an invitation by accept-invitation" values:"QueueEntryKind"`
	QueueID      string       `json:"queue_id" doc:"personal, or the team's id" example:"personal"`
	SessionID    string       `json:"session_id" doc:"The session"`
	InvitationID string       `json:"invitation_id,omitempty" doc:"The invitation"`
	CameBy       CameBy       `json:"came_by" doc:"How it came" values:"CameBy"`
	EnteredAt    time.Time    `json:"entered_at" doc:"When it came into this queue"`
	Overdue      bool         `json:"overdue" doc:"Whether it waits longer than the team's waiting rule allows"`
	Place        int          `json:"place,omitempty" doc:"Its place in the line of those waiting, the first is 1"`
	State        SessionState `json:"state,omitempty" doc:"The session's" values:"SessionState"`
	SessionKind  string       `json:"session_kind,omitempty" doc:"What is supported" values:"SessionKind"`
	Title        string       `json:"title" doc:"The customer's name, marked for browser sessions" example:"Jo Doe"`
	CustomerName string       `json:"customer_name" doc:"The customer's name" example:"Jo Doe"`
	Company      string       `json:"company,omitempty" doc:"The customer's company" example:"Doe Ltd"`
	Details      string       `json:"details,omitempty" doc:"What the customer wrote about the problem"`
	Issue        *Ref         `json:"issue,omitempty" doc:"What kind of problem it is; of a request for help, the issue it was asked on"`
	Priority     int          `json:"priority" doc:"Higher is more urgent"`
	Language     string       `json:"language,omitempty" doc:"BCP 47 language tag" example:"en"`
	Inviter      *Ref         `json:"inviter,omitempty" doc:"Of an invitation or transfer: who offers it"`
	Comment      string       `json:"comment,omitempty" doc:"Of an invitation or transfer: what they say"`
	Position     string       `json:"-"` // in the list that it was read from, for a cursor
}

// Gone is what is left of an entry for those in whose queue it stood.
func (e QueueEntry) Gone() QueueEntry {
	return QueueEntry{ID: e.ID, Rev: e.Rev, Kind: e.Kind, QueueID: e.QueueID, SessionID: e.SessionID, InvitationID: e.InvitationID, CameBy: e.CameBy, EnteredAt: e.EnteredAt}
}
