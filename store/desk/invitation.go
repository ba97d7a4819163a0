package desk

import (
	"cmp"
	"slices"
	"time"
)

// InvitationKind says to whom an invitation goes.
type InvitationKind string

const (
	InviteRep    InvitationKind = "rep"
	InviteTeam   InvitationKind = "team"   // any one rep of a team (B3)
	InviteIssue  InvitationKind = "issue"  // any one rep of the team that owns the issue: Request Help (B4)
	InvitePortal InvitationKind = "portal" // any one rep logged in under a portal (B5)
	// OfferTransfer is an offer to own the session (C6). It lives as invitations do, but takes no seat and is shown as
	// the session's Transfer.
	OfferTransfer InvitationKind = "transfer"
)

// InvitationState is where an invitation is in its life. Only an active one can be accepted.
type InvitationState string

const (
	InvitationActive    InvitationState = "active"
	InvitationAccepted  InvitationState = "accepted"
	InvitationDeclined  InvitationState = "declined"
	InvitationCancelled InvitationState = "cancelled"
	InvitationWithdrawn InvitationState = "withdrawn"
)

// EndReason says why an invitation ended (B13).
type EndReason string

const (
	EndAccepted        EndReason = "accepted"
	EndDeclined        EndReason = "declined"
	EndCancelled       EndReason = "cancelled"
	EndOwnerLeft       EndReason = "owner_left"
	EndOwnershipMoved  EndReason = "ownership_moved" // transfer accepted, take-over, lost connection
	EndSessionEnded    EndReason = "session_ended"
	EndJoinedOtherwise EndReason = "joined_otherwise"
	EndTargetGone      EndReason = "target_gone"
	// EndLoggedOut is told to a console alone, when its log-in ends; the invitation itself stands.
	EndLoggedOut EndReason = "logged_out"
	// EndMoved, EndRead and EndLeft are told of what is no invitation: a session that waits elsewhere, a chat that was read, or
	// left.
	EndMoved EndReason = "moved"
	EndRead  EndReason = "read"
	EndLeft  EndReason = "left"
)

// State is the state that an invitation has after ending for the reason: the desk's own reasons withdraw it.
func (r EndReason) State() InvitationState {
	switch r {
	case EndAccepted:
		return InvitationAccepted
	case EndDeclined:
		return InvitationDeclined
	case EndCancelled:
		return InvitationCancelled
	}
	return InvitationWithdrawn
}

// InvitationSession is what an invitation says of its session. Title and issue are left out once the reader may not
// see the session any more.
type InvitationSession struct {
	ID    string `json:"id" doc:"The session's id" example:"ses_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Kind  string `json:"kind" doc:"What is supported" values:"SessionKind"`
	Title string `json:"title,omitempty" doc:"What lists show of it"`
	Issue *Ref   `json:"issue,omitempty" doc:"What kind of problem it is"`
}

// Invitation is an offer to join a session.
type Invitation struct {
	ID           string            `json:"id" doc:"Opaque id" example:"inv_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev          int64             `json:"rev" doc:"Grows with each change; the same in answers, events and pushes: keep the highest"`
	Kind         InvitationKind    `json:"kind" doc:"To whom it goes: one rep, any one rep of a team, any one logged in under a portal, or Request Help on an issue" values:"InvitationKind"`
	Session      InvitationSession `json:"session" doc:"What it is an invitation to"`
	Rep          *Ref              `json:"rep,omitempty" doc:"The invited rep"`
	Team         *Ref              `json:"team,omitempty" doc:"The team of which any one rep is invited"`
	Portal       *Ref              `json:"portal,omitempty" doc:"The portal under which any one rep who is logged in is invited"`
	SubPortals   bool              `json:"include_sub_portals,omitempty" doc:"Whether the portals below it are meant too"`
	Issue        *Ref              `json:"issue,omitempty" doc:"The issue that help is asked for"`
	Inviter      Ref               `json:"inviter" doc:"Who invites"`
	Comment      string            `json:"comment,omitempty" doc:"What the inviter says; customers never see it"`
	Access       Access            `json:"access" doc:"What the rep may do on the shared screen" values:"Access"`
	Masked       bool              `json:"masked" doc:"Whether the rep joins hidden from the customer"`
	State        InvitationState   `json:"state" doc:"Where it is in its life" values:"InvitationState"`
	Reason       EndReason         `json:"reason,omitempty" doc:"Why it ended" values:"InvitationEndReason"`
	AcceptedBy   *Ref              `json:"accepted_by,omitempty" doc:"Who won it"`
	DeclinedBy   []Ref             `json:"declined_by,omitempty" doc:"Who declined it; shown to the session's owner"`
	DeclinedByMe bool              `json:"declined_by_me,omitempty" doc:"Whether the caller declined it"`
	NobodyLeft   bool              `json:"nobody_left,omitempty" doc:"Whether nobody is left who could accept; shown to the session's owner"`
	RemindedAt   *time.Time        `json:"reminded_at,omitempty" doc:"When the owner last had it told again"`
	CreatedAt    time.Time         `json:"created_at" doc:"When it was made"`
	EndedAt      *time.Time        `json:"ended_at,omitempty" doc:"When it ended"`
	Stay         bool              `json:"-"` // a transfer's: the former owner stays
	Reminders    int               `json:"-"`
}

// IsTransfer says whether it is an offer to own the session.
func (i Invitation) IsTransfer() bool { return i.Kind == OfferTransfer }

// MayHaveDeclines says whether anybody can have declined it: one to a rep is over with that.
func (i Invitation) MayHaveDeclines() bool { return i.Rep == nil || i.State == InvitationDeclined }

// Active says whether it can still be accepted.
func (i Invitation) Active() bool { return i.State == InvitationActive }

// NamedIssue is the issue that those are told who are invited: the one help is asked for, or else the session's.
func (i Invitation) NamedIssue() *Ref { return cmp.Or(i.Issue, i.Session.Issue) }

// AnsweredBy says whether the rep accepted or declined it.
func (i Invitation) AnsweredBy(repID string) bool {
	return i.AcceptedBy != nil && i.AcceptedBy.ID == repID || slices.ContainsFunc(i.DeclinedBy, func(r Ref) bool { return r.ID == repID })
}

// ForOwner is what the session's owner sees (B17).
func (i Invitation) ForOwner() Invitation { return i }

// ForInvited is what a rep sees to whom it goes: not who else declined, and of a session that they can no longer
// see only its id and kind (A8).
func (i Invitation) ForInvited(repID string) Invitation {
	for _, by := range i.DeclinedBy {
		i.DeclinedByMe = i.DeclinedByMe || by.ID == repID
	}
	i.DeclinedBy, i.NobodyLeft = nil, false
	winner := i.AcceptedBy != nil && i.AcceptedBy.ID == repID
	if (!i.Active() || i.DeclinedByMe) && !winner {
		i.Session = InvitationSession{ID: i.Session.ID, Kind: i.Session.Kind}
	}
	return i
}

// Over is the refusal to act on an invitation that has ended (B15): why, when and, where another rep won, who.
func (i Invitation) Over() *Problem {
	p := Refuse(InvitationNotActive, "The invitation is over: %s.", i.Reason)
	p.Conflict = &Conflict{Kind: "invitation", ID: i.ID, State: string(i.State), Reason: string(i.Reason), By: i.AcceptedBy, EndedAt: i.EndedAt}
	if i.IsTransfer() {
		p.Conflict.Kind = "transfer"
	}
	if i.Reason == EndCancelled {
		p.Conflict.By = &i.Inviter
	}
	return p
}

// ReminderPause is the least time between two reminders of an invitation (B19).
const ReminderPause = 30 * time.Second

// CheckRemind says whether the owner may have an active invitation told again now (B19).
func (i Invitation) CheckRemind(now time.Time, last time.Time) *Problem {
	switch wait := ReminderPause - now.Sub(last); {
	case !i.Active():
		return i.Over()
	case !last.IsZero() && wait > 0:
		p := Refuse(TooManyRequests, "It was told again less than %d seconds ago.", int(ReminderPause.Seconds()))
		p.RetryAfter = wait
		return p
	}
	return nil
}

// InvitesAMinute is how many invitations an owner may make in InvitesWithin (B20).
const (
	InvitesAMinute = 30
	InvitesWithin  = time.Minute
)

// InviteFacts are what the rule for inviting needs to know.
type InviteFacts struct {
	Target         InvitationKind
	Sharing        Sharing   // of the session's portal
	Ceiling        Access    // of the session's portal
	MaxInvited     int       // seats beside the owner (B11)
	Seated         int       // joined reps beside the owner, and active invitations
	Self           bool      // the invited is the caller
	Reachable      bool      // A4; of Request Help, that the issue is open for it to the caller (A2)
	CallerEmbassy  bool      // an embassy rep (A7)
	InSession      bool      // the invited is in the session
	AlreadyInvited *Conflict // the active invitation of the same rep (B6)
	Available      bool      // somebody who could take it is logged in or, but for portals, in extended availability, or the team is persistent
	Now            time.Time
	Lately         []time.Time // when the owner made invitations, those of InvitesWithin, the newest first; so many as are allowed at most
	AMinute        int         // how many of these are allowed; 0: any number
	Access         Access      // asked for; empty asks for the ceiling
}

// CheckInvite is rule B7: it refuses in a fixed order, or says which access the invitation carries (B10).
func CheckInvite(f InviteFacts) (Access, *Problem) {
	oneRep := f.Target == InviteRep
	switch {
	case f.Sharing == SharingOffHere:
		return "", Refuse(SharingOff, "The session's portal allows no sharing.")
	case f.Self:
		return "", Refuse(CannotInviteSelf, "The invited rep is you.")
	case !f.Reachable && f.CallerEmbassy:
		return "", Missing(string(f.Target))
	case !f.Reachable && f.Target == InviteIssue:
		return "", Refuse(IssueNotShareable, "The issue is not open for Request Help to you.")
	case !f.Reachable:
		return "", Refuse(NotReachable, "The %s is outside your teams.", f.Target)
	case f.InSession:
		return "", Refuse(AlreadyInSession, "The rep is in the session.")
	case f.AlreadyInvited != nil:
		p := Refuse(AlreadyInvited, "The rep has an active invitation to this session.")
		p.Conflict = f.AlreadyInvited
		return "", p
	case !f.Available && oneRep:
		return "", Refuse(RepNotAvailable, "The rep is neither logged in nor in extended availability.")
	case !f.Available && f.Target == InvitePortal:
		return "", Refuse(PortalNotAvailable, "No rep who could accept is logged in under the portal.")
	case !f.Available:
		return "", Refuse(TeamNotAvailable, "No rep of the team who could accept is logged in or in extended availability.")
	case f.Seated >= f.MaxInvited:
		return "", SeatsFull(f.MaxInvited)
	case f.Access.Above(f.Ceiling):
		return "", AboveCeiling(f.Ceiling)
	case f.AMinute > 0 && len(f.Lately) >= f.AMinute: // B20
		p := Refuse(TooManyRequests, "At most %d invitations a minute.", f.AMinute)
		p.Limit, p.RetryAfter = f.AMinute, f.Lately[f.AMinute-1].Add(InvitesWithin).Sub(f.Now) // when that is no longer one of the last minute
		return "", p
	case f.Access == "":
		return f.Ceiling, nil
	}
	return f.Access, nil
}

// SeatsFull refuses one more rep than the session has seats for (B11).
func SeatsFull(limit int) *Problem {
	p := Refuse(RepLimitReached, "At most %d reps beside the owner, joined and invited together.", limit)
	p.Limit = limit
	return p
}
