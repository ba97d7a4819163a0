package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// leaveAsGuest is the one operation of a guest's that is no sign of their being there.
const leaveAsGuest = "leave-as-guest"

func (s *Server) getGuestSession(ctx context.Context, _ *GuestSession) (*Content[desk.Session], error) {
	return guestSession(s.cfg.Store.GuestSession(ctx, guestFrom(ctx)))
}

// guestSession is a session as its guest sees it. Its ETag is made of what it says: the revision does not move with the place in
// line.
func guestSession(session desk.Session, err error) (*Content[desk.Session], error) {
	if err != nil {
		return nil, err
	}
	return content(session)
}

type updateGuestSessionInput struct {
	GuestSession
	Body struct {
		PageURL   *string `json:"page_url,omitempty" maxLength:"2000" example:"https://shop.example.com/checkout" doc:"The page's address, http or https; \"\" for none"`
		PageTitle *string `json:"page_title,omitempty" maxLength:"500" example:"Checkout" doc:"The page's title; \"\" for none"`
	}
}

func (s *Server) updateGuestSession(ctx context.Context, in *updateGuestSessionInput) (*Content[desk.Session], error) {
	return guestSession(s.cfg.Store.UpdateGuestSession(ctx, guestFrom(ctx), store.PageChange{URL: in.Body.PageURL, Title: in.Body.PageTitle}))
}

func (s *Server) listGuestAttendees(ctx context.Context, _ *GuestSession) (*Listed[desk.Attendee], error) {
	attendees, err := s.cfg.Store.GuestAttendees(ctx, guestFrom(ctx))
	if err != nil {
		return nil, err
	}
	return listed(attendees, ""), nil
}

type guestMessagesInput struct {
	GuestSession
	Messages
}

func (s *Server) listGuestMessages(ctx context.Context, in *guestMessagesInput) (*Listed[desk.Message], error) {
	return pageOf(in.Messages, "guest", messageID, func(q store.MessageQuery) ([]desk.Message, error) {
		return s.cfg.Store.GuestMessages(ctx, guestFrom(ctx), q)
	})
}

type postGuestMessageInput struct {
	GuestSession
	Body struct {
		Text      string `json:"text" minLength:"1" maxLength:"4000" example:"It still blinks" doc:"What it says; everyone in the session reads it"`
		ClientRef string `json:"client_ref,omitempty" maxLength:"200" doc:"The client's own reference: the same again is the same message"`
	}
}

func (s *Server) postGuestMessage(ctx context.Context, in *postGuestMessageInput) (*Posted[desk.Message], error) {
	m, err := s.cfg.Store.PostGuestMessage(ctx, guestFrom(ctx), store.NewMessage{Text: in.Body.Text, ClientRef: in.Body.ClientRef})
	return posted("/v1/guest/messages", m, err)
}

type giveConsentInput struct {
	GuestSession
	Body struct {
		AttendeeID string `json:"attendee_id" minLength:"1" maxLength:"100" doc:"Who wants onto the screen"`
		Granted    bool   `json:"granted" doc:"Whether the customer agrees"`
	}
}

func (s *Server) giveConsent(ctx context.Context, in *giveConsentInput) (*Object[desk.Attendee], error) {
	a, err := s.cfg.Store.GiveConsent(ctx, guestFrom(ctx), in.Body.AttendeeID, in.Body.Granted)
	if err != nil {
		return nil, err
	}
	return object(a.Rev, a), nil
}

func (s *Server) getGuestGrant(ctx context.Context, _ *GuestSession) (*Plain[desk.Grant], error) {
	return plainGrant(s.cfg.Store.GuestGrant(ctx, guestFrom(ctx), s.grantIssuer()))
}

func (s *Server) leaveAsGuest(ctx context.Context, _ *GuestSession) (*Content[desk.Session], error) {
	return guestSession(s.cfg.Store.LeaveAsGuest(ctx, guestFrom(ctx)))
}

type guestStreamInput struct {
	GuestSession
	StreamPosition
}

// streamGuestEvents follows the guest's session. A guest may have several streams: the same page in several tabs.
func (s *Server) streamGuestEvents(ctx context.Context, in *guestStreamInput) (*huma.StreamResponse, error) {
	g := guestFrom(ctx)
	return s.openStream(ctx, &in.StreamPosition, &stream{key: g.AttendeeID, most: guestStreams, touch: func() bool { return true }, gone: func() {}, passes: s.placeTeller(g), ends: func(event desk.Event) (StreamClosing, bool) { return guestStreamEnds(g, event) }})
}

// placeTeller tells a guest who waits of their place in line, each time that it or the estimated wait is another than they
// were told last (D12). What cannot be read now is told the next time.
func (s *Server) placeTeller(g desk.Guest) func(context.Context, *stream) error {
	told := desk.Wait{}
	return func(ctx context.Context, b *stream) error {
		wait, err := s.cfg.Store.GuestWait(ctx, g)
		if err != nil || wait == told {
			return nil
		}
		if wait.Place > 0 {
			session, err := s.cfg.Store.GuestSession(ctx, g)
			if err != nil || session.Place == 0 {
				return nil
			}
			if err := b.place(desk.Event{Type: desk.EventPlaceChanged, At: s.cfg.Now().UTC().Truncate(time.Second), SessionID: session.ID, Session: &session}); err != nil {
				return err
			}
			wait = desk.Wait{Place: session.Place} // by now it may be another than was looked at
			if wait.Known = session.WaitSeconds != nil; wait.Known {
				wait.Seconds = *session.WaitSeconds
			}
		}
		told = wait
		return nil
	}
}

// guestStreamEnds says whether an event is the last that a guest reads: the session ended, or they were put out.
func guestStreamEnds(g desk.Guest, event desk.Event) (StreamClosing, bool) {
	switch {
	case event.Session != nil && event.Session.State == desk.SessionEnded:
		return StreamClosing{Reason: "session_ended"}, true
	case event.Type == desk.EventAttendeeLeft && event.Attendee.ID == g.AttendeeID:
		return StreamClosing{Reason: "left"}, true
	}
	return StreamClosing{}, false
}
