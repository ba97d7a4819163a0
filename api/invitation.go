package api

import (
	"context"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// InvitationPath is embedded in the input of operations on one invitation.
type InvitationPath struct {
	InvitationID string `path:"invitation_id" maxLength:"100" doc:"The invitation"`
}

// Terms are what every way to invite takes.
type Terms struct {
	Comment string `json:"comment,omitempty" maxLength:"500" example:"Please look at the tray with me" doc:"What the invited see, and customers never do"`
	Access  string `json:"access,omitempty" enum:"view,control" doc:"What the rep may do on the shared screen; left out, it is the ceiling of the session's portal"`
	Masked  bool   `json:"masked,omitempty" doc:"Whether the rep joins hidden from the customer"`
}

type inviteInput struct {
	SessionPath
	Body struct {
		RepID      string `json:"rep_id,omitempty" maxLength:"100" example:"@ben" doc:"The rep to invite"`
		TeamID     string `json:"team_id,omitempty" maxLength:"100" example:"@printers" doc:"The team of which any one representative is invited"`
		PortalID   string `json:"portal_id,omitempty" maxLength:"100" example:"@main" doc:"The portal under which any one rep who is logged in is invited"`
		SubPortals bool   `json:"include_sub_portals,omitempty" doc:"With portal_id: whether the portals below it are meant too"`
		Terms
	}
}

func (s *Server) invite(ctx context.Context, in *inviteInput) (*Created[desk.Invitation], error) {
	return s.newInvitation(ctx, in.SessionID, in.Body.Terms, store.NewInvitation{RepID: in.Body.RepID, TeamID: in.Body.TeamID,
		PortalID: in.Body.PortalID, SubPortals: in.Body.SubPortals})
}

type helpRequestInput struct {
	SessionPath
	Body struct {
		IssueID string `json:"issue_id" minLength:"1" maxLength:"100" example:"@vpn" doc:"The issue that help is asked for"`
		Terms
	}
}

func (s *Server) requestHelp(ctx context.Context, in *helpRequestInput) (*Created[desk.Invitation], error) {
	return s.newInvitation(ctx, in.SessionID, in.Body.Terms, store.NewInvitation{IssueID: in.Body.IssueID})
}

func (s *Server) newInvitation(ctx context.Context, sessionID string, terms Terms, n store.NewInvitation) (*Created[desk.Invitation], error) {
	n.Comment, n.Access, n.Masked = terms.Comment, desk.Access(terms.Access), terms.Masked
	inv, err := s.cfg.Store.Invite(ctx, callerFrom(ctx), sessionID, n)
	if err != nil {
		return nil, err
	}
	return created("/v1/invitations/"+inv.ID, inv.Rev, inv), nil
}

type listInvitationsInput struct {
	SessionPath
	Page
}

func invitationID(i desk.Invitation) string { return i.ID }

func (s *Server) listInvitations(ctx context.Context, in *listInvitationsInput) (*Listed[desk.Invitation], error) {
	return paged(in.Page, invitationID, func(after string, limit int) ([]desk.Invitation, error) {
		return s.cfg.Store.SessionInvitations(ctx, callerFrom(ctx), in.SessionID, after, limit)
	}, "invitations", in.SessionID)
}

func (s *Server) listMyInvitations(ctx context.Context, in *Page) (*Listed[desk.Invitation], error) {
	return paged(*in, invitationID, func(after string, limit int) ([]desk.Invitation, error) {
		return s.cfg.Store.MyInvitations(ctx, callerFrom(ctx), after, limit)
	}, "my invitations")
}

func (s *Server) getInvitation(ctx context.Context, in *InvitationPath) (*Object[desk.Invitation], error) {
	return invitationObject(s.cfg.Store.Invitation(ctx, callerFrom(ctx), in.InvitationID))
}

func invitationObject(inv desk.Invitation, err error) (*Object[desk.Invitation], error) {
	if err != nil {
		return nil, err
	}
	return object(inv.Rev, inv), nil
}

func (s *Server) cancelInvitation(ctx context.Context, in *InvitationPath) (*Object[desk.Invitation], error) {
	return invitationObject(s.cfg.Store.CancelInvitation(ctx, callerFrom(ctx), in.InvitationID))
}

func (s *Server) remindInvitation(ctx context.Context, in *InvitationPath) (*Object[desk.Invitation], error) {
	return invitationObject(s.cfg.Store.RemindInvitation(ctx, callerFrom(ctx), in.InvitationID))
}

func (s *Server) declineInvitation(ctx context.Context, in *InvitationPath) (*Object[desk.Invitation], error) {
	return invitationObject(s.cfg.Store.DeclineInvitation(ctx, callerFrom(ctx), in.InvitationID))
}

func (s *Server) acceptInvitation(ctx context.Context, in *InvitationPath) (*Plain[store.Accepted], error) {
	accepted, err := s.cfg.Store.AcceptInvitation(ctx, callerFrom(ctx), in.InvitationID)
	if err != nil {
		return nil, err
	}
	return &Plain[store.Accepted]{accepted}, nil
}
