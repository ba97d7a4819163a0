package api

import (
	"context"

	"github.com/repdesk/repdesk/store/desk"
)

type importInput struct {
	DryRun  bool   `query:"dry_run" doc:"Say what would change, and change nothing"`
	RawBody []byte `contentType:"application/yaml"`
}

func (s *Server) importOrganization(ctx context.Context, in *importInput) (*Plain[desk.ImportReport], error) {
	report, err := s.cfg.Store.ImportOrganization(ctx, callerFrom(ctx), in.RawBody, in.DryRun)
	if err != nil {
		return nil, err
	}
	return &Plain[desk.ImportReport]{report}, nil
}

func (s *Server) exportOrganization(ctx context.Context, _ *struct{}) (*Plain[desk.Organization], error) {
	organization, err := s.cfg.Store.ExportOrganization(ctx, callerFrom(ctx))
	if err != nil {
		return nil, err
	}
	return &Plain[desk.Organization]{organization}, nil
}
