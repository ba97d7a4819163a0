package store

import (
	"context"

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
	Page        desk.Page // of a browser-sharing session
}

// Started is the answer to starting a session.
type Started struct {
	Session    desk.Session `json:"session" doc:"The session, waiting"`
	GuestToken string       `json:"guest_token" doc:"The customer's bearer token for /v1/guest; shown this once" example:"rdg_…"`
	GuestURL   string       `json:"guest_url" doc:"The customer's way in, for a browser: the token stands behind the #, and so reaches no server's log; shown this once" example:"https://desk.example.com/p/main#rdg_…"`
}

func (s *Started) SeenThrough(o *desk.Outlook) { s.Session.SeenThrough(o) }

// StartSession starts a session that waits for a rep, or in the queue of a team. GuestURL is a path: where the server is
// reached is not the store's to know. An API token that belongs to nobody may start one too, for whomever it names (E5).
func (s *Store) StartSession(ctx context.Context, c desk.Caller, in NewSession) (Started, error) {
	if p := in.check(c); p != nil {
		return Started{}, p
	}
	return writeAsAnyone(ctx, s, c, func(t *tx) (out Started, err error) {
		if err := t.resolveTargets(c, &in); err != nil {
			return out, err
		}
		a := arrival{portalID: in.PortalID, issueID: in.IssueID, kind: in.Kind, priority: in.Priority, customer: in.Customer, page: in.Page, externalKey: in.ExternalKey, by: c, byLink: true}
		if a.queue, a.cameBy, err = t.queueOf(c, in); err != nil {
			return out, err
		}
		arrived, err := t.arrive(a)
		if err != nil {
			return out, err
		}
		out.Session, out.GuestToken = arrived.session, arrived.token
		out.GuestURL, err = t.portalPage(in.PortalID, arrived.token)
		return out, err
	})
}

func (n *NewSession) check(c desk.Caller) *desk.Problem {
	targets := given(n.IssueID, n.RepID, n.TeamID)
	if targets > 1 || targets == 0 && c.RepID == "" {
		return desk.Refuse(desk.OneTargetNeeded, "Give one of issue_id, rep_id and team_id; a rep may leave out all three.")
	}
	if p := desk.CheckLine("external_key", n.ExternalKey, desk.MaxName); p != nil {
		return p
	}
	if p := n.Page.Check(n.Kind); p != nil {
		return p
	}
	return n.Customer.Check()
}

// given counts the texts that say something.
func given(texts ...string) (n int) {
	for _, text := range texts {
		if text != "" {
			n++
		}
	}
	return n
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

// queueOf says in whose queue a session waits that a rep or a script starts, and how it came there (D2, D3).
func (t *tx) queueOf(c desk.Caller, n NewSession) (home, desk.CameBy, error) {
	switch {
	case n.IssueID != "":
		queue, err := t.issueQueue(n.IssueID)
		return queue, desk.CameByIssue, err
	case n.TeamID != "":
		return home{teamID: n.TeamID}, desk.CameByAPI, nil
	case n.RepID != "":
		return home{repID: n.RepID}, desk.CameByAPI, nil
	case !c.IsRep():
		return home{}, "", desk.Refuse(desk.OneTargetNeeded, "The API token belongs to nobody, and has no queue: give one of issue_id, rep_id and team_id.")
	}
	return home{repID: c.RepID}, desk.CameByAPI, nil
}

// portalPage is the path of a portal's page for customers, with what only the page itself is to read behind the #.
func (t *tx) portalPage(portalID, secret string) (string, error) {
	var slug string
	_, err := t.row(`SELECT slug FROM portals WHERE id = $1`, []any{portalID}, &slug)
	return "/p/" + slug + "#" + secret, err
}
