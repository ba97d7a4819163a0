package api

import (
	"context"

	"github.com/repdesk/repdesk/store"
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

func portalObject(p desk.Portal, err error) (*Object[desk.Portal], error) {
	if err != nil {
		return nil, err
	}
	return object(p.Rev, p), nil
}

func (s *Server) getPortal(ctx context.Context, in *PortalPath) (*Object[desk.Portal], error) {
	return portalObject(s.cfg.Store.Portal(ctx, callerFrom(ctx), in.PortalID))
}

type createPortalInput struct {
	Body struct {
		Slug     string  `json:"slug" example:"main-emea" doc:"Unique name, which never changes: 1 to 64 of a-z, 0-9, dot, hyphen and underscore"`
		Name     string  `json:"name" example:"EMEA" doc:"What people call it"`
		ParentID *string `json:"parent_id,omitempty" maxLength:"100" example:"@main" doc:"The portal above it, whose settings it inherits"`
		desk.PortalSettings
		Disabled *bool `json:"disabled,omitempty" doc:"Whether it is out of use"`
	}
}

func (s *Server) createPortal(ctx context.Context, in *createPortalInput) (*Created[desk.Portal], error) {
	b := in.Body
	p, err := s.cfg.Store.CreatePortal(ctx, callerFrom(ctx), b.Slug, store.PortalChange{Name: &b.Name, ParentID: b.ParentID, Settings: b.PortalSettings, Disabled: b.Disabled})
	if err != nil {
		return nil, err
	}
	return created("/v1/portals/"+p.ID, p.Rev, p), nil
}

type updatePortalInput struct {
	PortalPath
	IfMatch
	Body struct {
		Name     *string `json:"name,omitempty" example:"EMEA" doc:"What people call it"`
		ParentID *string `json:"parent_id,omitempty" maxLength:"100" example:"@main" doc:"The portal above it; an empty text: none"`
		desk.PortalSettings
		Inherit  []string `json:"inherit,omitempty" maxItems:"100" example:"[\"sharing\"]" doc:"Settings, by their names, that the portal says no more itself: it inherits them"`
		Disabled *bool    `json:"disabled,omitempty" doc:"Whether it is out of use"`
	}
}

func (s *Server) updatePortal(ctx context.Context, in *updatePortalInput) (*Object[desk.Portal], error) {
	b := in.Body
	change := store.PortalChange{Name: b.Name, ParentID: b.ParentID, Settings: b.PortalSettings, Inherit: b.Inherit, Disabled: b.Disabled}
	return portalObject(s.cfg.Store.UpdatePortal(ctx, callerFrom(ctx), in.PortalID, change, in.IfMatch.check))
}

type deletePortalInput struct {
	PortalPath
	IfMatch
}

func (s *Server) deletePortal(ctx context.Context, in *deletePortalInput) (*struct{}, error) {
	return nil, s.cfg.Store.DeletePortal(ctx, callerFrom(ctx), in.PortalID, in.IfMatch.check)
}

func (s *Server) getPublicPortal(ctx context.Context, in *PortalPath) (*Plain[desk.PublicPortal], error) {
	p, err := s.cfg.Store.PublicPortal(ctx, in.PortalID)
	if err != nil {
		return nil, err
	}
	return &Plain[desk.PublicPortal]{p}, nil
}
