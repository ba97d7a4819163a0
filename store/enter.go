package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/repdesk/repdesk/store/desk"
)

// Enter is a request to come in as a customer. Exactly one of SessionKey, IssueID, RepID, ButtonCode and LinkCode is the way in.
type Enter struct {
	PortalID   string // by whose page; needed with IssueID and RepID
	SessionKey string
	IssueID    string
	RepID      string
	ButtonCode string
	LinkCode   string
	Customer   desk.Customer
	Page       desk.Page // of a help link
}

// Entered is the answer to a customer who was let in.
type Entered struct {
	Token   string       `json:"token" doc:"The bearer token of the customer or specialist for /v1/guest; shown this once" example:"rdg_…"`
	Session desk.Session `json:"session" doc:"The session, as the one who came sees it"`
}

// codeNotValid is the one refusal of every key and code that lets nobody in: which of wrong, used, expired and withdrawn
// it is, nobody is told (E6).
func codeNotValid() *desk.Problem { return desk.Refuse(desk.CodeNotValid, "") }

// Enter lets a customer in by one of the entrances that need no account (E1 … E4).
func (s *Store) Enter(ctx context.Context, in Enter) (Entered, error) {
	if p := in.check(); p != nil {
		return Entered{}, p
	}
	return write(ctx, s, func(t *tx) (out Entered, err error) {
		a, err := t.arrivalBy(in)
		if err != nil {
			return out, err
		}
		arrived, err := t.arrive(a)
		if err != nil {
			return out, err
		}
		session, err := t.session(arrived.session.ID)
		if err != nil {
			return out, err
		}
		out.Token = arrived.token
		out.Session, err = t.guestView(session)
		return out, err
	})
}

func (e Enter) check() *desk.Problem {
	if given(e.SessionKey, e.IssueID, e.RepID, e.ButtonCode, e.LinkCode) != 1 {
		return desk.Refuse(desk.OneTargetNeeded, "Give exactly one of session_key, issue_id, rep_id, support_button_code and help_link_code.")
	}
	if e.PortalID == "" && (e.IssueID != "" || e.RepID != "") {
		return desk.Invalid("portal_id", "required", "is required with issue_id and rep_id")
	}
	if p := e.Page.Check(e.kind()); p != nil {
		return p
	}
	return e.Customer.Check()
}

func (e Enter) kind() string {
	if e.LinkCode != "" {
		return desk.KindBrowser
	}
	return desk.KindSupport
}

// arrivalBy finds what an entrance leads to. The portal's modes come first: what they do not allow is not looked for (B18).
func (t *tx) arrivalBy(e Enter) (a arrival, err error) {
	if e.PortalID != "" {
		if e.PortalID, err = t.resolve("portal", e.PortalID); err == nil {
			err = t.checkModes(e)
		}
	}
	if err != nil {
		return a, err
	}
	a = arrival{sessionID: newID("ses_"), kind: e.kind(), customer: e.Customer, page: e.Page}
	switch {
	case e.SessionKey != "":
		a.cameBy = desk.CameBySessionKey
		a.queue.repID, a.portalID, err = t.useSessionKey(e.SessionKey, a.sessionID)
	case e.RepID != "":
		a.cameBy, a.portalID = desk.CameByRepChosen, e.PortalID
		a.queue.repID, err = t.shownRep(e.RepID)
	case e.IssueID != "":
		a.cameBy, a.portalID = desk.CameByIssue, e.PortalID
		a.issueID, a.queue, err = t.offeredIssue(e.PortalID, e.IssueID)
	case e.ButtonCode != "":
		a.cameBy = desk.CameBySupportButton
		err = t.byEntrance(&a, desk.SupportButton, e.ButtonCode)
	default:
		a.cameBy = desk.CameByHelpLink
		err = t.byEntrance(&a, desk.HelpLink, e.LinkCode)
	}
	return a, err
}

// checkModes refuses what the portal's page does not offer. A help link stands on other pages, so no mode forbids it.
func (t *tx) checkModes(e Enter) error {
	settings, err := t.portalSettings(e.PortalID)
	if err != nil {
		return err
	}
	needed := map[string]bool{
		desk.ModePhone: e.SessionKey != "" || e.ButtonCode != "",
		desk.ModeWeb:   e.IssueID != "" || e.RepID != "",
		desk.ModeQueue: e.IssueID != "",
	}
	for _, mode := range []string{desk.ModeWeb, desk.ModeQueue, desk.ModePhone} {
		if needed[mode] && !slices.Contains(*settings.Modes, mode) {
			return desk.Refuse(desk.NotAllowed, "The portal is without the mode %s.", mode)
		}
	}
	return nil
}

// shownRep is a rep who chose to be shown to customers; others are not there (E2).
func (t *tx) shownRep(ref string) (string, error) {
	id, err := t.resolve("rep", ref)
	if err != nil {
		return "", err
	}
	shown, err := t.exists(`SELECT 1 FROM reps WHERE id = $1 AND on_public_page = 1`, id)
	if err == nil && !shown {
		err = desk.Missing("rep")
	}
	return id, err
}

// offeredIssue is an issue that customers can choose in a portal, with the queue where they then wait (E2).
func (t *tx) offeredIssue(portalID, ref string) (id string, queue home, err error) {
	if id, err = t.resolve("issue", ref); err != nil {
		return id, queue, err
	}
	var portals string
	if _, err = t.row(`SELECT portals FROM issues WHERE id = $1`, []any{id}, &portals); err != nil {
		return id, queue, err
	}
	above, err := t.texts(`SELECT above_id FROM portal_tree WHERE portal_id = $1`, portalID)
	if err != nil {
		return id, queue, err
	}
	offered, err := issueInPortal(portals, above)
	if err == nil && !offered {
		err = desk.Missing("issue")
	}
	if err == nil {
		queue, err = t.issueQueue(id)
	}
	return id, queue, err
}

// issueInPortal says whether an issue is offered in a portal. portals are the issue's own as stored, none for everywhere;
// above are the portal and those above it: what a portal offers, its sub-portals do too.
func issueInPortal(portals string, above []string) (bool, error) {
	var ids []string
	if err := json.Unmarshal([]byte(portals), &ids); err != nil {
		return false, fmt.Errorf("read an issue's portals: %w", err)
	}
	return len(ids) == 0 || slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(above, id) }), nil
}

// standingEntrance finds the support button or help link that a code stands for. One that leads to what is disabled leads nowhere.
const standingEntrance = ` FROM entrances e
	LEFT JOIN portals p ON p.id = e.portal_id LEFT JOIN reps r ON r.id = e.rep_id LEFT JOIN teams t ON t.id = e.team_id LEFT JOIN issues i ON i.id = e.issue_id
	WHERE e.code = $1 AND e.kind = $2 AND e.disabled = 0
	AND COALESCE(p.disabled, 0) = 0 AND COALESCE(r.disabled, 0) = 0 AND COALESCE(t.disabled, 0) = 0 AND COALESCE(i.disabled, 0) = 0`

// byEntrance fills in what a support button or help link leads to.
func (t *tx) byEntrance(a *arrival, kind desk.EntranceKind, code string) error {
	return t.ofEntrance(`e.portal_id, e.rep_id, e.team_id, e.issue_id, e.priority`, kind, code, &a.portalID, &a.queue.repID, &a.queue.teamID, &a.issueID, &a.priority)
}

// ofEntrance reads columns of a support button or help link that lets customers in.
func (t *tx) ofEntrance(columns string, kind desk.EntranceKind, code string, into ...any) error {
	found, err := t.row(`SELECT `+columns+standingEntrance, []any{desk.NormalCode(code), string(kind)}, into...)
	if err == nil && !found {
		err = codeNotValid()
	}
	return err
}

// PublicEntrance is what a support button or help link shows before the customer comes in. That does not use it.
func (s *Store) PublicEntrance(ctx context.Context, kind desk.EntranceKind, code string) (desk.PublicEntrance, error) {
	return lookUp(ctx, s, func(t *tx) (desk.PublicEntrance, error) {
		shown := desk.PublicEntrance{Kind: kind}
		err := t.ofEntrance(`e.name, e.icon, COALESCE(p.name, '')`, kind, code, &shown.Name, &shown.Icon, &shown.Portal)
		return shown, err
	})
}
