package store

import (
	"slices"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// arrival is a session on its way in, by whatever entrance: what it is about, and in whose queue it will wait (D2, D3).
type arrival struct {
	sessionID   string // made before, where something was used up for it; "": a new one
	portalID    string
	issueID     string
	queue       home
	cameBy      desk.CameBy
	kind        string
	priority    int
	customer    desk.Customer
	page        desk.Page
	externalKey string
	by          desk.Caller // who starts it; no ids: the customer
	byLink      bool        // the customer comes by a link
}

// arrivedSession is what has become of an arrival.
type arrivedSession struct {
	session  desk.Session
	customer attendeeRow
	token    string // the customer's
}

// arrive lets a session wait, with its customer in it. Every entrance leads here.
func (t *tx) arrive(a arrival) (out arrivedSession, err error) {
	if err := t.checkArrival(a); err != nil {
		return out, err
	}
	if a.sessionID == "" {
		a.sessionID = newID("ses_")
	}
	if err := t.insertSession(a); err != nil {
		return out, err
	}
	session, err := t.session(a.sessionID)
	if err != nil {
		return out, err
	}
	if out.customer, err = t.addAttendee(session, desk.Attendee{Role: desk.AttendeeCustomer, Name: a.customer.Name, Access: desk.Control}, 0); err != nil {
		return out, err
	}
	if out.token, err = t.newGuestToken(out.customer.ID, a.byLink); err != nil {
		return out, err
	}
	actor := a.by.Ref()
	if actor.ID == "" {
		actor = desk.Ref{ID: out.customer.ID, Name: out.customer.Name}
	}
	out.session, err = t.sessionChanged(sessionChange{actor: actor, id: a.sessionID})
	return out, err
}

func (t *tx) insertSession(a arrival) error {
	_, err := t.exec(`INSERT INTO sessions (id, state, kind, portal_id, customer_name, company, details, language, search, issue_id, priority,
		queue_rep_id, queue_team_id, first_rep_id, first_team_id, came_by, external_key, page_url, page_title, created_at,
		customer_key, company_key, language_key)
		VALUES ($1, 'waiting', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		a.sessionID, a.kind, a.portalID, a.customer.Name, a.customer.Company, a.customer.Details, a.customer.Language,
		strings.ToLower(a.customer.Name+" "+a.customer.Company+" "+a.customer.Details), a.issueID, a.priority, a.queue.repID, a.queue.teamID, string(a.cameBy), a.externalKey,
		a.page.URL, a.page.Title, ms(t.now), sortKey(a.customer.Name), sortKey(a.customer.Company), sortKey(a.customer.Language))
	return err
}

// checkArrival refuses a session that would wait in a team's queue where the portal does without (B18), and one that nobody
// would come for (D11). Nothing has been used up by then that the refusal does not give back.
func (t *tx) checkArrival(a arrival) error {
	settings, err := t.portalSettings(a.portalID)
	if err != nil {
		return err
	}
	if a.queue.teamID != "" && a.portalID != "" && !slices.Contains(*settings.Modes, desk.ModeQueue) {
		return desk.Refuse(desk.NotAllowed, "The portal is without the mode queue: its sessions do not wait in team queues.")
	}
	there, err := t.somebodyFor(a)
	if err == nil && !there {
		p := desk.Refuse(desk.NoRepAvailable, "Nobody is logged in for whom the session would wait.")
		p.Redirect = *settings.UnavailableURL
		err = p
	}
	return err
}

// somebodyFor says whether somebody is there for the session. A rep who starts it is, even before the contact is written
// that they have just made; by a token for themself alone, since a token makes nobody logged in.
func (t *tx) somebodyFor(a arrival) (bool, error) {
	there, err := t.somebodyAt(a.queue, "")
	if err != nil || there {
		return there, err
	}
	if a.queue.teamID == "" || a.by.ConsoleID == "" {
		return a.queue.teamID == "" && a.queue.repID == a.by.RepID, nil
	}
	return t.exists(`SELECT 1 FROM team_members WHERE team_id = $1 AND rep_id = $2`, a.queue.teamID, a.by.RepID)
}

// issueQueue is the queue of the team that owns an issue; where the team is disabled, its issues are not there.
func (t *tx) issueQueue(issueID string) (h home, err error) {
	found, err := t.row(`SELECT i.team_id FROM issues i JOIN teams t ON t.id = i.team_id WHERE i.id = $1 AND t.disabled = 0`, []any{issueID}, &h.teamID)
	if err == nil && !found {
		err = desk.Missing("issue")
	}
	return h, err
}
