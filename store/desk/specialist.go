package desk

import (
	"fmt"
	"regexp"
	"time"
)

// Bounds of specialists and their invitations.
const (
	MaxSpecialists            = 5  // in a session, beside the reps (F1); a portal can allow fewer
	MaxSpecialistInvitations  = 10 // that stand, of a session
	MaxSpecialistEmailsAtOnce = 10
	MaxSpecialistEmails       = 50 // of a session
	CodeDigits                = 9  // F2
	CodeAlphabet              = "0123456789"
)

// SpecialistState is where a specialist invitation is in its life. Only an active one lets anybody in.
type SpecialistState string

const (
	SpecialistActive    SpecialistState = "active"
	SpecialistCancelled SpecialistState = "cancelled"
	SpecialistEnded     SpecialistState = "ended"
)

// SpecialistReason says why a specialist invitation is over, or lets nobody in although it stands.
type SpecialistReason string

const (
	SpecialistEndCancelled    SpecialistReason = "cancelled"
	SpecialistEndSessionEnded SpecialistReason = "session_ended"
	SpecialistEndRemoved      SpecialistReason = "specialist_removed" // the owner put out somebody who came by it (F7)
	SpecialistUsedUp          SpecialistReason = "used_up"            // as many have joined as may; it stands for those who come back
	SpecialistNotNow          SpecialistReason = "not_now"            // the session waits, or its portal or owner does without specialists
)

// State is the state that an invitation has after ending for the reason.
func (r SpecialistReason) State() SpecialistState {
	if r == SpecialistEndCancelled {
		return SpecialistCancelled
	}
	return SpecialistEnded
}

// SpecialistInvitation lets people without an account into one session (F), as the session's owner sees it.
type SpecialistInvitation struct {
	ID        string           `json:"id" doc:"Opaque id" example:"spi_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev       int64            `json:"rev" doc:"Grows with each change of this object"`
	SessionID string           `json:"session_id" doc:"The session that it lets into"`
	Code      string           `json:"code,omitempty" doc:"What the specialist enters on the join page, with spaces and hyphens as they like; left out when it is over, and in events" example:"482913057"`
	JoinURL   string           `json:"join_url,omitempty" doc:"The page that lets in without the code; left out when it is over, and in events" example:"https://desk.example.com/join/AZLT9KW2fI2eDxorPE1eb0…"`
	Email     *SpecialistEmail `json:"email,omitempty" doc:"An email for the owner to send by themselves; left out when it is over, and in events"`
	Access    Access           `json:"access" doc:"What a specialist may do on the shared screen: the lower of this and the portal's ceiling when they join" values:"Access"`
	Joins     int              `json:"joins" doc:"How many people may join by it" example:"5"`
	Joined    int              `json:"joined" doc:"How many have joined by it; who comes back is not counted again" example:"1"`
	State     SpecialistState  `json:"state" doc:"Where it is in its life" values:"SpecialistInvitationState"`
	Reason    SpecialistReason `json:"reason,omitempty" doc:"Why it is over" values:"SpecialistInvitationEndReason"`
	Comment   string           `json:"comment,omitempty" doc:"What the inviter says to the specialists"`
	Language  string           `json:"language" doc:"The BCP 47 language of its email" example:"en"`
	Inviter   Ref              `json:"inviter" doc:"Who made it"`
	CreatedAt time.Time        `json:"created_at" doc:"When it was made"`
	EndedAt   *time.Time       `json:"ended_at,omitempty" doc:"When it was over"`
}

// SpecialistEmail is what an email to a specialist says.
type SpecialistEmail struct {
	Subject string `json:"subject" doc:"The email's subject"`
	Text    string `json:"text" doc:"The email's text, with the link, the code and the access rights"`
}

// SpecialistMail is what an email says that invites a specialist (F2, F3), beside its link.
type SpecialistMail struct {
	Inviter string // public name
	Desk    string // the session's portal; may be missing
	Code    string
	Access  Access
	Comment string
}

var specialistCode = regexp.MustCompile(fmt.Sprintf("^[%s]{%d}$", CodeAlphabet, CodeDigits))

// ReadSpecialistCode is a code as it was made, of how somebody wrote it; false: it is none.
func ReadSpecialistCode(written string) (string, bool) {
	code := NormalCode(written)
	return code, specialistCode.MatchString(code)
}

// InviteSpecialistFacts are what the rule for inviting specialists needs to know.
type InviteSpecialistFacts struct {
	Portal   PortalSettings // in force
	MayOwner bool           // the owner has the permission
	Present  int            // specialists in the session now
	Standing int            // invitations of the session that stand
	Access   Access         // asked for; empty asks for the ceiling
}

// SpecialistsAllowed refuses where a session's portal does without specialists, or its owner is without the permission (F1).
func SpecialistsAllowed(portal PortalSettings, mayOwner bool) *Problem {
	switch {
	case !*portal.Specialists:
		return Refuse(NotAllowed, "The session's portal does without specialists.")
	case !mayOwner:
		return Refuse(NotAllowed, "This needs the permission %s.", InviteSpecialists)
	}
	return nil
}

// CheckInviteSpecialist refuses in a fixed order, or says which access the invitation carries (F1, F2).
func CheckInviteSpecialist(f InviteSpecialistFacts) (Access, *Problem) {
	if p := SpecialistsAllowed(f.Portal, f.MayOwner); p != nil {
		return "", p
	}
	ceiling := *f.Portal.InviteCeiling
	switch {
	case f.Present >= *f.Portal.MaxSpecialists:
		return "", SpecialistsFull(*f.Portal.MaxSpecialists)
	case f.Access.Above(ceiling):
		return "", AboveCeiling(ceiling)
	case f.Standing >= MaxSpecialistInvitations:
		p := Refuse(TooManyRequests, "At most %d specialist invitations of a session can stand; cancel one.", MaxSpecialistInvitations)
		p.Limit = MaxSpecialistInvitations
		return "", p
	case f.Access == "":
		return ceiling, nil
	}
	return f.Access, nil
}

// SpecialistsFull refuses one more specialist than the session has seats for (F1).
func SpecialistsFull(limit int) *Problem {
	p := Refuse(SpecialistsAtLimit, "At most %d specialists in the session.", limit)
	p.Limit = limit
	return p
}

// Active says whether it stands.
func (i SpecialistInvitation) Active() bool { return i.State == SpecialistActive }

// JoinFacts are what the rule for joining as a specialist needs to know.
type JoinFacts struct {
	Session SessionState
	Allowed bool // by the session's portal and by its owner of now (F1)
	Returns bool // somebody who joined by it before, and uses no join (F10)
}

// LetsIn says why it lets nobody in at this moment; empty: it does, where a seat is free (F6).
func (i SpecialistInvitation) LetsIn(f JoinFacts) SpecialistReason {
	switch {
	case !i.Active():
		return i.Reason
	case f.Session != SessionActive || !f.Allowed:
		return SpecialistNotNow
	case i.Joined >= i.Joins && !f.Returns:
		return SpecialistUsedUp
	}
	return ""
}

// NotValid is the refusal of somebody with the invitation's link, which nobody can guess: so it says why. A code's says
// nothing (E6).
func (i SpecialistInvitation) NotValid(why SpecialistReason) *Problem {
	p := Refuse(CodeNotValid, "The link lets nobody in: %s.", why)
	p.Conflict = i.conflict(why)
	return p
}

// Over is the refusal to act on an invitation that is over.
func (i SpecialistInvitation) Over() *Problem {
	p := Refuse(InvitationNotActive, "The specialist invitation is over: %s.", i.Reason)
	p.Conflict = i.conflict(i.Reason)
	return p
}

func (i SpecialistInvitation) conflict(why SpecialistReason) *Conflict {
	return &Conflict{Kind: "specialist_invitation", ID: i.ID, State: string(i.State), Reason: string(why), EndedAt: i.EndedAt}
}

// SpecialistTerms are what an owner says when inviting specialists.
type SpecialistTerms struct {
	Access   Access   // empty: the ceiling
	Joins    int      // 0: MaxSpecialists
	Emails   []string // to whom the server sends the invitation
	Comment  string
	Language string // empty: the inviter's
}

// Check refuses what no invitation can say.
func (n SpecialistTerms) Check() *Problem {
	if n.Joins < 0 || n.Joins > MaxSpecialists {
		return Invalid("joins", "out_of_bounds", "must be 1 to %d", MaxSpecialists)
	}
	for _, p := range []*Problem{CheckText("comment", n.Comment, MaxComment), CheckLine("language", n.Language, MaxLanguage), CheckEmails(n.Emails)} {
		if p != nil {
			return p
		}
	}
	return nil
}

// CheckEmails refuses a list of more addresses than go at once, or with one that is none.
func CheckEmails(emails []string) *Problem {
	if len(emails) > MaxSpecialistEmailsAtOnce {
		return Invalid("emails", "too_many", "expected at most %d", MaxSpecialistEmailsAtOnce)
	}
	for i, email := range emails {
		if p := CheckEmail(fmt.Sprintf("emails[%d]", i), email); p != nil {
			return p
		}
	}
	return nil
}
