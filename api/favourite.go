package api

import "context"

func (s *Server) setFavourite(ctx context.Context, in *QueuePath) (*struct{}, error) {
	return nil, s.cfg.Store.SetFavourite(ctx, callerFrom(ctx), in.QueueID, true)
}

func (s *Server) unsetFavourite(ctx context.Context, in *QueuePath) (*struct{}, error) {
	return nil, s.cfg.Store.SetFavourite(ctx, callerFrom(ctx), in.QueueID, false)
}
