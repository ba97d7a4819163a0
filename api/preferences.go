package api

import (
	"context"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

func preferencesObject(p desk.Preferences, err error) (*Object[desk.Preferences], error) {
	if err != nil {
		return nil, err
	}
	return object(p.Rev, p), nil
}

func (s *Server) getPreferences(ctx context.Context, _ *struct{}) (*Object[desk.Preferences], error) {
	return preferencesObject(s.cfg.Store.Preferences(ctx, callerFrom(ctx)))
}

type updatePreferencesInput struct {
	IfMatch
	Body struct {
		QueueColumns []string `json:"queue_columns,omitempty" enum:"waiting,customer,company,details,issue,priority,language,came_by,place" uniqueItems:"true" doc:"The columns to show, in their order; empty: as the client likes"`
		QueueSort    *string  `json:"queue_sort,omitempty" enum:"waiting,customer,company,issue,priority,language" doc:"What queues are sorted by"`
		QueueOrder   *string  `json:"queue_order,omitempty" enum:"asc,desc" doc:"In which order"`
	}
}

func (s *Server) updatePreferences(ctx context.Context, in *updatePreferencesInput) (*Object[desk.Preferences], error) {
	change := store.PreferencesChange{QueueColumns: in.Body.QueueColumns, QueueSort: in.Body.QueueSort, QueueOrder: in.Body.QueueOrder}
	return preferencesObject(s.cfg.Store.UpdatePreferences(ctx, callerFrom(ctx), change, in.IfMatch.check))
}
