package api

import (
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// The live page of a session is for its customer and its specialists, whom the session's cookie names. It is whole, and its
// forms work, without scripts. guest.js keeps it current: whatever the stream says, it asks for the page again and puts in
// what is new, so that all that people read is made here.

// guestPages serves the live page.
func (s *Server) guestPages() {
	s.page(post, "/s", "bring token", s.bringToken)
	s.sessionPage(get, "", s.showSession)
	s.sessionPage(post, "/messages", s.postOnPage)
	s.sessionPage(post, "/consent", s.consentOnPage)
	s.sessionPage(post, "/leave", s.leaveOnPage)
	s.sessionPage(post, "/return", s.returnOnPage)
}

// sessionPage serves a page to those who are in its session. As in /v1/guest, how often they ask is not counted: of those who
// come from one address, many may be in sessions at a time. Whoever is in none is, and how often a guest acts is.
func (s *Server) sessionPage(method, more string, answer func(http.ResponseWriter, *http.Request, desk.Guest)) {
	s.router.Method(method, "/s/{session_id}"+more, s.guarded(func(w http.ResponseWriter, r *http.Request) {
		g, err := s.guestOnPage(r)
		if err == nil && method == post {
			err = s.guestActs(g)
		}
		switch {
		case err == nil:
			answer(w, r, g)
		case isStranger(err):
			s.refuseStranger(w, r, s.guestToken(r, chi.URLParam(r, "session_id")) != "")
		default:
			s.refusePage(w, r, err)
		}
	}))
}

// guestOnPage is the guest whom the browser's cookie for the page's session names.
func (s *Server) guestOnPage(r *http.Request) (g desk.Guest, err error) {
	id := chi.URLParam(r, "session_id")
	token := s.guestToken(r, id)
	if token == "" {
		return g, desk.Refuse(desk.NotLoggedIn, "")
	}
	if g, err = s.cfg.Store.AuthenticateGuest(r.Context(), token); err == nil && g.SessionID != id {
		err = desk.Refuse(desk.TokenUnknown, "The token is for another session.")
	}
	exchangeFrom(r.Context()).guest = g
	return g, err
}

// isStranger says whether it is the token that is no good, or not any more.
func isStranger(err error) bool {
	var refusal *desk.Problem
	return errors.As(err, &refusal) && refusal.Code.Info().Status == http.StatusUnauthorized
}

// refuseStranger says that the browser is not in the session, or not any more.
func (s *Server) refuseStranger(w http.ResponseWriter, r *http.Request, was bool) {
	if err := s.takeTurn(exchangeFrom(r.Context()), "show session", s.cfg.Limits.ReadsAMinute); err != nil {
		s.refusePage(w, r, err)
		return
	}
	s.writePage(w, r, http.StatusNotFound, "guest_unknown.html", strangerView{language(r), was})
}

// bringToken takes a token out of the fragment of the customer's link, from where a script brought it, into the cookie. Who came
// in by themself has no link: else they could lead somebody else into their session, and read what that person writes.
func (s *Server) bringToken(w http.ResponseWriter, r *http.Request) {
	token := r.PostFormValue("token")
	g, err := s.cfg.Store.AuthenticateGuest(r.Context(), token)
	switch {
	case err == nil && g.ByLink:
		s.leadIn(w, r, g.SessionID, token)
	case err == nil || isStranger(err):
		s.refuseStranger(w, r, false)
	default:
		s.refusePage(w, r, err)
	}
}

// leadIn has the browser keep who somebody is in a session, and leads it to the session's page.
func (s *Server) leadIn(w http.ResponseWriter, r *http.Request, sessionID, token string) {
	s.rememberGuest(w, r, sessionID, token)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/s/"+sessionID, http.StatusSeeOther)
}

// backTo leads from a form to the page, so that loading it anew sends nothing twice.
func backTo(w http.ResponseWriter, r *http.Request, g desk.Guest) {
	http.Redirect(w, r, "/s/"+g.SessionID, http.StatusSeeOther)
}

// showSession is no sign that a customer is back who has left: the page offers that to them (C13).
func (s *Server) showSession(w http.ResponseWriter, r *http.Request, g desk.Guest) {
	s.writeSession(w, r, g, http.StatusOK, written{})
}

func (s *Server) postOnPage(w http.ResponseWriter, r *http.Request, g desk.Guest) {
	in := written{Text: asWritten(r.PostFormValue("text")), Ref: r.PostFormValue("client_ref")}
	s.afterForm(w, r, g, in, s.whoIsBack(r, g, func() error {
		_, err := s.cfg.Store.PostGuestMessage(r.Context(), g, store.NewMessage{Text: in.Text, ClientRef: in.Ref})
		return err
	}))
}

func (s *Server) consentOnPage(w http.ResponseWriter, r *http.Request, g desk.Guest) {
	id := r.PostFormValue("attendee_id")
	s.afterForm(w, r, g, written{}, s.whoIsBack(r, g, func() error {
		if !cleanText(id) { // which PostgreSQL does not look for
			return desk.Missing("attendee")
		}
		_, err := s.cfg.Store.GiveConsent(r.Context(), g, id, r.PostFormValue("granted") == "true")
		return err
	}))
}

func (s *Server) leaveOnPage(w http.ResponseWriter, r *http.Request, g desk.Guest) {
	_, err := s.cfg.Store.LeaveAsGuest(r.Context(), g)
	s.afterForm(w, r, g, written{}, err)
}

func (s *Server) returnOnPage(w http.ResponseWriter, r *http.Request, g desk.Guest) {
	s.afterForm(w, r, g, written{}, s.whoIsBack(r, g, func() error { return nil }))
}

// whoIsBack takes what a customer who had left does as a sign that they are back (C13).
func (s *Server) whoIsBack(r *http.Request, g desk.Guest, do func() error) error {
	if g.Gone {
		if err := s.cfg.Store.GuestCameBack(r.Context(), g); err != nil {
			return err
		}
	}
	return do()
}

// afterForm shows the page as it is by now. What was refused is said above what was written.
func (s *Server) afterForm(w http.ResponseWriter, r *http.Request, g desk.Guest, in written, err error) {
	var refusal *desk.Problem
	switch {
	case err == nil:
		backTo(w, r, g)
	case isStranger(err): // put out meanwhile
		s.refuseStranger(w, r, true)
	case errors.As(err, &refusal) && refusal.Code.Info().Status < http.StatusInternalServerError:
		in.Mistake = mistakeOf(refusal)
		s.writeSession(w, r, g, refusal.Code.Info().Status, in)
	default:
		s.refusePage(w, r, err)
	}
}

// mistakeOf names what is wrong with a form: of a field what is wrong with it.
func mistakeOf(p *desk.Problem) string {
	if len(p.Errors) > 0 {
		return p.Errors[0].Code
	}
	return string(p.Code)
}

func (s *Server) writeSession(w http.ResponseWriter, r *http.Request, g desk.Guest, status int, in written) {
	view, err := s.sessionView(r, g, in)
	if err != nil {
		s.refusePage(w, r, err)
		return
	}
	s.writePage(w, r, status, "guest.html", view)
}
