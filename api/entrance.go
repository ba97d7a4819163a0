package api

import (
	"context"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// EntranceSettings are what administrators set of a support button or a help link.
type EntranceSettings struct {
	Icon     *string `json:"icon,omitempty" doc:"The address or the name of an icon"`
	PortalID *string `json:"portal_id,omitempty" maxLength:"100" example:"@main" doc:"The portal whose settings its sessions have; an empty text: none"`
	RepID    *string `json:"rep_id,omitempty" maxLength:"100" example:"@ana" doc:"The rep for whom its sessions wait; this or team_id"`
	TeamID   *string `json:"team_id,omitempty" maxLength:"100" example:"@printers" doc:"The team in whose queue its sessions wait; this or rep_id"`
	IssueID  *string `json:"issue_id,omitempty" maxLength:"100" example:"@paper-jam" doc:"The issue that its sessions carry; an empty text: none"`
	Priority *int    `json:"priority,omitempty" minimum:"0" maximum:"100" doc:"The priority of its sessions; higher is more urgent"`
	Disabled *bool   `json:"disabled,omitempty" doc:"Whether it is withdrawn: its code lets nobody in"`
}

func (e EntranceSettings) change(name *string) store.EntranceChange {
	return store.EntranceChange{Name: name, Icon: e.Icon, PortalID: e.PortalID, RepID: e.RepID, TeamID: e.TeamID, IssueID: e.IssueID, Priority: e.Priority, Disabled: e.Disabled}
}

type createEntranceInput struct {
	Body NewEntrance
}

// NewEntrance is a support button or a help link to be made.
type NewEntrance struct {
	Slug string `json:"slug" example:"front-door" doc:"Unique name, which never changes: 1 to 64 of a-z, 0-9, dot, hyphen and underscore"`
	Name string `json:"name" example:"Front door" doc:"What people call it"`
	EntranceSettings
}

// EntranceUpdate is what is to change of one.
type EntranceUpdate struct {
	Name *string `json:"name,omitempty" example:"Front door" doc:"What people call it"`
	EntranceSettings
}

// SupportButtonPath is embedded in the input of operations on one support button.
type SupportButtonPath struct {
	ID string `path:"support_button_id" maxLength:"100" example:"@front-door" doc:"The support button"`
}

// HelpLinkPath is embedded in the input of operations on one help link.
type HelpLinkPath struct {
	ID string `path:"help_link_id" maxLength:"100" example:"@front-door" doc:"The help link"`
}

type updateSupportButtonInput struct {
	SupportButtonPath
	IfMatch
	Body EntranceUpdate
}

type updateHelpLinkInput struct {
	HelpLinkPath
	IfMatch
	Body EntranceUpdate
}

// entrances are the operations on one kind of fixed codes: support buttons (E3) and help links (E4) differ in names alone.
type entrances struct {
	*Server
	kind desk.EntranceKind
	path string
}

func (s *Server) supportButtons() entrances {
	return entrances{s, desk.SupportButton, "/v1/support-buttons"}
}

func (s *Server) helpLinks() entrances { return entrances{s, desk.HelpLink, "/v1/help-links"} }

func (e entrances) list(ctx context.Context, in *Page) (*Listed[desk.Entrance], error) {
	return paged(*in, func(one desk.Entrance) string { return one.ID }, func(after string, limit int) ([]desk.Entrance, error) {
		found, err := e.cfg.Store.Entrances(ctx, callerFrom(ctx), e.kind, after, limit)
		for i := range found {
			found[i] = e.addressed(found[i])
		}
		return found, err
	}, string(e.kind))
}

// addressed has the whole address, of which the store knows the path.
func (e entrances) addressed(one desk.Entrance) desk.Entrance {
	one.URL = e.cfg.PublicURL + one.URL
	return one
}

func (e entrances) create(ctx context.Context, in *createEntranceInput) (*Created[desk.Entrance], error) {
	made, err := e.cfg.Store.CreateEntrance(ctx, callerFrom(ctx), e.kind, in.Body.Slug, in.Body.change(&in.Body.Name))
	if err != nil {
		return nil, err
	}
	return created(e.path+"/"+made.ID, made.Rev, e.addressed(made)), nil
}

func (e entrances) object(one desk.Entrance, err error) (*Object[desk.Entrance], error) {
	if err != nil {
		return nil, err
	}
	return object(one.Rev, e.addressed(one)), nil
}

func (e entrances) get(ctx context.Context, id string) (*Object[desk.Entrance], error) {
	return e.object(e.cfg.Store.Entrance(ctx, callerFrom(ctx), e.kind, id))
}

func (e entrances) update(ctx context.Context, id string, b EntranceUpdate, m IfMatch) (*Object[desk.Entrance], error) {
	return e.object(e.cfg.Store.UpdateEntrance(ctx, callerFrom(ctx), e.kind, id, b.change(b.Name), m.check))
}

func (e entrances) delete(ctx context.Context, id string, m IfMatch) (*struct{}, error) {
	return nil, e.cfg.Store.DeleteEntrance(ctx, callerFrom(ctx), e.kind, id, m.check)
}

func (s *Server) getSupportButton(ctx context.Context, in *SupportButtonPath) (*Object[desk.Entrance], error) {
	return s.supportButtons().get(ctx, in.ID)
}

func (s *Server) updateSupportButton(ctx context.Context, in *updateSupportButtonInput) (*Object[desk.Entrance], error) {
	return s.supportButtons().update(ctx, in.ID, in.Body, in.IfMatch)
}

type deleteSupportButtonInput struct {
	SupportButtonPath
	IfMatch
}

func (s *Server) deleteSupportButton(ctx context.Context, in *deleteSupportButtonInput) (*struct{}, error) {
	return s.supportButtons().delete(ctx, in.ID, in.IfMatch)
}

func (s *Server) getHelpLink(ctx context.Context, in *HelpLinkPath) (*Object[desk.Entrance], error) {
	return s.helpLinks().get(ctx, in.ID)
}

func (s *Server) updateHelpLink(ctx context.Context, in *updateHelpLinkInput) (*Object[desk.Entrance], error) {
	return s.helpLinks().update(ctx, in.ID, in.Body, in.IfMatch)
}

type deleteHelpLinkInput struct {
	HelpLinkPath
	IfMatch
}

func (s *Server) deleteHelpLink(ctx context.Context, in *deleteHelpLinkInput) (*struct{}, error) {
	return s.helpLinks().delete(ctx, in.ID, in.IfMatch)
}
