package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// args are what an action is done with. They are drawn from what stands, most often such that the action makes sense.
type args struct {
	rep        *mRep // who acts, on the console
	console    *mConsole
	caller     desk.Caller
	session    string
	guest      desk.Guest // the customer of the session
	invitation string
	attendee   desk.Attendee
	there      bool // the attendee is in the session
	target     *mRep
	team       string
	teams      map[string]int
	issue      string
	portal     string
	kind       int // which kind of target, 0 to 3
	wait       int // how long, 0 to 3
	access     desk.Access
	yes, sub   bool
}

// inContact are the reps who are in contact while time passes: all, all but one or two, or nobody.
func (a args) inContact(reps []*mRep) (there []*mRep) {
	for _, r := range reps {
		if a.kind == 0 || a.kind == 1 && r != a.target || a.kind == 2 && r != a.target && r != a.rep {
			there = append(there, r)
		}
	}
	return there
}

func (a args) ceiling() desk.Access {
	if a.yes {
		return desk.Control
	}
	return desk.View
}

// who says who mostly does an action.
type who int

const (
	anybody  who = iota
	theOwner     // of the session
	theAsked     // to whom the invitation, or the transfer, goes
	inside       // the session
	nobodys      // a customer, time, an administrator
)

// action is something that can be done at the desk: how, what the model says of it, and with which codes it can be
// refused when others act at the same time.
type action struct {
	name   string
	weight int
	who    who
	do     func(w *world, a args) (any, error)
	rule   rule
	codes  string
}

const asOwner = "not_found not_session_owner session_not_active "

var actions = []action{
	{"start a session", 5, anybody, (*world).start, (*model).start, "not_found no_rep_available"},
	{"accept a session", 8, theAsked, func(w *world, a args) (any, error) { return w.d.AcceptSession(ctx(), a.caller, a.session) },
		(*model).acceptSession, "not_found session_taken not_allowed session_not_active invitation_not_active"},
	{"invite", 24, theOwner, (*world).invite, (*model).invite, asOwner + "sharing_off cannot_invite_self not_reachable already_in_session already_invited rep_not_available " +
		"team_not_available portal_not_available rep_limit_reached access_above_ceiling too_many_requests issue_not_shareable"},
	{"accept an invitation", 18, theAsked, func(w *world, a args) (any, error) { return w.d.AcceptInvitation(ctx(), a.caller, a.invitation) },
		(*model).acceptInvitation, "not_found invitation_not_active already_in_session"},
	{"decline an invitation", 5, theAsked, func(w *world, a args) (any, error) { return w.d.DeclineInvitation(ctx(), a.caller, a.invitation) },
		(*model).declineInvitation, "not_found invitation_not_active already_in_session"},
	{"cancel an invitation", 4, theOwner, func(w *world, a args) (any, error) { return w.d.CancelInvitation(ctx(), a.caller, a.invitation) },
		(*model).cancelInvitation, "not_found not_session_owner invitation_not_active"},
	{"remind", 3, theOwner, func(w *world, a args) (any, error) { return w.d.RemindInvitation(ctx(), a.caller, a.invitation) },
		(*model).remind, "not_found not_session_owner invitation_not_active too_many_requests"},
	{"join", 4, anybody, func(w *world, a args) (any, error) { return w.d.JoinSession(ctx(), a.caller, a.session, a.yes) },
		(*model).stepIn, "not_found session_not_active not_allowed rep_limit_reached"},
	{"take over", 4, anybody, func(w *world, a args) (any, error) { return w.d.TakeOverSession(ctx(), a.caller, a.session) },
		(*model).takeOver, "not_found session_not_active take_over_not_allowed"},
	{"leave", 5, inside, (*world).leave, (*model).leave, "not_found session_not_active owner_must_hand_over not_session_owner not_allowed"},
	{"hold", 2, theOwner, func(w *world, a args) (any, error) { return w.d.HoldSession(ctx(), a.caller, a.session) }, (*model).hold, asOwner},
	{"resume", 2, theOwner, func(w *world, a args) (any, error) { return w.d.ResumeSession(ctx(), a.caller, a.session) }, (*model).resume, asOwner},
	{"transfer", 7, theOwner, (*world).transfer, (*model).transfer, asOwner + "cannot_invite_self not_reachable transfer_pending rep_not_available team_not_available"},
	{"accept a transfer", 4, theAsked, func(w *world, a args) (any, error) { return w.d.AcceptSession(ctx(), a.caller, a.session) },
		(*model).acceptSession, "not_found session_taken not_allowed session_not_active invitation_not_active"},
	{"decline a transfer", 3, theAsked, func(w *world, a args) (any, error) { return w.d.DeclineTransfer(ctx(), a.caller, a.session) },
		(*model).declineTransfer, "not_found invitation_not_active already_in_session"},
	{"cancel a transfer", 2, theOwner, func(w *world, a args) (any, error) { return w.d.CancelTransfer(ctx(), a.caller, a.session) },
		(*model).cancelTransfer, "not_found not_session_owner invitation_not_active"},
	{"update an attendee", 8, theOwner, (*world).updateAttendee, (*model).updateAttendee, asOwner + "not_allowed access_above_ceiling"},
	{"remove an attendee", 3, theOwner, func(w *world, a args) (any, error) {
		return nil, w.d.RemoveAttendee(ctx(), a.caller, a.session, a.attendee.ID)
	}, (*model).removeAttendee, asOwner + "not_allowed"},
	{"write", 5, inside, func(w *world, a args) (any, error) {
		return w.d.PostMessage(ctx(), a.caller, a.session, store.NewMessage{Text: "Hello."})
	}, (*model).post, "not_found session_not_active not_allowed"},
	{"end", 2, theOwner, func(w *world, a args) (any, error) { return w.d.EndSession(ctx(), a.caller, a.session, "Done.") }, (*model).end, "not_found not_session_owner session_not_active"},
	{"the customer consents", 6, nobodys, func(w *world, a args) (any, error) { return w.d.GiveConsent(ctx(), a.guest, w.asGuestsKnow(a), a.yes) },
		(*model).consent, "session_not_active not_found not_allowed"},
	{"the customer leaves", 1, nobodys, func(w *world, a args) (any, error) { return w.d.LeaveAsGuest(ctx(), a.guest) }, (*model).customerLeaves, ""},
	{"the customer comes back", 2, nobodys, func(w *world, a args) (any, error) { return nil, w.d.GuestCameBack(ctx(), a.guest) }, (*model).customerBack, ""},
	{"log in", 5, nobodys, (*world).logIn, (*model).logIn, ""},
	{"log out", 3, anybody, func(w *world, a args) (any, error) { return nil, w.d.LogOut(ctx(), a.caller, "current", a.yes) }, (*model).logOut, "owner_must_hand_over not_found"},
	{"move a console", 4, anybody, func(w *world, a args) (any, error) {
		return w.d.UpdateConsole(ctx(), a.caller, "current", store.ConsoleChange{PortalID: &[]string{at(a.portal)}[0]}, nil)
	}, (*model).moveConsole, "not_found"},
	{"put a rep into other teams", 4, nobodys, (*world).reteam, (*model).reteam, ""},
	{"change a ceiling", 1, nobodys, (*world).flip, (*model).flip, ""},
	{"let time pass", 6, nobodys, (*world).pass, (*model).pass, ""},
}

// at is how a request names a thing by its unique name; nothing stays nothing.
func at(name string) string {
	if name == "" {
		return ""
	}
	return "@" + name
}

func (w *world) start(a args) (any, error) {
	n := store.NewSession{Kind: "support", PortalID: at(a.portal), Customer: desk.Customer{Name: "Jo"}}
	switch a.kind {
	case 1:
		n.RepID = a.target.id
	case 2:
		n.TeamID = at(a.team)
	case 3:
		n.IssueID = at(a.issue)
	}
	started, err := w.d.StartSession(ctx(), a.caller, n)
	if err != nil {
		return nil, err
	}
	guest, err := w.d.AuthenticateGuest(ctx(), started.GuestToken)
	w.add(started.Session.ID, guest)
	started.GuestToken = ""
	return started, err
}

func (w *world) invite(a args) (any, error) {
	n := store.NewInvitation{Access: a.access, Masked: a.yes, Comment: "Please."}
	switch a.kind {
	case 0:
		n.RepID = a.target.id
	case 1:
		n.TeamID = at(a.team)
	case 2:
		n.PortalID, n.SubPortals = at(a.portal), a.sub
	default:
		n.IssueID = at(a.issue)
	}
	return w.d.Invite(ctx(), a.caller, a.session, n)
}

func (w *world) leave(a args) (any, error) {
	next := ""
	if a.yes {
		next = a.target.id
	}
	return w.d.LeaveSession(ctx(), a.caller, a.session, next)
}

func (w *world) transfer(a args) (any, error) {
	n := store.NewTransfer{TeamID: at(a.team), Stay: a.yes}
	if a.kind < 2 {
		n = store.NewTransfer{RepID: a.target.id, Stay: a.yes}
	}
	return w.d.TransferSession(ctx(), a.caller, a.session, n)
}

func (w *world) updateAttendee(a args) (any, error) {
	change := desk.AttendeeChange{}
	if a.access != "" {
		change.Access = &a.access
	}
	if a.sub {
		change.Masked = &a.yes
	}
	return w.d.UpdateAttendee(ctx(), a.caller, a.session, a.attendee.ID, change, nil)
}

func (w *world) logIn(a args) (any, error) {
	if len(w.consolesOf(a.target)) >= 2 {
		return nil, nil
	}
	in := store.LogIn{Username: a.target.user, Password: password, PortalID: at(a.portal)}
	if a.sub {
		target := fmt.Sprint("device-", w.logIns.Add(1))
		in.Device = desk.Device{DeviceID: &target, PushTarget: &target}
	}
	out, err := w.d.LogIn(ctx(), in)
	return out, err
}

func (w *world) reteam(a args) (any, error) {
	_, err := w.d.ImportOrganization(ctx(), w.d.Operator(), []byte("reps:\n"+a.target.yaml(a.teams)), false)
	return nil, err
}

func (w *world) flip(a args) (any, error) {
	flipped := *w.m.portals["flip"]
	flipped.ceiling = a.ceiling()
	_, err := w.d.ImportOrganization(ctx(), w.d.Operator(), []byte("portals:\n"+flipped.yaml()), false)
	return nil, err
}

func (w *world) pass(a args) (any, error) {
	w.clock.Advance([]time.Duration{30 * time.Second, 3 * time.Minute, 11 * time.Minute, 31 * time.Minute}[a.wait])
	there := a.inContact(w.m.reps)
	if err := w.contact(there...); err != nil {
		return nil, err
	}
	if !w.crowded {
		w.written(there...)
	}
	return nil, w.d.DoDue(ctx())
}

// idOf is the id of what an action made: the model knows it by that.
func idOf(answer any) string {
	switch made := answer.(type) {
	case store.Started:
		return made.Session.ID
	case desk.Invitation:
		return made.ID
	case desk.Session:
		if made.Transfer != nil {
			return made.Transfer.ID
		}
	case store.LoggedIn:
		return made.Token
	}
	return ""
}

// dice decide what is done, and with what.
type dice struct{ *rand.Rand }

func (d dice) in(n, of int) bool { return d.IntN(of) < n }

func one[T any](d dice, of []T) T { return of[d.IntN(len(of))] }

func (d dice) action() action {
	sum := 0
	for _, one := range actions {
		sum += one.weight
	}
	at := d.IntN(sum)
	i := slices.IndexFunc(actions, func(one action) bool {
		at -= one.weight
		return at < 0
	})
	return actions[i]
}

func named(name string) action {
	return actions[slices.IndexFunc(actions, func(one action) bool { return one.name == name })]
}

// allows says whether the action can be refused with the code.
func (one action) allows(code desk.Code) bool {
	return slices.Contains(strings.Fields(one.codes), string(code))
}
