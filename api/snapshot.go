package api

import (
	"context"

	"github.com/repdesk/repdesk/store/desk"
)

func (s *Server) getSnapshot(ctx context.Context, _ *struct{}) (*Plain[desk.Snapshot], error) {
	snapshot, err := s.cfg.Store.Snapshot(ctx, callerFrom(ctx))
	if err != nil {
		return nil, err
	}
	return &Plain[desk.Snapshot]{snapshot}, nil
}
