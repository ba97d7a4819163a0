package api

import (
	"context"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// IssuePath is embedded in the input of operations on one issue.
type IssuePath struct {
	IssueID string `path:"issue_id" maxLength:"100" example:"@paper-jam" doc:"The issue"`
}

func (s *Server) listIssues(ctx context.Context, in *Page) (*Listed[desk.Issue], error) {
	return paged(*in, func(i desk.Issue) string { return i.ID }, func(after string, limit int) ([]desk.Issue, error) {
		return s.cfg.Store.Issues(ctx, callerFrom(ctx), after, limit)
	}, "issues")
}

func issueObject(i desk.Issue, err error) (*Object[desk.Issue], error) {
	if err != nil {
		return nil, err
	}
	return object(i.Rev, i), nil
}

func (s *Server) getIssue(ctx context.Context, in *IssuePath) (*Object[desk.Issue], error) {
	return issueObject(s.cfg.Store.Issue(ctx, callerFrom(ctx), in.IssueID))
}

// IssueSettings are what administrators set of an issue.
type IssueSettings struct {
	RequestHelp *bool     `json:"request_help,omitempty" doc:"Whether reps may ask the team for help on it"`
	HelpTeamIDs *[]string `json:"help_team_ids,omitempty" maxItems:"1000" doc:"The teams whose reps may ask; empty: all"`
	PortalIDs   *[]string `json:"portal_ids,omitempty" maxItems:"1000" doc:"The portals on whose public page, and of those below, customers can choose it; empty: all"`
	Disabled    *bool     `json:"disabled,omitempty" doc:"Whether it is out of use"`
}

func (i IssueSettings) change(title, teamID *string) store.IssueChange {
	return store.IssueChange{Title: title, TeamID: teamID, RequestHelp: i.RequestHelp, HelpTeamIDs: i.HelpTeamIDs, PortalIDs: i.PortalIDs, Disabled: i.Disabled}
}

type createIssueInput struct {
	Body struct {
		Slug   string `json:"slug" example:"paper-jam" doc:"Unique name, which never changes: 1 to 64 of a-z, 0-9, dot, hyphen and underscore"`
		Title  string `json:"title" example:"Paper jam" doc:"What people call it"`
		TeamID string `json:"team_id" minLength:"1" maxLength:"100" example:"@printers" doc:"The team that owns it"`
		IssueSettings
	}
}

func (s *Server) createIssue(ctx context.Context, in *createIssueInput) (*Created[desk.Issue], error) {
	i, err := s.cfg.Store.CreateIssue(ctx, callerFrom(ctx), in.Body.Slug, in.Body.change(&in.Body.Title, &in.Body.TeamID))
	if err != nil {
		return nil, err
	}
	return created("/v1/issues/"+i.ID, i.Rev, i), nil
}

type updateIssueInput struct {
	IssuePath
	IfMatch
	Body struct {
		Title  *string `json:"title,omitempty" example:"Paper jam" doc:"What people call it"`
		TeamID *string `json:"team_id,omitempty" minLength:"1" maxLength:"100" example:"@printers" doc:"The team that owns it"`
		IssueSettings
	}
}

func (s *Server) updateIssue(ctx context.Context, in *updateIssueInput) (*Object[desk.Issue], error) {
	return issueObject(s.cfg.Store.UpdateIssue(ctx, callerFrom(ctx), in.IssueID, in.Body.change(in.Body.Title, in.Body.TeamID), in.IfMatch.check))
}

type deleteIssueInput struct {
	IssuePath
	IfMatch
}

func (s *Server) deleteIssue(ctx context.Context, in *deleteIssueInput) (*struct{}, error) {
	return nil, s.cfg.Store.DeleteIssue(ctx, callerFrom(ctx), in.IssueID, in.IfMatch.check)
}
