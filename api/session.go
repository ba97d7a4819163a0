package api

import (
	"cmp"
	"context"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// SessionPath is embedded in the input of operations on one session. Huma fills in embedded structs only when their names are exported.
type SessionPath struct {
	SessionID string `path:"session_id" maxLength:"100" doc:"The session"`
}

type startSessionInput struct {
	Body struct {
		PortalID    string        `json:"portal_id,omitempty" maxLength:"100" example:"@main" doc:"The portal whose settings the session has"`
		Customer    desk.Customer `json:"customer" doc:"Who is being helped"`
		IssueID     string        `json:"issue_id,omitempty" maxLength:"100" example:"@paper-jam" doc:"Waits in the queue of the team that owns the issue"`
		RepID       string        `json:"rep_id,omitempty" maxLength:"100" example:"@ben" doc:"Waits for this rep"`
		TeamID      string        `json:"team_id,omitempty" maxLength:"100" example:"@printers" doc:"Waits in the queue of this team; with none of the three: for the caller"`
		Kind        string        `json:"kind,omitempty" enum:"support,browser" default:"support" doc:"What is supported: a device, or a web page"`
		Priority    int           `json:"priority,omitempty" minimum:"0" maximum:"100" doc:"Higher is more urgent"`
		ExternalKey string        `json:"external_key,omitempty" maxLength:"200" example:"ticket-4711" doc:"The id that another system knows the session by"`
		PageURL     string        `json:"page_url,omitempty" maxLength:"2000" example:"https://shop.example.com/basket" doc:"With the kind browser: the page's address, http or https"`
		PageTitle   string        `json:"page_title,omitempty" maxLength:"500" example:"Your basket" doc:"With the kind browser: the page's title"`
	}
}

func (s *Server) startSession(ctx context.Context, in *startSessionInput) (*Created[store.Started], error) {
	b := in.Body
	started, err := s.cfg.Store.StartSession(ctx, callerFrom(ctx), store.NewSession{PortalID: b.PortalID, Customer: b.Customer, IssueID: b.IssueID,
		RepID: b.RepID, TeamID: b.TeamID, Kind: cmp.Or(b.Kind, desk.KindSupport), Priority: b.Priority, ExternalKey: b.ExternalKey,
		Page: desk.Page{URL: b.PageURL, Title: b.PageTitle}})
	if err != nil {
		return nil, err
	}
	started.GuestURL = s.cfg.PublicURL + started.GuestURL
	return created("/v1/sessions/"+started.Session.ID, started.Session.Rev, started), nil
}

type listSessionsInput struct {
	Page
	State       string `query:"state" enum:"waiting,active,ended" doc:"Only those in this state"`
	Mine        string `query:"mine" enum:"owner,joined" doc:"Only those that the caller owns, or is in as a further rep"`
	ExternalKey string `query:"external_key" maxLength:"200" doc:"Only the one that another system knows by this id"`
	Query       string `query:"q" maxLength:"200" doc:"Part of the customer's or the company's name, or of the details"`
	Sort        string `query:"sort" enum:"waiting,customer,company,issue,priority,language" doc:"What to sort by: waiting is by when they came, and the default; the others need state=waiting or state=active. Those without the value come last, those with the same in the order in which they came"`
	Order       string `query:"order" enum:"asc,desc" doc:"asc: the earliest, the least, the first of the alphabet first, the default with sort. Without sort the newest come first"`
}

func (s *Server) listSessions(ctx context.Context, in *listSessionsInput) (*Listed[desk.Session], error) {
	filter := store.SessionFilter{State: in.State, Mine: in.Mine, ExternalKey: in.ExternalKey, Query: in.Query, Sort: in.Sort,
		Ascending: cmp.Or(in.Order, map[bool]string{true: "asc", false: "desc"}[in.Sort != ""]) == "asc"}
	return paged(in.Page, func(s desk.Session) string { return s.Position }, func(after string, limit int) ([]desk.Session, error) {
		return s.cfg.Store.Sessions(ctx, callerFrom(ctx), filter, after, limit)
	}, "sessions", in.State, in.Mine, in.ExternalKey, in.Query, in.Sort, in.Order)
}

func (s *Server) getSession(ctx context.Context, in *SessionPath) (*Object[desk.Session], error) {
	return sessionObject(s.cfg.Store.Session(ctx, callerFrom(ctx), in.SessionID))
}

func sessionObject(session desk.Session, err error) (*Object[desk.Session], error) {
	if err != nil {
		return nil, err
	}
	return object(session.Rev, session), nil
}

func (s *Server) acceptSession(ctx context.Context, in *SessionPath) (*Object[desk.Session], error) {
	return sessionObject(s.cfg.Store.AcceptSession(ctx, callerFrom(ctx), in.SessionID))
}

type endSessionInput struct {
	SessionPath
	Body *struct {
		Summary string `json:"summary,omitempty" maxLength:"2000" doc:"What was done; kept with the session"`
	} `required:"false"`
}

func (s *Server) endSession(ctx context.Context, in *endSessionInput) (*Object[desk.Session], error) {
	summary := ""
	if in.Body != nil {
		summary = in.Body.Summary
	}
	return sessionObject(s.cfg.Store.EndSession(ctx, callerFrom(ctx), in.SessionID, summary))
}

type reassignSessionInput struct {
	SessionPath
	Body struct {
		RepID  string `json:"rep_id,omitempty" maxLength:"100" example:"@ana" doc:"The rep who is to own it or, while it waits, in whose personal queue it is to wait; this or team_id"`
		TeamID string `json:"team_id,omitempty" maxLength:"100" example:"@printers" doc:"The team in whose queue it is to wait; this or rep_id"`
	}
}

func (s *Server) reassignSession(ctx context.Context, in *reassignSessionInput) (*Object[desk.Session], error) {
	return sessionObject(s.cfg.Store.ReassignSession(ctx, callerFrom(ctx), in.SessionID, in.Body.RepID, in.Body.TeamID))
}

type leaveSessionInput struct {
	SessionPath
	Body *struct {
		NewOwnerID string `json:"new_owner_id,omitempty" maxLength:"100" example:"@ben" doc:"Of an owner: the joined rep who is to own the session"`
	} `required:"false"`
}

func (s *Server) leaveSession(ctx context.Context, in *leaveSessionInput) (*Object[desk.Session], error) {
	newOwner := ""
	if in.Body != nil {
		newOwner = in.Body.NewOwnerID
	}
	return sessionObject(s.cfg.Store.LeaveSession(ctx, callerFrom(ctx), in.SessionID, newOwner))
}

func (s *Server) holdSession(ctx context.Context, in *SessionPath) (*Object[desk.Session], error) {
	return sessionObject(s.cfg.Store.HoldSession(ctx, callerFrom(ctx), in.SessionID))
}

func (s *Server) resumeSession(ctx context.Context, in *SessionPath) (*Object[desk.Session], error) {
	return sessionObject(s.cfg.Store.ResumeSession(ctx, callerFrom(ctx), in.SessionID))
}

type joinSessionInput struct {
	SessionPath
	Body *struct {
		Masked bool `json:"masked,omitempty" doc:"Whether to join hidden from the customer"`
	} `required:"false"`
}

func (s *Server) joinSession(ctx context.Context, in *joinSessionInput) (*Object[desk.Session], error) {
	return sessionObject(s.cfg.Store.JoinSession(ctx, callerFrom(ctx), in.SessionID, in.Body != nil && in.Body.Masked))
}

func (s *Server) takeOverSession(ctx context.Context, in *SessionPath) (*Object[desk.Session], error) {
	return sessionObject(s.cfg.Store.TakeOverSession(ctx, callerFrom(ctx), in.SessionID))
}
