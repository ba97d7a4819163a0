package api

import (
	"context"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

type createSessionKeyInput struct {
	Body *struct {
		PortalID        string `json:"portal_id,omitempty" maxLength:"100" example:"@main" doc:"The portal whose settings the session will have"`
		LifetimeSeconds int    `json:"lifetime_seconds,omitempty" minimum:"60" maximum:"86400" default:"1200" doc:"How long the key lets somebody in; it does not limit the session"`
	} `required:"false"`
}

func (s *Server) createSessionKey(ctx context.Context, in *createSessionKeyInput) (*CreatedAt[desk.SessionKey], error) {
	portal, lifetime := "", time.Duration(0)
	if in.Body != nil {
		portal, lifetime = in.Body.PortalID, time.Duration(in.Body.LifetimeSeconds)*time.Second
	}
	key, err := s.cfg.Store.CreateSessionKey(ctx, callerFrom(ctx), portal, lifetime)
	if err != nil {
		return nil, err
	}
	key.URL = s.cfg.PublicURL + key.URL
	return &CreatedAt[desk.SessionKey]{"/v1/session-keys/" + key.ID, key}, nil
}

func (s *Server) listSessionKeys(ctx context.Context, in *Page) (*Listed[desk.SessionKey], error) {
	return paged(*in, func(k desk.SessionKey) string { return k.ID }, func(after string, limit int) ([]desk.SessionKey, error) {
		return s.cfg.Store.SessionKeys(ctx, callerFrom(ctx), after, limit)
	}, "session-keys")
}

type sessionKeyInput struct {
	SessionKeyID string `path:"session_key_id" maxLength:"100" doc:"The session key"`
}

func (s *Server) deleteSessionKey(ctx context.Context, in *sessionKeyInput) (*struct{}, error) {
	return nil, s.cfg.Store.DeleteSessionKey(ctx, callerFrom(ctx), in.SessionKeyID)
}
