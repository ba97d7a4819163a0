package api

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

//go:embed pages/*.html
var pageFiles embed.FS

var linkTemplate = template.Must(template.ParseFS(pageFiles, "pages/link.html"))

// linkView is what the page of an email's link shows.
type linkView struct {
	*texts.Texts // in the rep's language
	store.InvitationLink
	Token   string
	Chosen  store.LinkAnswer // what the link in the email said, offered first
	Done    store.LinkAnswer // what was just done
	Over    string           // why there is nothing to answer any more
	Missing bool
}

func newLinkView(token string, link store.InvitationLink) linkView {
	return linkView{Texts: texts.For(link.Locale), InvitationLink: link, Token: token}
}

// Names are those that texts fill in.
func (v linkView) Names() texts.Args {
	return texts.Args{"Inviter": v.Invitation.Inviter.Name, "Rep": v.Rep.Name}
}

// Title is the email's headline.
func (v linkView) Title() string { return v.InvitationTitle(v.Invitation) }

// Issue is the one that the email named.
func (v linkView) Issue() string {
	if issue := cmp.Or(v.Invitation.Issue, v.Invitation.Session.Issue); issue != nil {
		return issue.Name
	}
	return ""
}

// Since says when the invitation was made.
func (v linkView) Since() string { return v.Date(v.Invitation.CreatedAt, v.TimeZone) }

// linkPages serves the page to which an email's links lead. Showing it changes nothing, because mail scanners open
// links too; only its buttons' POST acts.
func (s *Server) linkPages() {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, desk.Refuse(desk.NotAllowed, "The form was sent from another site."))
	}))
	if u, err := url.Parse(s.cfg.PublicURL); err == nil && u.Host != "" { // a proxy may have changed the host that we see
		must(guard.AddTrustedOrigin(u.Scheme + "://" + u.Host))
	}
	s.router.Get("/i/{token}", s.limitPage("show link", s.showLink))
	s.router.Method(http.MethodPost, "/i/{token}", guard.Handler(s.limitPage("answer link", s.answerLink)))
}

var linkAnswers = []store.LinkAnswer{store.LinkAccept, store.LinkDecline, store.LinkDeclineAndSwitchOff}

func (s *Server) showLink(w http.ResponseWriter, r *http.Request) {
	token := chi.URLParam(r, "token")
	link, err := s.cfg.Store.InvitationLink(r.Context(), token)
	view := newLinkView(token, link)
	view.Chosen = store.LinkAnswer(r.URL.Query().Get("answer"))
	if err == nil {
		view.Over = view.over()
	}
	s.writeLink(w, r, view, err)
}

func (s *Server) answerLink(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	answer := store.LinkAnswer(r.FormValue("answer")) // in the query for one-click unsubscribing (RFC 8058)
	if !slices.Contains(linkAnswers, answer) {
		s.refuse(w, r, desk.Invalid("answer", "unknown", "must be one of accept, decline, decline_and_switch_off"))
		return
	}
	token := chi.URLParam(r, "token")
	link, err := s.cfg.Store.AnswerInvitationLink(r.Context(), token, answer)
	view := newLinkView(token, link)
	view.Done = answer
	var refusal *desk.Problem
	if errors.As(err, &refusal) && (refusal.Code == desk.InvitationNotActive || refusal.Code == desk.AlreadyInSession) {
		if link, err = s.cfg.Store.InvitationLink(r.Context(), token); err == nil {
			view = newLinkView(token, link)
			if view.Over = view.over(); view.Over == "" { // the invitation stands for others
				view.Over = view.Ended(desk.EndJoinedOtherwise, "", false)
			}
		}
	}
	s.writeLink(w, r, view, err)
}

// over says in a sentence why there is nothing to answer; "" while there is.
func (v linkView) over() string {
	inv := v.Invitation
	switch {
	case inv.DeclinedByMe:
		return v.Ended(desk.EndDeclined, "", true)
	case inv.Active():
		return ""
	case inv.AcceptedBy != nil:
		return v.Ended(inv.Reason, inv.AcceptedBy.Name, inv.AcceptedBy.ID == v.Rep.ID)
	}
	return v.Ended(inv.Reason, inv.Inviter.Name, false)
}

func (s *Server) writeLink(w http.ResponseWriter, r *http.Request, view linkView, err error) {
	status := http.StatusOK
	var refusal *desk.Problem
	switch {
	case errors.As(err, &refusal) && refusal.Code == desk.NotFound:
		view, status = linkView{Texts: texts.For(r.Header.Get("Accept-Language")), Missing: true}, http.StatusNotFound
	case err != nil:
		s.refuse(w, r, err)
		return
	}
	var page bytes.Buffer
	if err := linkTemplate.Execute(&page, view); err != nil {
		s.refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self' 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	// The address is a secret: other sites learn the host at most. With no-referrer, browsers send the form with
	// Origin: null (Fetch standard), which the guard refuses where Sec-Fetch-Site is missing: on plain HTTP.
	h.Set("Referrer-Policy", "strict-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w)
}
