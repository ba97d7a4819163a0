package api

import (
	"context"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// RepPath is embedded in the input of operations on one account.
type RepPath struct {
	RepID string `path:"rep_id" maxLength:"100" example:"@ana" doc:"The rep"`
}

type listRepsInput struct {
	Page
	Query    string `query:"q" maxLength:"200" doc:"Part of the name or of the log-in name"`
	TeamID   string `query:"team_id" maxLength:"100" example:"@printers" doc:"Only those of this team"`
	Disabled string `query:"disabled" enum:"true,false" doc:"Only closed accounts, or only open ones"`
}

func (s *Server) listReps(ctx context.Context, in *listRepsInput) (*Listed[desk.Rep], error) {
	filter := store.RepFilter{Query: in.Query, TeamID: in.TeamID}
	if in.Disabled != "" {
		closed := in.Disabled == "true"
		filter.Disabled = &closed
	}
	return paged(in.Page, func(r desk.Rep) string { return r.ID }, func(after string, limit int) ([]desk.Rep, error) {
		return s.cfg.Store.Reps(ctx, callerFrom(ctx), filter, after, limit)
	}, "reps", in.Query, in.TeamID, in.Disabled)
}

// RepSettings are what administrators set of an account.
type RepSettings struct {
	PublicName  *string            `json:"public_name,omitempty" doc:"The name that customers see; an empty text: the name" example:"Ana"`
	Email       *string            `json:"email,omitempty" doc:"Where emails go; an empty text: nowhere" example:"ana@example.com"`
	Role        *desk.Role         `json:"role,omitempty" enum:"rep,administrator" doc:"The role in the organisation"`
	Permissions *[]desk.Permission `json:"permissions,omitempty" doc:"What the rep may do beyond the ordinary" values:"Permission"`
	Teams       *[]desk.TeamPlace  `json:"teams,omitempty" maxItems:"1000" doc:"All teams of the rep"`
	Locale      *string            `json:"locale,omitempty" example:"en" doc:"BCP 47 language tag"`
	TimeZone    *string            `json:"time_zone,omitempty" example:"Europe/Madrid" doc:"IANA time zone"`
	Disabled    *bool              `json:"disabled,omitempty" doc:"Whether the account is closed"`
}

func (r RepSettings) change(name *string) store.RepChange {
	return store.RepChange{Name: name, PublicName: r.PublicName, Email: r.Email, Role: r.Role, Permissions: r.Permissions, Teams: r.Teams,
		Locale: r.Locale, TimeZone: r.TimeZone, Disabled: r.Disabled}
}

type createRepInput struct {
	Body struct {
		Username string `json:"username" example:"ana" doc:"The log-in name, which never changes: 1 to 64 of a-z, 0-9, dot, hyphen and underscore"`
		Password string `json:"password,omitempty" minLength:"8" maxLength:"200" format:"password" doc:"The first password; left out: nobody can log in until one is set"`
		Name     string `json:"name" example:"Ana Ruiz" doc:"The private display name, which colleagues see"`
		RepSettings
	}
}

func (s *Server) createRep(ctx context.Context, in *createRepInput) (*Created[desk.Rep], error) {
	r, err := s.cfg.Store.CreateRep(ctx, callerFrom(ctx), in.Body.Username, in.Body.Password, in.Body.change(&in.Body.Name))
	if err != nil {
		return nil, err
	}
	return created("/v1/reps/"+r.ID, r.Rev, r), nil
}

func repObject(r desk.Rep, err error) (*Object[desk.Rep], error) {
	if err != nil {
		return nil, err
	}
	return object(r.Rev, r), nil
}

func (s *Server) getRep(ctx context.Context, in *RepPath) (*Object[desk.Rep], error) {
	return repObject(s.cfg.Store.Rep(ctx, callerFrom(ctx), in.RepID))
}

type updateRepInput struct {
	RepPath
	IfMatch
	Body struct {
		Name                 *string `json:"name,omitempty" example:"Ana Ruiz" doc:"The private display name, which colleagues see"`
		ExtendedAvailability *bool   `json:"extended_availability,omitempty" doc:"Whether the rep may be invited by email while not logged in; needs the permission and an email address"`
		RepSettings
	}
}

func (s *Server) updateRep(ctx context.Context, in *updateRepInput) (*Object[desk.Rep], error) {
	change := in.Body.change(in.Body.Name)
	change.ExtendedAvailability = in.Body.ExtendedAvailability
	return repObject(s.cfg.Store.UpdateRep(ctx, callerFrom(ctx), in.RepID, change, in.IfMatch.check))
}

type deleteRepInput struct {
	RepPath
	IfMatch
}

func (s *Server) deleteRep(ctx context.Context, in *deleteRepInput) (*struct{}, error) {
	return nil, s.cfg.Store.DeleteRep(ctx, callerFrom(ctx), in.RepID, in.IfMatch.check)
}

type setRepPasswordInput struct {
	RepPath
	Body struct {
		NewPassword string `json:"new_password" minLength:"8" maxLength:"200" format:"password" doc:"The password as it is to be"`
	}
}

func (s *Server) setRepPassword(ctx context.Context, in *setRepPasswordInput) (*struct{}, error) {
	return nil, s.cfg.Store.SetRepPassword(ctx, callerFrom(ctx), in.RepID, in.Body.NewPassword)
}

func (s *Server) listRepConsoles(ctx context.Context, in *RepPath) (*Listed[desk.Console], error) {
	consoles, err := s.cfg.Store.RepConsoles(ctx, callerFrom(ctx), in.RepID)
	if err != nil {
		return nil, err
	}
	return listed(consoles, ""), nil
}

type revokeConsoleInput struct {
	RepPath
	ConsoleID string `path:"console_id" maxLength:"100" doc:"The console"`
	Force     bool   `query:"force" doc:"Revoke it even where active sessions of the rep are left without a console"`
}

func (s *Server) revokeConsole(ctx context.Context, in *revokeConsoleInput) (*struct{}, error) {
	return nil, s.cfg.Store.RevokeConsole(ctx, callerFrom(ctx), in.RepID, in.ConsoleID, in.Force)
}
