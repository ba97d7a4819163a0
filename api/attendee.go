package api

import (
	"context"

	"github.com/repdesk/repdesk/store/desk"
)

func (s *Server) listAttendees(ctx context.Context, in *SessionPath) (*Listed[desk.Attendee], error) {
	attendees, err := s.cfg.Store.Attendees(ctx, callerFrom(ctx), in.SessionID)
	if err != nil {
		return nil, err
	}
	return listed(attendees, ""), nil
}

// AttendeePath is embedded in the input of operations on one attendee.
type AttendeePath struct {
	SessionPath
	AttendeeID string `path:"attendee_id" maxLength:"100" doc:"The attendee"`
}

type updateAttendeeInput struct {
	AttendeePath
	IfMatch
	Body struct {
		Access *string `json:"access,omitempty" enum:"view,control" doc:"What they may do on the shared screen, up to the ceiling of the session's portal"`
		Masked *bool   `json:"masked,omitempty" doc:"Whether a rep is hidden from the customer: unmasking announces them, masking says that they left"`
	}
}

func (s *Server) updateAttendee(ctx context.Context, in *updateAttendeeInput) (*Object[desk.Attendee], error) {
	change := desk.AttendeeChange{Access: (*desk.Access)(in.Body.Access), Masked: in.Body.Masked}
	a, err := s.cfg.Store.UpdateAttendee(ctx, callerFrom(ctx), in.SessionID, in.AttendeeID, change, in.IfMatch.check)
	if err != nil {
		return nil, err
	}
	return object(a.Rev, a), nil
}

func (s *Server) removeAttendee(ctx context.Context, in *AttendeePath) (*struct{}, error) {
	return nil, s.cfg.Store.RemoveAttendee(ctx, callerFrom(ctx), in.SessionID, in.AttendeeID)
}
