package api

import (
	"context"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

func (s *Server) listAPITokens(ctx context.Context, in *Page) (*Listed[desk.APIToken], error) {
	return paged(*in, func(k desk.APIToken) string { return k.ID }, func(after string, limit int) ([]desk.APIToken, error) {
		return s.cfg.Store.APITokens(ctx, callerFrom(ctx), after, limit)
	}, "api-tokens")
}

type createAPITokenInput struct {
	Body struct {
		Name            string       `json:"name" minLength:"1" maxLength:"200" example:"Ticket system" doc:"What it is for"`
		RepID           string       `json:"rep_id,omitempty" maxLength:"100" example:"@ana" doc:"The rep as whom it acts; absent: it belongs to nobody"`
		Scopes          []desk.Scope `json:"scopes" minItems:"1" maxItems:"50" doc:"What it may do" values:"Scope"`
		LifetimeSeconds int          `json:"lifetime_seconds,omitempty" minimum:"1" maximum:"31622400" doc:"How long it lives; with neither this nor expires_at: 90 days"`
		ExpiresAt       *time.Time   `json:"expires_at,omitempty" doc:"From when on it is refused, at most 366 days from now; instead of lifetime_seconds"`
	}
}

func (s *Server) createAPIToken(ctx context.Context, in *createAPITokenInput) (*Created[store.IssuedAPIToken], error) {
	b := in.Body
	issued, err := s.cfg.Store.CreateAPIToken(ctx, callerFrom(ctx), store.NewAPIToken{Name: b.Name, RepID: b.RepID, Scopes: b.Scopes,
		Lifetime: time.Duration(b.LifetimeSeconds) * time.Second, ExpiresAt: b.ExpiresAt})
	if err != nil {
		return nil, err
	}
	return created("/v1/api-tokens/"+issued.APIToken.ID, issued.APIToken.Rev, issued), nil
}

// APITokenPath is embedded in the input of operations on one API token.
type APITokenPath struct {
	APITokenID string `path:"api_token_id" maxLength:"100" doc:"The API token's id"`
}

func (s *Server) getAPIToken(ctx context.Context, in *APITokenPath) (*Object[desk.APIToken], error) {
	return apiTokenObject(s.cfg.Store.APIToken(ctx, callerFrom(ctx), in.APITokenID))
}

func apiTokenObject(token desk.APIToken, err error) (*Object[desk.APIToken], error) {
	if err != nil {
		return nil, err
	}
	return object(token.Rev, token), nil
}

type updateAPITokenInput struct {
	APITokenPath
	IfMatch
	Body struct {
		Name   *string      `json:"name,omitempty" minLength:"1" maxLength:"200" doc:"What it is for"`
		Scopes []desk.Scope `json:"scopes,omitempty" minItems:"1" maxItems:"50" doc:"What it may do from now on, in place of what it could" values:"Scope"`
	}
}

func (s *Server) updateAPIToken(ctx context.Context, in *updateAPITokenInput) (*Object[desk.APIToken], error) {
	return apiTokenObject(s.cfg.Store.UpdateAPIToken(ctx, callerFrom(ctx), in.APITokenID, store.APITokenChange{Name: in.Body.Name, Scopes: in.Body.Scopes}, in.IfMatch.check))
}

type deleteAPITokenInput struct {
	APITokenPath
	IfMatch
}

// deleteAPIToken also ends the stream that the token has open here; elsewhere it ends with the next event or heartbeat.
func (s *Server) deleteAPIToken(ctx context.Context, in *deleteAPITokenInput) (*struct{}, error) {
	if err := s.cfg.Store.DeleteAPIToken(ctx, callerFrom(ctx), in.APITokenID, in.IfMatch.check); err != nil {
		return nil, err
	}
	s.stream.end(in.APITokenID, tokenRevoked)
	return nil, nil
}
