package api

import (
	"context"

	"github.com/repdesk/repdesk/store/desk"
)

type listDeliveriesInput struct {
	InvitationPath
	Page
}

func (s *Server) listDeliveries(ctx context.Context, in *listDeliveriesInput) (*Listed[desk.Delivery], error) {
	return paged(in.Page, func(d desk.Delivery) string { return d.ID }, func(after string, limit int) ([]desk.Delivery, error) {
		return s.cfg.Store.Deliveries(ctx, callerFrom(ctx), in.InvitationID, after, limit)
	}, "deliveries", in.InvitationID)
}

type ackDeliveryInput struct {
	DeliveryID string `path:"delivery_id" maxLength:"100" doc:"The delivery_id of the push"`
	Body       struct {
		State string `json:"state" enum:"received,opened" doc:"What the device reports"`
	}
}

func (s *Server) ackDelivery(ctx context.Context, in *ackDeliveryInput) (*Object[desk.Delivery], error) {
	d, err := s.cfg.Store.AckDelivery(ctx, callerFrom(ctx), in.DeliveryID, desk.DeliveryState(in.Body.State))
	if err != nil {
		return nil, err
	}
	return object(d.Rev, d), nil
}
