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

// DeliveryPath is embedded in the input of operations on one delivery.
type DeliveryPath struct {
	DeliveryID string `path:"delivery_id" maxLength:"100" doc:"The delivery; of a push, its delivery_id"`
}

type getDeliveryInput struct{ DeliveryPath }

func (s *Server) getDelivery(ctx context.Context, in *getDeliveryInput) (*Object[desk.Delivery], error) {
	d, err := s.cfg.Store.Delivery(ctx, callerFrom(ctx), in.DeliveryID)
	if err != nil {
		return nil, err
	}
	return object(d.Rev, d), nil
}

type ackDeliveryInput struct {
	DeliveryPath
	Body struct {
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
