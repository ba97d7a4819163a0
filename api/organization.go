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
	c := callerFrom(ctx)
	if !c.IsAdministrator() {
		return nil, desk.Refuse(desk.NotAllowed, "Only administrators load an organisation.")
	}
	report, err := s.cfg.Store.ImportOrganization(ctx, c.Ref(), in.RawBody, in.DryRun)
	if err != nil {
		return nil, err
	}
	return &Plain[desk.ImportReport]{report}, nil
}

func (s *Server) exportOrganization(ctx context.Context, _ *struct{}) (*Plain[desk.Organization], error) {
	if !callerFrom(ctx).IsAdministrator() {
		return nil, desk.Refuse(desk.NotAllowed, "Only administrators read the organisation.")
	}
	organization, err := s.cfg.Store.ExportOrganization(ctx)
	if err != nil {
		return nil, err
	}
	return &Plain[desk.Organization]{organization}, nil
}
