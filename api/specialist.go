package api

import (
	"context"

	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

type inviteSpecialistsInput struct {
	SessionPath
	Body *struct {
		Access   string   `json:"access,omitempty" enum:"view,control" doc:"What a specialist may do on the shared screen; left out, it is the ceiling of the session's portal"`
		Joins    int      `json:"joins,omitempty" minimum:"1" maximum:"5" default:"5" doc:"How many people may join by it"`
		Emails   []string `json:"emails,omitempty" maxItems:"10" doc:"Addresses to which the server sends it"`
		Comment  string   `json:"comment,omitempty" maxLength:"500" example:"You know this printer best" doc:"What the specialists are told"`
		Language string   `json:"language,omitempty" maxLength:"35" example:"de" doc:"The BCP 47 language of the email; left out, it is the inviter's"`
	} `required:"false"`
}

func (s *Server) inviteSpecialists(ctx context.Context, in *inviteSpecialistsInput) (*Created[desk.SpecialistInvitation], error) {
	terms := desk.SpecialistTerms{}
	if b := in.Body; b != nil {
		terms = desk.SpecialistTerms{Access: desk.Access(b.Access), Joins: b.Joins, Emails: b.Emails, Comment: b.Comment, Language: b.Language}
	}
	offer, err := s.cfg.Store.InviteSpecialists(ctx, callerFrom(ctx), in.SessionID, terms)
	if err != nil {
		return nil, err
	}
	return created("/v1/sessions/"+offer.SessionID+"/specialist-invitations", offer.Rev, s.ready(offer)), nil
}

type listSpecialistsInput struct {
	SessionPath
	Page
}

func (s *Server) listSpecialistInvitations(ctx context.Context, in *listSpecialistsInput) (*Listed[desk.SpecialistInvitation], error) {
	return paged(in.Page, func(i desk.SpecialistInvitation) string { return i.ID }, func(after string, limit int) ([]desk.SpecialistInvitation, error) {
		offers, err := s.cfg.Store.SpecialistInvitations(ctx, callerFrom(ctx), in.SessionID, after, limit)
		all := []desk.SpecialistInvitation{}
		for _, offer := range offers {
			all = append(all, s.ready(offer))
		}
		return all, err
	}, "specialist invitations", in.SessionID)
}

// SpecialistPath is embedded in the input of operations on one specialist invitation.
type SpecialistPath struct {
	SpecialistInvitationID string `path:"specialist_invitation_id" maxLength:"100" doc:"The specialist invitation"`
}

type cancelSpecialistInvitationInput struct {
	SpecialistPath
	Body *struct {
		RemoveJoined bool `json:"remove_joined,omitempty" doc:"Whether those who came by it are put out too"`
	} `required:"false"`
}

func (s *Server) cancelSpecialistInvitation(ctx context.Context, in *cancelSpecialistInvitationInput) (*Object[desk.SpecialistInvitation], error) {
	remove := in.Body != nil && in.Body.RemoveJoined
	return s.specialistObject(s.cfg.Store.CancelSpecialistInvitation(ctx, callerFrom(ctx), in.SpecialistInvitationID, remove))
}

type emailSpecialistInvitationInput struct {
	SpecialistPath
	Body struct {
		Emails []string `json:"emails" minItems:"1" maxItems:"10" doc:"Addresses to which the server sends it, again where it was sent before"`
	}
}

func (s *Server) emailSpecialistInvitation(ctx context.Context, in *emailSpecialistInvitationInput) (*Object[desk.SpecialistInvitation], error) {
	return s.specialistObject(s.cfg.Store.EmailSpecialists(ctx, callerFrom(ctx), in.SpecialistInvitationID, in.Body.Emails))
}

func (s *Server) specialistObject(offer store.SpecialistOffer, err error) (*Object[desk.SpecialistInvitation], error) {
	if err != nil {
		return nil, err
	}
	return object(offer.Rev, s.ready(offer)), nil
}

type specialistDeliveriesInput struct {
	SpecialistPath
	Page
}

func (s *Server) listSpecialistDeliveries(ctx context.Context, in *specialistDeliveriesInput) (*Listed[desk.Delivery], error) {
	return paged(in.Page, func(d desk.Delivery) string { return d.ID }, func(after string, limit int) ([]desk.Delivery, error) {
		return s.cfg.Store.SpecialistDeliveries(ctx, callerFrom(ctx), in.SpecialistInvitationID, after, limit)
	}, "specialist deliveries", in.SpecialistInvitationID)
}

// ready is an invitation as its owner gets it: with the whole address of its link, and an email to send by themselves (F2).
func (s *Server) ready(offer store.SpecialistOffer) desk.SpecialistInvitation {
	i := offer.SpecialistInvitation
	if i.Active() {
		i.JoinURL = s.cfg.PublicURL + i.JoinURL
		subject, text := texts.For(i.Language).SpecialistMail(offer.Mail(), i.JoinURL)
		i.Email = &desk.SpecialistEmail{Subject: subject, Text: text}
	}
	return i
}

// JoinKey is what lets a specialist in.
type JoinKey struct {
	Code      string `json:"code,omitempty" maxLength:"100" example:"482 913 057" doc:"A code that a rep gave the specialist, with spaces and hyphens as they like"`
	LinkToken string `json:"link_token,omitempty" maxLength:"200" doc:"The last part of the link's address"`
}

// ComesBack is embedded in the input of public operations that know by their token who was there before.
type ComesBack struct {
	Authorization string `header:"Authorization" maxLength:"500" hidden:"true"`
}

// key is what the body says, with the token of who comes back.
func (c ComesBack) key(k JoinKey) store.SpecialistKey {
	return store.SpecialistKey{Code: k.Code, Link: k.LinkToken, Token: bearerToken(c.Authorization)}
}

type lookUpInput struct {
	ComesBack
	Body JoinKey
}

func (s *Server) lookUpCode(ctx context.Context, in *lookUpInput) (out *Plain[store.SpecialistDoor], err error) {
	key := in.key(in.Body)
	err = s.trySpecialist(ctx, key, func() error {
		door, err := s.cfg.Store.LookUpSpecialist(ctx, key)
		out = &Plain[store.SpecialistDoor]{door}
		return err
	})
	return out, err
}

type joinAsSpecialistInput struct {
	ComesBack
	Body struct {
		JoinKey
		Name string `json:"name" minLength:"1" maxLength:"200" example:"Mia Chen" doc:"What the others see"`
	}
}

func (s *Server) joinAsSpecialist(ctx context.Context, in *joinAsSpecialistInput) (*Came, error) {
	key := in.key(in.Body.JoinKey)
	var entered store.Entered
	err := s.trySpecialist(ctx, key, func() (err error) {
		entered, err = s.cfg.Store.JoinAsSpecialist(ctx, key, in.Body.Name)
		return err
	})
	return came(entered, err)
}

// trySpecialist has a code tried, which the attempts count where it is wrong (E6). A link is signed: nobody guesses one, and
// whoever guesses codes holds nobody up who has one.
func (s *Server) trySpecialist(ctx context.Context, key store.SpecialistKey, let func() error) error {
	if key.Code == "" {
		return let()
	}
	return s.attempts.try(ctx, exchangeFrom(ctx).address, "specialist_code", let)
}
