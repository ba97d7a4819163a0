package api

import (
	"context"
	"html/template"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// linkView is what the page of an email's link shows.
type linkView struct {
	*texts.Texts // in the rep's language
	store.InvitationLink
	Token   string
	Chosen  store.LinkAnswer // what the link in the email said, offered first
	Done    store.LinkAnswer // what was just done
	Switch  bool             // it is about extended availability alone
	Missing bool
	App     template.URL // opens the session in the app; "" where the rep has accepted nothing
}

// Names are those that texts fill in.
func (v linkView) Names() texts.Args {
	return texts.Args{"Inviter": v.Invitation.Inviter.Name, "Rep": v.Rep.Name, "Minutes": int(desk.ExpectedFor.Minutes())}
}

// Title is the email's headline.
func (v linkView) Title() string { return v.InvitationTitle(v.Invitation) }

// Issue is the one that the email named.
func (v linkView) Issue() string {
	if issue := v.Invitation.NamedIssue(); issue != nil {
		return issue.Name
	}
	return ""
}

// Since says when the invitation was made.
func (v linkView) Since() string { return v.Date(v.Invitation.CreatedAt, v.TimeZone) }

// Over says in a sentence why there is nothing to answer; "" while there is.
func (v linkView) Over() string {
	switch by := v.Invitation.AcceptedBy; {
	case v.Reason == "":
		return ""
	case v.Reason == store.LinkAlreadyInside:
		return v.Ended(desk.EndJoinedOtherwise, "", true)
	case by != nil:
		return v.Ended(desk.EndReason(v.Reason), by.Name, by.ID == v.Rep.ID)
	}
	return v.Ended(desk.EndReason(v.Reason), v.Invitation.Inviter.Name, false)
}

// linkPages serves the page to which an email's links lead.
func (s *Server) linkPages() {
	s.page(get, "/i/{token}", "show link", s.showLink)
	s.page(post, "/i/{token}", "answer link", s.answerLink)
	s.page(get, "/i/{token}/unsubscribe", "show link", s.showUnsubscribe)
	s.page(post, "/i/{token}/unsubscribe", "unsubscribe", s.unsubscribe)
}

var linkAnswers = []store.LinkAnswer{store.LinkAccept, store.LinkDecline, store.LinkDeclineAndSwitchOff}

func (s *Server) showLink(w http.ResponseWriter, r *http.Request) {
	token := chi.URLParam(r, "token")
	link, err := s.cfg.Store.InvitationLink(r.Context(), token)
	view := s.viewOf(token, link)
	view.Chosen = store.LinkAnswer(r.URL.Query().Get("answer"))
	s.writeLink(w, r, view, err)
}

// viewOf shows what a link leads to: the email that confirms extended availability leads to where it is switched off.
func (s *Server) viewOf(token string, link store.InvitationLink) linkView {
	return linkView{Texts: texts.For(link.Locale), InvitationLink: link, Token: token, Switch: link.Invitation.ID == "", App: s.appLink(link)}
}

// appLink is what opens the app at the session that the rep has accepted (G2), by the app's own scheme; the id tells it by
// which of its servers. "": there is nothing to open.
func (s *Server) appLink(link store.InvitationLink) template.URL {
	if by := link.Invitation.AcceptedBy; by == nil || by.ID != link.Rep.ID {
		return ""
	}
	return template.URL("repdesk://sessions/" + link.Invitation.Session.ID + "?server_id=" + s.cfg.Store.ServerID()) //nolint:gosec // of ids of our own
}

func (s *Server) showUnsubscribe(w http.ResponseWriter, r *http.Request) {
	token := chi.URLParam(r, "token")
	link, err := s.cfg.Store.InvitationLink(r.Context(), token)
	view := s.viewOf(token, link)
	view.Switch = true
	s.writeLink(w, r, view, err)
}

// unsubscribe switches extended availability off, and nothing else: the invitation stands. Mail programs post here by one
// click, with no page before it (RFC 8058), and the page's button does.
func (s *Server) unsubscribe(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("List-Unsubscribe") != "One-Click" {
		s.refuse(w, r, desk.Invalid("List-Unsubscribe", "unknown", "must be One-Click"))
		return
	}
	token := chi.URLParam(r, "token")
	link, err := s.cfg.Store.AnswerInvitationLink(r.Context(), token, store.LinkSwitchOff)
	view := s.viewOf(token, link)
	view.Switch = true
	s.writeLink(w, r, view, err)
}

func (s *Server) answerLink(w http.ResponseWriter, r *http.Request) {
	answer := store.LinkAnswer(r.FormValue("answer")) // in the query of older emails' List-Unsubscribe
	if !slices.Contains(linkAnswers, answer) {
		s.refuse(w, r, desk.Invalid("answer", "unknown", "must be one of accept, decline, decline_and_switch_off"))
		return
	}
	token := chi.URLParam(r, "token")
	link, err := s.cfg.Store.AnswerInvitationLink(r.Context(), token, answer)
	view := s.viewOf(token, link)
	view.Done = answer
	if isRefusal(err, desk.InvitationNotActive, desk.AlreadyInSession) {
		if link, err = s.cfg.Store.InvitationLink(r.Context(), token); err == nil {
			view = s.viewOf(token, link)
		}
	}
	s.writeLink(w, r, view, err)
}

func (s *Server) writeLink(w http.ResponseWriter, r *http.Request, view linkView, err error) {
	switch {
	case isRefusal(err, desk.NotFound):
		s.writePage(w, r, http.StatusNotFound, "link.html", linkView{Texts: language(r), Missing: true})
	case err != nil:
		s.refusePage(w, r, err)
	default:
		s.writePage(w, r, http.StatusOK, "link.html", view)
	}
}

// LinkPath is embedded in the input of operations on an email's link.
type LinkPath struct {
	LinkToken string `path:"link_token" maxLength:"100" doc:"The secret part of the email's links: what stands behind /i/"`
}

func (s *Server) getInvitationLink(ctx context.Context, in *LinkPath) (*Plain[store.InvitationLink], error) {
	return plainLink(s.cfg.Store.InvitationLink(ctx, in.LinkToken))
}

type answerInvitationLinkInput struct {
	LinkPath
	Body struct {
		Answer store.LinkAnswer `json:"answer" enum:"accept,decline,decline_and_switch_off" doc:"What the rep chose; decline_and_switch_off ends their extended availability, too"`
	}
}

func (s *Server) answerInvitationLink(ctx context.Context, in *answerInvitationLinkInput) (*Plain[store.InvitationLink], error) {
	return plainLink(s.cfg.Store.AnswerInvitationLink(ctx, in.LinkToken, in.Body.Answer))
}

func plainLink(link store.InvitationLink, err error) (*Plain[store.InvitationLink], error) {
	if err != nil {
		return nil, err
	}
	return &Plain[store.InvitationLink]{link}, nil
}
