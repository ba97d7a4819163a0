package api

import "context"

// QueuePath is embedded in the input of operations on one queue.
type QueuePath struct {
	QueueID string `path:"queue_id" maxLength:"100" doc:"The queue: personal, or a team's id or @ and its name"`
}

func (s *Server) setFavourite(ctx context.Context, in *QueuePath) (*struct{}, error) {
	return nil, s.cfg.Store.SetFavourite(ctx, callerFrom(ctx), in.QueueID, true)
}

func (s *Server) unsetFavourite(ctx context.Context, in *QueuePath) (*struct{}, error) {
	return nil, s.cfg.Store.SetFavourite(ctx, callerFrom(ctx), in.QueueID, false)
}
