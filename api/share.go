package api

import (
	"context"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

type shareInput struct {
	SessionPath
	Page
	For      string `query:"for" enum:"invite,transfer" default:"invite" doc:"Who can be invited, or who can be given the session"`
	Query    string `query:"q" maxLength:"200" doc:"Part of a rep's name: finds reps anywhere within reach"`
	TeamID   string `query:"team_id" maxLength:"100" doc:"The reps of this team"`
	PortalID string `query:"portal_id" maxLength:"100" doc:"The reps logged in under this portal"`
}

func (s *Server) getShareOptions(ctx context.Context, in *shareInput) (*Content[desk.ShareOptions], error) {
	given := 0
	for _, text := range []string{in.Query, in.TeamID, in.PortalID} {
		if text != "" {
			given++
		}
	}
	if given > 1 {
		return nil, desk.Refuse(desk.OneTargetNeeded, "Give at most one of q, team_id and portal_id.")
	}
	scope := scopeOf("share", in.For, in.SessionID, in.Query, in.TeamID, in.PortalID)
	after, err := openCursor(in.Cursor, scope)
	if err != nil {
		return nil, err
	}
	query := store.ShareQuery{Transfer: in.For == "transfer", Text: in.Query, TeamID: in.TeamID, PortalID: in.PortalID, After: after, Limit: in.Limit}
	options, err := s.cfg.Store.ShareOptions(ctx, callerFrom(ctx), in.SessionID, query)
	if err != nil {
		return nil, err
	}
	if options.Next != "" {
		options.Next = position{After: options.Next, Scope: scope}.cursor()
	}
	return content(options)
}
