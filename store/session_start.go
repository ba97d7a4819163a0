package store

import (
	"context"
	"slices"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// NewSession is a request to start a session. At most one of IssueID, RepID and TeamID says where it waits; with
// none it waits for the caller.
type NewSession struct {
	PortalID    string
	Customer    desk.Customer
	IssueID     string
	RepID       string
	TeamID      string
	Kind        string
	Priority    int
	ExternalKey string
}

// Started is the answer to starting a session.
type Started struct {
	Session    desk.Session `json:"session" doc:"The session, waiting"`
	GuestToken string       `json:"guest_token" doc:"The customer's bearer token for /v1/guest; shown this once" example:"rdg_…"`
}

func (s *Started) SeenThrough(o *desk.Outlook) { s.Session.SeenThrough(o) }

// StartSession starts a session that waits for a rep, or in the queue of a team.
func (s *Store) StartSession(ctx context.Context, c desk.Caller, in NewSession) (Started, error) {
	if p := in.check(); p != nil {
		return Started{}, p
	}
	return writeAs(ctx, s, c, func(t *tx) (out Started, err error) {
		if err := t.resolveTargets(c, &in); err != nil {
			return out, err
		}
		came, queueRep, queueTeam, err := t.queueOf(c, in)
		if err != nil {
			return out, err
		}
		id := newID("ses_")
		if _, err := t.exec(`INSERT INTO sessions (id, state, kind, portal_id, customer_name, company, details, language, search, customer_key, company_key, issue_id, priority,
			queue_rep_id, queue_team_id, first_rep_id, first_team_id, came_by, external_key, created_at) VALUES ($1, 'waiting', $2, $3, $4, $5, $6, $7, $8, $16, $17, $9, $10, $11, $12, $11, $12, $13, $14, $15)`,
			id, in.Kind, in.PortalID, in.Customer.Name, in.Customer.Company, in.Customer.Details, in.Customer.Language,
			strings.ToLower(in.Customer.Name+" "+in.Customer.Company+" "+in.Customer.Details), in.IssueID, in.Priority, queueRep, queueTeam, came, in.ExternalKey, ms(t.now),
			sortKey(in.Customer.Name), sortKey(in.Customer.Company)); err != nil {
			return out, err
		}
		session, err := t.session(id)
		if err != nil {
			return out, err
		}
		customer, err := t.addAttendee(session, desk.Attendee{Role: desk.AttendeeCustomer, Name: in.Customer.Name, Access: desk.Control}, 0)
		if err != nil {
			return out, err
		}
		if out.GuestToken, err = t.newGuestToken(customer.ID); err != nil {
			return out, err
		}
		out.Session, err = t.sessionChanged(sessionChange{actor: c.Ref(), id: id})
		return out, err
	})
}

func (n *NewSession) check() *desk.Problem {
	targets := 0
	for _, id := range []string{n.IssueID, n.RepID, n.TeamID} {
		if id != "" {
			targets++
		}
	}
	if targets > 1 {
		return desk.Refuse(desk.OneTargetNeeded, "Give at most one of issue_id, rep_id and team_id.")
	}
	if p := desk.CheckLine("external_key", n.ExternalKey, desk.MaxName); p != nil {
		return p
	}
	return n.Customer.Check()
}

func (t *tx) resolveTargets(c desk.Caller, n *NewSession) (err error) {
	for _, target := range []struct {
		kind string
		ref  *string
	}{{"portal", &n.PortalID}, {"issue", &n.IssueID}, {"rep", &n.RepID}, {"team", &n.TeamID}} {
		if *target.ref != "" && err == nil {
			*target.ref, err = t.resolveFor(c, target.kind, *target.ref)
		}
	}
	return err
}

// queueOf says in whose queue a new session waits, and how it came there (D2, D3). A portal can do without team queues
// (B18).
func (t *tx) queueOf(c desk.Caller, n NewSession) (cameBy, repID, teamID string, err error) {
	switch {
	case n.IssueID != "":
		cameBy = "issue"
		_, err = t.row(`SELECT team_id FROM issues WHERE id = $1`, []any{n.IssueID}, &teamID)
	case n.TeamID != "":
		cameBy, teamID = "api", n.TeamID
	case n.RepID != "":
		return "api", n.RepID, "", nil
	default:
		return "api", c.RepID, "", nil
	}
	if err != nil || n.PortalID == "" {
		return cameBy, "", teamID, err
	}
	settings, err := t.portalSettings(n.PortalID)
	if err == nil && !slices.Contains(*settings.Modes, desk.ModeQueue) {
		err = desk.Refuse(desk.NotAllowed, "The portal is without the mode queue: its sessions do not wait in team queues.")
	}
	return cameBy, "", teamID, err
}
