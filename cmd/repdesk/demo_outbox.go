package main

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/repdesk/repdesk/push"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

const (
	// outboxLimit is how many cards the page shows; older ones are forgotten.
	outboxLimit = 100
	// outboxWait is how long the page waits for news before it asks anew.
	outboxWait = 25 * time.Second
)

// card is one message as its receiver would see it.
type card struct {
	push.Message
	Rev  int64  // grows with each change of the card
	Over string // why the phone shows it no more; empty while it does
}

func (c card) ID() string  { return c.DeliveryID }
func (c card) Email() bool { return c.Channel == desk.ChannelEmail }

// Offers and Asks say whether the notification has the button Accept, and Decline beside it: an invitation and a transfer have
// both, a session in a queue has the first. The others tell of what is answered by a request of the rep's console, if at all.
func (c card) Offers() bool { return c.Asks() || c.Data["type"] == string(desk.PurposeQueue) }
func (c card) Asks() bool {
	return c.Data["type"] == string(desk.PurposeInvitation) || c.Data["type"] == string(desk.PurposeTransfer)
}

// outbox stands in for phones and mailboxes: it keeps what would have been sent and shows it on a page, where a
// person can press a notification's buttons.
type outbox struct {
	store   *store.Store
	callers map[string]desk.Caller // by rep
	done    <-chan struct{}        // closed when the program stops, so that no waiting page holds it up

	mu      sync.Mutex
	cards   []card // the newest first
	version int64
	changed chan struct{} // closed at the next change
}

func newOutbox(s *store.Store, callers map[string]desk.Caller, done <-chan struct{}) *outbox {
	return &outbox{store: s, callers: callers, done: done, changed: make(chan struct{})}
}

// replaced is what a notification gives way with to a newer one under its key.
const replaced = "a newer one stands in its place."

// keep takes a message. Like an app it goes by the key: a withdrawal shows nothing of its own, but ends the
// notification that it names on that device; a second message about the same thing takes the place of the first.
func (o *outbox) keep(m push.Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.version++
	if m.Data["type"] == string(desk.PurposeWithdrawal) {
		o.end(m, m.Body)
	} else {
		o.end(m, replaced)
		o.cards = slices.Insert(o.cards, 0, card{Message: m, Rev: o.version})
		o.cards = o.cards[:min(len(o.cards), outboxLimit)]
	}
	close(o.changed)
	o.changed = make(chan struct{})
}

// end takes off the phone what shows there under the message's key.
func (o *outbox) end(by push.Message, why string) {
	for i, c := range o.cards {
		shows := c.Channel == desk.ChannelFCM && c.Over == ""
		if shows && by.Channel == c.Channel && c.To == by.To && c.Rep == by.Rep && c.Data["key"] == by.Data["key"] {
			o.cards[i].Over, o.cards[i].Rev = why, o.version
		}
	}
}

// outboxView is what the page shows.
type outboxView struct {
	Version int64
	Cards   []card
}

func (o *outbox) view() (outboxView, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return outboxView{o.version, slices.Clone(o.cards)}, o.changed
}

// newer waits until there is something newer than a version, but not for ever.
func (o *outbox) newer(ctx context.Context, than int64) outboxView {
	timeout := time.NewTimer(outboxWait)
	defer timeout.Stop()
	for {
		view, changed := o.view()
		if view.Version != than {
			return view
		}
		select {
		case <-changed:
		case <-timeout.C:
			return view
		case <-o.done:
			return view
		case <-ctx.Done():
			return view
		}
	}
}

func (o *outbox) card(deliveryID string) (card, bool) {
	view, _ := o.view()
	i := slices.IndexFunc(view.Cards, func(c card) bool { return c.DeliveryID == deliveryID })
	if i < 0 {
		return card{}, false
	}
	return view.Cards[i], true
}

// The page loads nothing but its own style and script. An email is a page of its own in a frame that runs nothing;
// its links open beside it, as they would from a mail program.
const (
	outboxPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	mailPolicy   = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)

func (o *outbox) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo/outbox", o.showPage)
	mux.HandleFunc("GET /demo/outbox/mails/{delivery}", o.showMail)
	mux.HandleFunc("POST /demo/outbox/answers", o.answer)
	for _, asset := range []string{"outbox.css", "outbox.js"} {
		mux.HandleFunc("GET /demo/"+asset, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, demoFiles, "demo/"+asset) })
	}
	return http.NewCrossOriginProtection().Handler(mux)
}

var outboxPage = template.Must(template.ParseFS(demoFiles, "demo/outbox.html"))

func (o *outbox) showPage(w http.ResponseWriter, r *http.Request) {
	view, _ := o.view()
	if after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64); err == nil {
		view = o.newer(r.Context(), after)
	}
	var page bytes.Buffer
	if err := outboxPage.Execute(&page, view); err != nil {
		http.Error(w, "The page cannot be made.", http.StatusInternalServerError)
		return
	}
	writeHTML(w, page.String(), outboxPolicy)
}

func (o *outbox) showMail(w http.ResponseWriter, r *http.Request) {
	c, ok := o.card(r.PathValue("delivery"))
	if !ok || !c.Email() {
		http.NotFound(w, r)
		return
	}
	writeHTML(w, strings.Replace(c.HTML, "<head>", `<head><base target="_blank">`, 1), mailPolicy)
}

func writeHTML(w http.ResponseWriter, page, policy string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	io.WriteString(w, page)
}

// answer does what the app does when a button of the notification is pressed.
func (o *outbox) answer(w http.ResponseWriter, r *http.Request) {
	c, ok := o.card(r.PostFormValue("delivery"))
	caller, holds := o.callers[c.Data["rep_id"]]
	button := r.PostFormValue("answer")
	if !ok || !holds || !c.Offers() || button != "accept" && !c.Asks() {
		http.NotFound(w, r)
		return
	}
	var refusal *desk.Problem
	err := o.press(r.Context(), caller, c, button)
	switch {
	case errors.As(err, &refusal):
		http.Error(w, refusal.Detail, refusal.Code.Info().Status)
		return
	case err != nil:
		http.Error(w, "The answer was not taken.", http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, "/demo/outbox", http.StatusSeeOther)
}

func (o *outbox) press(ctx context.Context, caller desk.Caller, c card, button string) (err error) {
	if _, err = o.store.AckDelivery(ctx, caller, c.DeliveryID, desk.DeliveryOpened); err != nil {
		return err
	}
	invites, accepts := c.Data["type"] == string(desk.PurposeInvitation), button == "accept"
	switch {
	case invites && accepts:
		_, err = o.store.AcceptInvitation(ctx, caller, c.Data["invitation_id"])
	case invites:
		_, err = o.store.DeclineInvitation(ctx, caller, c.Data["invitation_id"])
	case accepts:
		_, err = o.store.AcceptSession(ctx, caller, c.Data["session_id"])
	default:
		_, err = o.store.DeclineTransfer(ctx, caller, c.Data["session_id"])
	}
	return err
}
