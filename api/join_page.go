package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// joinView is what the specialists' page shows: a box for the code, and then who invites and a box for the name (F4, F6). The
// code goes along in the form, because addresses stay in histories.
type joinView struct {
	*texts.Texts
	store.SpecialistDoor
	Link    string                // the secret part of the page's address; "": the code is the way in
	Code    string                // as it was entered
	Name    string                // as it was entered
	Before  string                // the name under which somebody of this browser is in the session, or joined by it before (F10)
	Over    desk.SpecialistReason // why the link lets nobody in
	Missing bool                  // the link is none of ours
	Mistake string                // what is wrong with what was entered
	token   string                // of who goes on
	inside  string                // the session, where they are in it
}

// The steps of the page.
const (
	stepCode    = "code"
	stepName    = "name"
	stepBefore  = "before" // goes on as who they were
	stepOver    = "over"
	stepMissing = "missing"
)

// Step is which part of the page is shown.
func (v joinView) Step() string {
	switch {
	case v.Missing:
		return stepMissing
	case v.Over != "":
		return stepOver
	case v.Before != "":
		return stepBefore
	case v.Inviter.Name != "":
		return stepName
	}
	return stepCode
}

// Title is the page's headline.
func (v joinView) Title() string {
	switch v.Step() {
	case stepMissing:
		return v.Say("join.missing.title")
	case stepOver:
		return v.Say("join.over.title." + string(v.Over))
	case stepBefore:
		return v.Say("join.before.title")
	case stepName:
		return v.Say("join.door.title")
	}
	return v.Say("join.title")
}

// Text says what to do where the link lets nobody in.
func (v joinView) Text() string { return v.Say("join.over.text." + string(v.Over)) }

// Address is where the page's forms go.
func (v joinView) Address() string {
	if v.Link == "" {
		return "/join"
	}
	return "/join/" + url.PathEscape(v.Link)
}

// MaxName is the longest name.
func (joinView) MaxName() int { return desk.MaxName }

func (v joinView) key() store.SpecialistKey {
	return store.SpecialistKey{Code: v.Code, Link: v.Link, Token: v.token}
}

// joinPages serves the page where specialists come in.
func (s *Server) joinPages() {
	for _, path := range []string{"/join", "/join/{token}"} {
		s.page(get, path, "show join", s.showJoin)
		s.page(post, path, "answer join", s.answerJoin)
	}
}

func joinViewOf(r *http.Request) joinView {
	return joinView{Texts: language(r), Link: chi.URLParam(r, "token"), Code: strings.TrimSpace(r.PostFormValue("code")), Name: strings.TrimSpace(r.PostFormValue("name"))}
}

// showJoin asks for the code, or shows what a link leads to, which changes nothing (F9).
func (s *Server) showJoin(w http.ResponseWriter, r *http.Request) {
	v := joinViewOf(r)
	var err error
	if v.Link != "" {
		err = s.findDoor(r, &v)
	}
	s.writeJoin(w, r, v, err)
}

// answerJoin takes the code, and once the name is there lets its bearer in. The portal's page hands codes on to here.
func (s *Server) answerJoin(w http.ResponseWriter, r *http.Request) {
	v := joinViewOf(r)
	do := r.PostFormValue("do")
	if _, ok := desk.ReadSpecialistCode(v.Code); !ok && v.Link == "" {
		v.Mistake = v.Say("join.code.digits")
		s.writeJoin(w, r, v, desk.Invalid("code", "form", "must be nine digits"))
		return
	}
	err := s.takeJoinTurn(r, do)
	if err == nil && do == "" {
		err = s.findDoor(r, &v)
	}
	if err != nil || do == "" {
		s.writeJoin(w, r, v, err)
		return
	}
	s.join(w, r, v, do)
}

// takeJoinTurn counts the page's requests with those of the operations (E6).
func (s *Server) takeJoinTurn(r *http.Request, do string) error {
	operation := "look-up-code"
	if do != "" {
		operation = "join-as-specialist"
	}
	return s.takeTurn(exchangeFrom(r.Context()), operation, s.cfg.Limits.EntersAMinute)
}

// findDoor finds what the code or link leads to, or who goes on by it in this browser.
func (s *Server) findDoor(r *http.Request, v *joinView) error {
	return s.trySpecialist(r.Context(), v.key(), func() error {
		err := s.findBefore(r, v)
		if err == nil && v.Before == "" {
			v.SpecialistDoor, err = s.cfg.Store.LookUpSpecialist(r.Context(), v.key())
		}
		return err
	})
}

func (s *Server) findBefore(r *http.Request, v *joinView) error {
	before, err := s.cfg.Store.ReturningSpecialist(r.Context(), v.key(), s.guestTokens(r))
	v.Before, v.token, v.inside = before.Name, before.Token, before.Inside
	return err
}

// join lets somebody in. Who joined in this browser before is the same attendee, whatever name they enter: they have two tabs, or
// their email program's link came without the cookies, which do not follow links from other sites. Whoever is in the session
// already, the customer too, stays who they are: the browser has one cookie for it.
func (s *Server) join(w http.ResponseWriter, r *http.Request, v joinView, do string) {
	var entered store.Entered
	err := s.trySpecialist(r.Context(), v.key(), func() error {
		err := s.findBefore(r, &v)
		if err == nil && v.inside == "" && (v.Before != "" || do == "join") {
			entered, err = s.cfg.Store.JoinAsSpecialist(v.once(r), v.key(), cmp.Or(v.Before, v.Name))
		}
		return err
	})
	switch {
	case err == nil && v.inside != "":
		s.leadIn(w, r, v.inside, v.token)
		return
	case entered.Token != "":
		s.leadIn(w, r, entered.Session.ID, entered.Token)
		return
	}
	if err == nil || isOfPerson(err) { // what was entered stands beside what the door says
		err = cmp.Or(s.findDoor(r, &v), err)
	}
	s.writeJoin(w, r, v, err)
}

// isOfPerson says whether a refusal is about the name or a seat, and not about the code or link.
func isOfPerson(err error) bool {
	return isRefusal(err, desk.ValidationFailed, desk.SpecialistsAtLimit)
}

// Ref marks the page's form.
func (joinView) Ref() string { return newMark() }

// once lets one attendee in. Who came back needs no mark, and another name is no other person.
func (v joinView) once(r *http.Request) context.Context {
	if v.token != "" {
		return r.Context()
	}
	return once(r, desk.NormalCode(v.Code))
}

// leadIn leads to the session's page whoever has the token.
func (s *Server) leadIn(w http.ResponseWriter, r *http.Request, sessionID, token string) {
	s.rememberGuest(w, r, sessionID, token)
	http.Redirect(w, r, "/s/"+sessionID, http.StatusSeeOther)
}

// writeJoin writes the page. Of a link it says why nobody comes in; of a code nothing more than that (E6).
func (s *Server) writeJoin(w http.ResponseWriter, r *http.Request, v joinView, err error) {
	var refusal *desk.Problem
	if err != nil && !errors.As(err, &refusal) {
		s.refusePage(w, r, err)
		return
	}
	status := http.StatusOK
	if refusal != nil {
		status = refusal.Code.Info().Status
		switch refusal.Code {
		case desk.ValidationFailed:
			v.Mistake = cmp.Or(v.Mistake, v.wrongName(refusal))
		case desk.SpecialistsAtLimit:
			v.Full = true
		case desk.NotFound:
			v.Missing = true
		case desk.CodeNotValid:
			v = v.refused(r, refusal)
		default:
			s.refusePage(w, r, err)
			return
		}
	}
	s.writePage(w, r, status, "join.html", v)
}

func (v joinView) wrongName(refusal *desk.Problem) string {
	return v.Say("join.name.wrong."+refusal.Errors[0].Code, texts.Args{"Max": desk.MaxName})
}

// refused is the page of a code or link that lets nobody in.
func (v joinView) refused(r *http.Request, refusal *desk.Problem) joinView {
	v = joinView{Texts: v.Texts, Link: v.Link, Code: v.Code}
	if v.Link == "" {
		v.Mistake = v.Say("join.code.refused")
		return v
	}
	v.Over = desk.SpecialistReason(refusal.Conflict.Reason)
	if v.Over == desk.SpecialistUsedUp && r.PostFormValue("do") == "return" {
		v.Mistake = v.Say("join.before.unknown")
	}
	return v
}
