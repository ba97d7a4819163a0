package api

import (
	"cmp"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

const (
	// chatPage is how many messages the page shows at first, and how many more each time that somebody asks for earlier ones.
	chatPage = 50
	// chatNews is how many a page that is open gets at once of those that came since.
	chatNews = 200
)

// strangerView is a page for somebody who is not in the session.
type strangerView struct {
	*texts.Texts
	Was bool // in it
}

// written is what somebody sent by a form, and what is wrong with it.
type written struct{ Text, Ref, Mistake string }

// sessionView is what the live page shows of a session to one of its guests.
type sessionView struct {
	*texts.Texts
	desk.Session
	written
	guest   desk.Guest
	people  []desk.Attendee
	chat    []desk.Message
	Earlier string // the message before which there are more; "" where these are the first
	Past    bool   // the chat is an earlier part, after which there is more
	More    bool   // there are more news than these
}

// sessionView reads what the page shows. What changes between one part and the next is told by the stream, and read again.
func (s *Server) sessionView(r *http.Request, g desk.Guest, in written) (v sessionView, err error) {
	v = sessionView{Texts: language(r), written: in, guest: g}
	v.Ref = cmp.Or(v.Ref, newMark())
	if v.Session, err = s.cfg.Store.GuestSession(r.Context(), g); err != nil {
		return v, err
	}
	if v.people, err = s.cfg.Store.GuestAttendees(r.Context(), g); err != nil {
		return v, err
	}
	return v, s.readChat(r, &v)
}

// readChat reads the part of the chat that the address names: what was said after a message, before one, or last.
func (s *Server) readChat(r *http.Request, v *sessionView) (err error) {
	after, before := messageIn(r, "after"), messageIn(r, "before")
	if after != "" {
		v.chat, err = s.cfg.Store.GuestMessages(r.Context(), v.guest, store.MessageQuery{After: after, Limit: chatNews})
		v.More = len(v.chat) == chatNews
		return err
	}
	v.Past = before != ""
	v.chat, err = s.cfg.Store.GuestMessages(r.Context(), v.guest, store.MessageQuery{Before: before, Descending: true, Limit: chatPage + 1})
	if len(v.chat) > chatPage {
		v.chat = v.chat[:chatPage]
		v.Earlier = v.chat[chatPage-1].ID
	}
	slices.Reverse(v.chat)
	return err
}

// messageIn is the id of a message in the address. What can be none is not looked for.
func messageIn(r *http.Request, name string) string {
	id := r.URL.Query().Get(name)
	if desk.CheckLine(name, id, 100) != nil {
		return ""
	}
	return id
}

// name stands in a text where a name comes.
const name = "\ue000"

// withName puts somebody's name into a text of ours, set apart: direction marks in it turn nothing around it.
func withName(text, who string) template.HTML {
	apart := "<bdi>" + template.HTMLEscapeString(who) + "</bdi>"
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(text), name, apart)) //nolint:gosec // both are escaped
}

func (v sessionView) IsCustomer() bool { return v.guest.Role == desk.AttendeeCustomer }

// OfPage says whether the guest may say which web page the session is about (E4).
func (v sessionView) OfPage() bool {
	return v.Kind == desk.KindBrowser && v.IsCustomer() && v.Inside()
}

// Situation is what the page is about: waiting, again (waiting once more), active, held, left (by the customer who looks) or
// ended.
func (v sessionView) Situation() string {
	switch {
	case v.State == desk.SessionEnded:
		return "ended"
	case v.CustomerGone && v.IsCustomer():
		return "left"
	case v.State == desk.SessionWaiting && v.AcceptedAt != nil:
		return "again"
	case v.State == desk.SessionWaiting:
		return "waiting"
	case v.Held:
		return "held"
	}
	return "active"
}

// Inside says whether there is something to do for the guest but to come back.
func (v sessionView) Inside() bool { return v.Situation() != "ended" && v.Situation() != "left" }

func (v sessionView) Heading() template.HTML {
	args, owner := texts.Args{"Name": ""}, ""
	if v.Owner != nil {
		args["Name"], owner = name, v.Owner.Name
	}
	return withName(v.Say("guest.title."+v.Situation(), args), owner)
}

// Line says how long it will take until somebody comes (D12); "" where nobody knows.
func (v sessionView) Line() string {
	if v.State != desk.SessionWaiting || !v.IsCustomer() || v.Place == 0 {
		return ""
	}
	said := v.Say("guest.place.next")
	if v.Place > 1 {
		said = v.Say("guest.place.number", texts.Args{"Place": v.Place})
	}
	if v.WaitSeconds != nil {
		said += " " + v.Say("guest.wait", texts.Args{"Count": max(1, (*v.WaitSeconds+30)/60)})
	}
	return said
}

// Ending says why the session has ended.
func (v sessionView) Ending() string {
	reason := v.EndReason
	if !v.IsCustomer() && (reason == desk.EndedAbandoned || reason == desk.EndedCustomerGone) {
		reason = "customer_left"
	}
	return v.Say("guest.ended." + reason)
}

// Away says to a specialist that the customer has left for now.
func (v sessionView) Away() template.HTML {
	return withName(v.Say("guest.away", texts.Args{"Name": name}), v.Customer.Name)
}

// Wrong says what was wrong with what was sent.
func (v sessionView) Wrong() string {
	return v.Say("guest.error."+v.Mistake, texts.Args{"Max": desk.MaxMessage})
}

// OfText says whether it was the message.
func (v sessionView) OfText() bool { return v.Mistake == "empty" || v.Mistake == "too_long" }

// personView is somebody in the session.
type personView struct {
	desk.Attendee
	Me   bool
	Role string
}

// People are those in the session, as guests may know (C2).
func (v sessionView) People() (all []personView) {
	for _, a := range v.people {
		all = append(all, personView{a, a.ID == v.guest.AttendeeID, v.Say("guest.role." + string(a.Role))})
	}
	return all
}

// Company says whether anybody but the guest is there.
func (v sessionView) Company() bool { return len(v.people) > 1 }

// questionView is what the customer is asked about somebody, or has answered (C4).
type questionView struct {
	desk.Attendee
	Text template.HTML
}

// Questions are those about who may see the customer's screen.
func (v sessionView) Questions() (all []questionView) {
	for _, a := range v.people {
		if a.Consent != desk.ConsentNotNeeded && v.IsCustomer() {
			all = append(all, questionView{a, withName(v.question(a), a.Name)})
		}
	}
	return all
}

func (v sessionView) question(a desk.Attendee) string {
	if a.Consent == desk.ConsentRefused {
		return v.Say("guest.consent.refused", texts.Args{"Name": name})
	}
	return v.Say("guest.consent."+(string(a.Consent)+"."+string(a.Access)), texts.Args{"Name": name})
}

// May says to a specialist what they may do on the customer's screen.
func (v sessionView) May() string {
	at := slices.IndexFunc(v.people, func(a desk.Attendee) bool { return a.ID == v.guest.AttendeeID })
	if at < 0 || v.IsCustomer() {
		return ""
	}
	if me := v.people[at]; me.Consent.OnScreen() {
		return v.Say("guest.may." + string(me.Access))
	}
	return v.Say("guest.may." + string(v.people[at].Consent))
}

// MayShare says to a specialist whether they may share their own screen (F8).
func (v sessionView) MayShare() string {
	switch {
	case v.May() == "":
		return ""
	case v.SpecialistsMayShareScreen:
		return v.Say("guest.may.share")
	}
	return v.Say("guest.may.notShare")
}

// Leaving says what leaving means.
func (v sessionView) Leaving() string {
	switch {
	case !v.IsCustomer():
		return v.Say("guest.leave.specialist")
	case v.State == desk.SessionWaiting:
		return v.Say("guest.leave.waiting")
	}
	return v.Say("guest.leave.customer")
}

// messageView is one message of the chat.
type messageView struct {
	desk.Message
	Mine bool
	Said template.HTML // by the desk
	Time string        // in UTC, for browsers without scripts
}

// Chat is the chat, or the part of it that was asked for.
func (v sessionView) Chat() (all []messageView) {
	for _, m := range v.chat {
		line := messageView{Message: m, Mine: m.Author.ID == v.guest.AttendeeID, Time: m.CreatedAt.Format("15:04 UTC")}
		if m.System != "" {
			line.Said = withName(v.Say("guest.system."+m.System, texts.Args{"Name": name}), m.Author.Name)
		}
		all = append(all, line)
	}
	return all
}

// Moment is a time as machines read it.
func (m messageView) Moment() string { return m.CreatedAt.Format(time.RFC3339) }
