package api

import (
	"context"
	"net/http"

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

func (s *Server) entranceRoutes() {
	buttons := entrances{s, desk.SupportButton, "/v1/support-buttons"}
	buttons.routes("support-button", "a support button", "support buttons")
	one := operation{Path: buttons.path + "/{support_button_id}", Tag: "Administration"}
	register(s, one.as("get-support-button", get, "One support button"), anyone(desk.AdministrationRead), func(ctx context.Context, in *SupportButtonPath) (*Object[desk.Entrance], error) {
		return buttons.get(ctx, in.ID)
	})
	register(s, one.as("update-support-button", patch, "Change or withdraw a support button"), anyone(desk.AdministrationWrite), func(ctx context.Context, in *updateSupportButtonInput) (*Object[desk.Entrance], error) {
		return buttons.update(ctx, in.ID, in.Body, in.IfMatch)
	})
	register(s, one.as("delete-support-button", remove, "Delete a support button"), anyone(desk.AdministrationWrite), func(ctx context.Context, in *SupportButtonPath) (*struct{}, error) {
		return nil, s.cfg.Store.DeleteEntrance(ctx, callerFrom(ctx), buttons.kind, in.ID)
	})
	links := entrances{s, desk.HelpLink, "/v1/help-links"}
	links.routes("help-link", "a help link", "help links")
	one = operation{Path: links.path + "/{help_link_id}", Tag: "Administration"}
	register(s, one.as("get-help-link", get, "One help link"), anyone(desk.AdministrationRead), func(ctx context.Context, in *HelpLinkPath) (*Object[desk.Entrance], error) {
		return links.get(ctx, in.ID)
	})
	register(s, one.as("update-help-link", patch, "Change or withdraw a help link"), anyone(desk.AdministrationWrite), func(ctx context.Context, in *updateHelpLinkInput) (*Object[desk.Entrance], error) {
		return links.update(ctx, in.ID, in.Body, in.IfMatch)
	})
	register(s, one.as("delete-help-link", remove, "Delete a help link"), anyone(desk.AdministrationWrite), func(ctx context.Context, in *HelpLinkPath) (*struct{}, error) {
		return nil, s.cfg.Store.DeleteEntrance(ctx, callerFrom(ctx), links.kind, in.ID)
	})
}

// as makes an operation on one entrance.
func (o operation) as(id, method, summary string) operation {
	o.ID, o.Method, o.Summary = id, method, summary
	o.Codes = codes(desk.NotAllowed, desk.NotFound)
	switch method {
	case patch:
		o.Codes = append(o.Codes, desk.OneTargetNeeded, desk.ChangedMeanwhile)
	case remove:
		o.Status = http.StatusNoContent
	}
	return o
}

// routes are the operations on all of a kind.
func (e entrances) routes(id, one, many string) {
	register(e.Server, operation{ID: "list-" + id + "s", Method: get, Path: e.path, Tag: "Administration", Summary: "List " + many + ", by name",
		Codes: codes(desk.NotAllowed, desk.CursorMismatch)}, anyone(desk.AdministrationRead), e.list)
	register(e.Server, operation{ID: "create-" + id, Method: post, Path: e.path, Tag: "Administration", Summary: "Make " + one, Status: http.StatusCreated,
		Description: "The code in it, which the server makes and which never changes, lets customers in, until it is withdrawn by `disabled`.",
		Codes:       codes(desk.NotAllowed, desk.NotFound, desk.OneTargetNeeded)}, anyone(desk.AdministrationWrite), e.create)
}

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
