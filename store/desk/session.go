package desk

import (
	"slices"
	"time"
)

// SessionState is where a session is in its life.
type SessionState string

const (
	SessionWaiting SessionState = "waiting"
	SessionActive  SessionState = "active" // has exactly one owner
	SessionEnded   SessionState = "ended"
)

// What a session supports.
const (
	KindSupport = "support" // a device
	KindBrowser = "browser" // a web page (E4)
)

// Customer is who is being helped.
type Customer struct {
	Name     string `json:"name" maxLength:"200" doc:"The customer's name, which nobody comes without; empty in what is left of a session that the caller may not see any more" example:"Jo Doe"`
	Company  string `json:"company,omitempty" maxLength:"200" doc:"The customer's company" example:"Doe Ltd"`
	Details  string `json:"details,omitempty" maxLength:"2000" doc:"What the customer wrote about the problem" example:"The tray jams"`
	Language string `json:"language,omitempty" maxLength:"35" doc:"BCP 47 language tag" example:"en"`
}

// Check refuses texts that no screen or email header should carry.
func (c Customer) Check() *Problem {
	for _, p := range []*Problem{
		CheckName("customer.name", c.Name, MaxName), CheckLine("customer.company", c.Company, MaxName),
		CheckText("customer.details", c.Details, MaxDetails), CheckLine("customer.language", c.Language, MaxLanguage),
	} {
		if p != nil {
			return p
		}
	}
	return nil
}

// Why a session ended.
const (
	EndedByOwner      = "ended_by_owner"
	EndedAbandoned    = "abandoned"     // the customer left while waiting (C13)
	EndedCustomerGone = "customer_gone" // nobody ended it after the customer left (C13)
	EndedOwnerLost    = "owner_lost"    // its owner's connection was lost, and nobody was left to take it (C9)
	EndedByAdmin      = "ended_by_administrator"
	EndedNoRep        = "no_rep_available" // nobody was logged in any more for whom it waited (D11)
)

// Sight is how much of a session a rep sees (A8).
type Sight int

const (
	SightNone    Sight = iota
	SightSummary       // invited, or it stands in one of their queues: customer, issue, details, but nothing of what goes on inside
	SightFull          // owner, attendee now or before, their lead or manager, administrator
)

// Session is one piece of support for one customer.
type Session struct {
	ID           string       `json:"id" doc:"Opaque id" example:"ses_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev          int64        `json:"rev" doc:"Grows with each change of this object"`
	State        SessionState `json:"state" doc:"Where it is in its life" values:"SessionState"`
	Kind         string       `json:"kind" doc:"What is supported: a device, or a web page" values:"SessionKind"`
	Title        string       `json:"title" doc:"What lists show: the customer's name, marked for browser sessions" example:"Jo Doe"`
	Portal       *Ref         `json:"portal,omitempty" doc:"The entrance it came by"`
	Customer     Customer     `json:"customer" doc:"Who is being helped"`
	Issue        *Ref         `json:"issue,omitempty" doc:"What kind of problem it is"`
	Priority     int          `json:"priority" doc:"Higher is more urgent"`
	Owner        *Ref         `json:"owner,omitempty" doc:"The rep who owns it, while active or after"`
	Team         *Ref         `json:"team,omitempty" doc:"The team in whose queue it waits"`
	Held         bool         `json:"held" doc:"Whether the owner put it on hold"`
	CustomerGone bool         `json:"customer_gone" doc:"Whether the customer has left; it stays open for notes for a time, and the customer can come back"`
	Transfer     *Transfer    `json:"transfer,omitempty" doc:"The transfer that is pending"`
	Consent      Consent      `json:"consent" doc:"Of all who need the customer's consent, the one that most wants attention: asked before refused before granted" values:"Consent"`
	RepCount     int          `json:"rep_count" doc:"Reps in it now, the owner included"`
	Unread       int          `json:"unread,omitempty" doc:"Messages that the caller, who is in it, has not read"`
	PageURL      string       `json:"page_url,omitempty" doc:"Of a browser-sharing session: the address of the page that is shared" example:"https://shop.example.com/basket"`
	PageTitle    string       `json:"page_title,omitempty" doc:"The page's title" example:"Your basket"`
	ExternalKey  string       `json:"external_key,omitempty" doc:"The id that another system knows it by"`
	CreatedAt    time.Time    `json:"created_at" doc:"When it started to wait"`
	AcceptedAt   *time.Time   `json:"accepted_at,omitempty" doc:"When a rep took it"`
	EndedAt      *time.Time   `json:"ended_at,omitempty" doc:"When it ended"`
	EndReason    string       `json:"end_reason,omitempty" doc:"Why it ended" values:"SessionEndReason"`
	Summary      string       `json:"summary,omitempty" doc:"What the owner wrote at the end"`
	Place        int          `json:"place,omitempty" doc:"While the guest waits: their place in line, 1 is the next; it moves no revision"`
	WaitSeconds  *int         `json:"estimated_wait_seconds,omitempty" doc:"While the guest waits: how long they probably will, which is their place times the mean time between the queue's last 20 pick-ups within a day; absent while nobody can tell"`
	RedirectURL  string       `json:"redirect_url,omitempty" doc:"For guests, with no_rep_available: where they may be sent instead"`
	Attendees    []Attendee   `json:"attendees,omitempty" doc:"Who is in it; lists leave it out, and so do answers to those who may not look inside"`

	SpecialistsMayShareScreen bool `json:"specialists_may_share_screen,omitempty" doc:"For guests: whether specialists may share their own screen"`

	Position string `json:"-"` // in the list that it was read from, for a cursor
}

// ForGuests is what the customer and specialists see: nothing about masked reps, not even by counts and revisions (C11),
// and nothing that is for reps alone. owner is the owner's attendee id and public name, shown are the reps whom guests
// may know of, and consents those of all who are shown.
func (s Session) ForGuests(rev int64, owner *Ref, shown int, consents []Consent) Session {
	return Session{ID: s.ID, Rev: rev, State: s.State, Kind: s.Kind, Title: s.Title, Portal: s.Portal, Customer: s.Customer, Issue: s.Issue, Owner: owner,
		Held: s.Held, CustomerGone: s.CustomerGone, Consent: MostUrgent(consents), RepCount: shown, PageURL: s.PageURL, PageTitle: s.PageTitle,
		CreatedAt: s.CreatedAt, AcceptedAt: s.AcceptedAt, EndedAt: s.EndedAt, EndReason: s.EndReason}
}

// Gone is what is left of a session for somebody who may not see it any more.
func (s Session) Gone() Session {
	return Session{ID: s.ID, Rev: s.Rev, State: s.State, Kind: s.Kind, Consent: ConsentNotNeeded, CreatedAt: s.CreatedAt}
}

// MostUrgent is the consent that wants attention most: one that was asked for, a refusal, one that was granted.
func MostUrgent(consents []Consent) Consent {
	for _, c := range []Consent{ConsentAsked, ConsentRefused, ConsentGranted} {
		if slices.Contains(consents, c) {
			return c
		}
	}
	return ConsentNotNeeded
}

// SessionTitle is what lists show. A browser-sharing session is marked (D4); sorting uses the bare name.
func SessionTitle(kind, customer string) string {
	if kind == KindBrowser {
		return "[Browser] " + customer
	}
	return customer
}
