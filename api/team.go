package api

import (
	"context"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// TeamPath is embedded in the input of operations on one team.
type TeamPath struct {
	TeamID string `path:"team_id" maxLength:"100" example:"@printers" doc:"The team"`
}

func (s *Server) listTeams(ctx context.Context, in *Page) (*Listed[desk.Team], error) {
	return paged(*in, func(t desk.Team) string { return t.ID }, func(after string, limit int) ([]desk.Team, error) {
		return s.cfg.Store.Teams(ctx, callerFrom(ctx), after, limit)
	}, "teams")
}

func teamObject(t desk.Team, err error) (*Object[desk.Team], error) {
	if err != nil {
		return nil, err
	}
	return object(t.Rev, t), nil
}

func (s *Server) getTeam(ctx context.Context, in *TeamPath) (*Object[desk.Team], error) {
	return teamObject(s.cfg.Store.Team(ctx, callerFrom(ctx), in.TeamID))
}

// TeamSettings are what administrators set of a team.
type TeamSettings struct {
	Embassy     *bool    `json:"embassy,omitempty" doc:"Whether it is a team of outside reps"`
	Persistent  *bool    `json:"persistent,omitempty" doc:"Whether its queue keeps sessions with no rep logged in"`
	Supervision *bool    `json:"supervision,omitempty" doc:"Whether its leads and managers may join, transfer and take over sessions of lower roles; they may, where it is left out of a new team"`
	Waiting     *Waiting `json:"waiting,omitempty" doc:"What happens to a session that waits too long"`
	Disabled    *bool    `json:"disabled,omitempty" doc:"Whether it is out of use; sessions that wait in its queue then move on"`
}

// Waiting is a team's waiting rule, as it is set.
type Waiting struct {
	AfterSeconds   int                `json:"after_seconds" example:"300" doc:"How long a session may wait; 0 takes the rule away"`
	Action         desk.WaitingAction `json:"action,omitempty" enum:"overdue,overflow" doc:"Alert the team, or move the session"`
	OverflowTeamID string             `json:"overflow_team_id,omitempty" maxLength:"100" example:"@network" doc:"With overflow: where it moves"`
}

func (t TeamSettings) change(name *string) store.TeamChange {
	ch := store.TeamChange{Name: name, Embassy: t.Embassy, Persistent: t.Persistent, Supervision: t.Supervision, Disabled: t.Disabled}
	if t.Waiting != nil {
		ch.Waiting = &desk.WaitingRule{AfterSeconds: t.Waiting.AfterSeconds, Action: t.Waiting.Action, OverflowTeam: t.Waiting.OverflowTeamID}
	}
	return ch
}

type createTeamInput struct {
	Body struct {
		Slug string `json:"slug" example:"printers" doc:"Unique name, which never changes: 1 to 64 of a-z, 0-9, dot, hyphen and underscore"`
		Name string `json:"name" example:"Printers" doc:"What people call it"`
		TeamSettings
	}
}

func (s *Server) createTeam(ctx context.Context, in *createTeamInput) (*Created[desk.Team], error) {
	t, err := s.cfg.Store.CreateTeam(ctx, callerFrom(ctx), in.Body.Slug, in.Body.change(&in.Body.Name))
	if err != nil {
		return nil, err
	}
	return created("/v1/teams/"+t.ID, t.Rev, t), nil
}

type updateTeamInput struct {
	TeamPath
	IfMatch
	Body struct {
		Name *string `json:"name,omitempty" example:"Printers" doc:"What people call it"`
		TeamSettings
	}
}

func (s *Server) updateTeam(ctx context.Context, in *updateTeamInput) (*Object[desk.Team], error) {
	return teamObject(s.cfg.Store.UpdateTeam(ctx, callerFrom(ctx), in.TeamID, in.Body.change(in.Body.Name), in.IfMatch.check))
}

type deleteTeamInput struct {
	TeamPath
	IfMatch
}

func (s *Server) deleteTeam(ctx context.Context, in *deleteTeamInput) (*struct{}, error) {
	return nil, s.cfg.Store.DeleteTeam(ctx, callerFrom(ctx), in.TeamID, in.IfMatch.check)
}

type listTeamMembersInput struct {
	TeamPath
	Page
}

func (s *Server) listTeamMembers(ctx context.Context, in *listTeamMembersInput) (*Listed[desk.Member], error) {
	return paged(in.Page, func(m desk.Member) string { return m.Rep.ID }, func(after string, limit int) ([]desk.Member, error) {
		return s.cfg.Store.TeamMembers(ctx, callerFrom(ctx), in.TeamID, after, limit)
	}, "members", in.TeamID)
}

type setTeamMemberInput struct {
	TeamPath
	RepPath
	Body struct {
		Role desk.TeamRole `json:"role" enum:"member,lead,manager" doc:"The rep's role in the team"`
	}
}

func (s *Server) setTeamMember(ctx context.Context, in *setTeamMemberInput) (*Plain[desk.Member], error) {
	m, err := s.cfg.Store.SetTeamMember(ctx, callerFrom(ctx), in.TeamID, in.RepID, in.Body.Role)
	if err != nil {
		return nil, err
	}
	return &Plain[desk.Member]{m}, nil
}

type removeTeamMemberInput struct {
	TeamPath
	RepPath
}

func (s *Server) removeTeamMember(ctx context.Context, in *removeTeamMemberInput) (*struct{}, error) {
	return nil, s.cfg.Store.RemoveTeamMember(ctx, callerFrom(ctx), in.TeamID, in.RepID)
}
