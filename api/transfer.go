package api

import (
	"context"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

type transferSessionInput struct {
	SessionPath
	Body struct {
		RepID   string `json:"rep_id,omitempty" maxLength:"100" example:"@ben" doc:"The rep to whom the session is offered"`
		TeamID  string `json:"team_id,omitempty" maxLength:"100" example:"@printers" doc:"The team of which any one rep may take it"`
		Comment string `json:"comment,omitempty" maxLength:"500" doc:"What those see to whom it is offered, and customers never do"`
		Stay    bool   `json:"stay,omitempty" doc:"Whether the owner stays as a further rep, if a seat is free"`
	}
}

func (s *Server) transferSession(ctx context.Context, in *transferSessionInput) (*Object[desk.Session], error) {
	b := in.Body
	return sessionObject(s.cfg.Store.TransferSession(ctx, callerFrom(ctx), in.SessionID, store.NewTransfer{RepID: b.RepID, TeamID: b.TeamID, Comment: b.Comment, Stay: b.Stay}))
}

func (s *Server) cancelTransfer(ctx context.Context, in *SessionPath) (*Object[desk.Session], error) {
	return sessionObject(s.cfg.Store.CancelTransfer(ctx, callerFrom(ctx), in.SessionID))
}

func (s *Server) declineTransfer(ctx context.Context, in *SessionPath) (*Object[desk.Session], error) {
	return sessionObject(s.cfg.Store.DeclineTransfer(ctx, callerFrom(ctx), in.SessionID))
}
