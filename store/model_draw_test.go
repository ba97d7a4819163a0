package store_test

import (
	"slices"

	"github.com/repdesk/repdesk/store/desk"
)

// look is what an administrator sees of a session: what an action is drawn from.
type look struct {
	session     desk.Session
	invitations []desk.Invitation // the newest first
}

func (w *world) look(id string) look {
	return look{must(w.d.Session(ctx(), w.d.Operator(), id)), must(w.d.SessionInvitations(ctx(), w.d.Operator(), id, "", 200))}
}

// sensible mostly makes of an action that can only be refused here one that leads on.
func (d dice) sensible(op action, now look) action {
	about := func(words ...string) bool { return slices.Contains(words, op.name) }
	standing := slices.ContainsFunc(now.invitations, desk.Invitation.Active)
	switch s := now.session; {
	case d.in(1, 6) || op.who == nobodys || about("start a session", "log out", "move a console"):
		return op
	case s.State == desk.SessionWaiting:
		return named("accept a session")
	case !standing && about("accept an invitation", "decline an invitation", "cancel an invitation", "remind"), s.State == desk.SessionActive && about("accept a session"):
		return named("invite")
	case s.Transfer == nil && about("accept a transfer", "decline a transfer", "cancel a transfer"):
		return named("transfer")
	}
	return op
}

// draw throws what an action is done with. Nobody acts where nobody is logged in.
func (w *world) draw(d dice, op action, now look) args {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := args{session: now.session.ID, guest: w.guests[now.session.ID], kind: d.IntN(4), wait: one(d, []int{0, 0, 0, 1, 1, 2, 3}), access: one(d, []desk.Access{"", desk.View, desk.Control}),
		yes: d.in(1, 2), sub: d.in(1, 2), target: one(d, w.m.reps), team: one(d, []string{"red", "red", "blue", "blue", "emb"}), issue: one(d, []string{"jam", "vpn"}),
		portal: one(d, []string{"root", "flip", "few", "few", "ask", "ask", "wide", "wide", "shut"}), invitation: "inv_none", attendee: desk.Attendee{ID: "att_none"}}
	switch op.name {
	case "move a console", "log in":
		a.portal = one(d, []string{"", a.portal, a.portal})
	case "let time pass":
		a.kind = one(d, []int{0, 0, 0, 0, 1, 1, 2, 3})
	case "put a rep into other teams":
		movable := []string{"bob", "fox", "hue"}
		if w.crowded { // while others act nobody can tell by which names a client was told, so the embassies stay as they are
			movable = movable[:2]
		}
		a.target = w.m.rep(one(d, movable))
		a.teams = one(d, []map[string]int{nil, {"red": 1}, {"red": 3}, {"blue": 1}, {"red": 1, "blue": 1}})
		if a.target.user == "hue" { // no outsider becomes a colleague of an embassy's, or the reverse
			a.teams = one(d, []map[string]int{{"emb": 1}, {"emb": 1, "red": 1}})
		}
	}
	w.drawFrom(d, &a, op, now)
	if a.rep = w.drawRep(d, op, a, now); a.rep != nil {
		a.console = one(d, a.rep.consoles)
		a.caller, _ = w.d.Authenticate(ctx(), a.console.token)
	}
	return a
}

// drawFrom throws an invitation and an attendee of the session.
func (w *world) drawFrom(d dice, a *args, op action, now look) {
	standing := slices.DeleteFunc(slices.Clone(now.invitations), func(i desk.Invitation) bool { return !i.Active() })
	if len(standing) > 0 && d.in(3, 4) {
		a.invitation = one(d, standing).ID
	} else if n := len(now.invitations); n > 0 {
		a.invitation = one(d, now.invitations[:min(n, 5)]).ID
	}
	in := now.session.Attendees
	if joined := slices.DeleteFunc(slices.Clone(in), func(one desk.Attendee) bool { return one.Role != desk.AttendeeRep }); len(joined) > 0 && d.in(4, 5) {
		in = joined
	}
	if len(in) > 0 && d.in(9, 10) {
		a.attendee, a.there = one(d, in), true
		if op.who == inside && a.attendee.RepID != "" {
			a.target = w.m.byID(a.attendee.RepID)
		}
	}
}

// drawRep throws who acts.
func (w *world) drawRep(d dice, op action, a args, now look) *mRep {
	there := func(reps []*mRep) []*mRep {
		return slices.DeleteFunc(reps, func(r *mRep) bool { return r == nil || len(r.consoles) == 0 })
	}
	fit := []*mRep{}
	switch op.who {
	case theOwner:
		if now.session.Owner != nil {
			fit = append(fit, w.m.byID(now.session.Owner.ID))
		}
	case theAsked:
		fit = w.asked(a, now)
	case inside:
		for _, one := range now.session.Attendees {
			fit = append(fit, w.m.byID(one.RepID))
		}
	}
	if fit = there(fit); len(fit) > 0 && d.in(5, 6) {
		return one(d, fit)
	}
	if fit = there(slices.Clone(w.m.reps)); len(fit) > 0 {
		return one(d, fit)
	}
	return nil
}

// asked are those to whom the invitation goes, and those to whom the session is being transferred, or in whose queue it waits.
func (w *world) asked(a args, now look) (fit []*mRep) {
	if s := w.m.session(a.session); s != nil && s.state == desk.SessionWaiting {
		return slices.DeleteFunc(slices.Clone(w.m.reps), func(r *mRep) bool { return !s.last.has(r) })
	}
	add := func(rep, team *desk.Ref) {
		for _, r := range w.m.reps {
			if rep != nil && rep.ID == r.id || team != nil && r.teams[team.Name[len("Team-"):]] > 0 {
				fit = append(fit, r)
			}
		}
	}
	for _, i := range now.invitations {
		if i.ID == a.invitation {
			add(i.Rep, i.Team)
		}
	}
	if offer := now.session.Transfer; offer != nil {
		add(offer.Rep, offer.Team)
	}
	return fit
}
