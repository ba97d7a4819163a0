package api

import (
	"context"

	"github.com/repdesk/repdesk/store/desk"
)

func (s *Server) listPortals(ctx context.Context, in *Page) (*Listed[desk.Portal], error) {
	return paged(*in, func(p desk.Portal) string { return p.ID }, func(after string, limit int) ([]desk.Portal, error) {
		return s.cfg.Store.Portals(ctx, callerFrom(ctx), after, limit)
	}, "portals")
}

// PortalPath is embedded in the input of operations on one portal.
type PortalPath struct {
	PortalID string `path:"portal_id" maxLength:"100" example:"@main" doc:"The portal"`
}

func (s *Server) getPortal(ctx context.Context, in *PortalPath) (*Object[desk.Portal], error) {
	p, err := s.cfg.Store.Portal(ctx, callerFrom(ctx), in.PortalID)
	if err != nil {
		return nil, err
	}
	return object(p.Rev, p), nil
}

func (s *Server) getPublicPortal(ctx context.Context, in *PortalPath) (*Plain[desk.PublicPortal], error) {
	p, err := s.cfg.Store.PublicPortal(ctx, in.PortalID)
	if err != nil {
		return nil, err
	}
	return &Plain[desk.PublicPortal]{p}, nil
}
