package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// An email's link names its delivery, and so one person, and one invitation where it is about one. It is signed with the server's secret
// instead of being stored, so that every server on the database can make and read it: 16 bytes of the delivery's id,
// then 16 bytes of HMAC-SHA-256, in base64url.
const linkPart = 16

func (s *Store) linkToken(deliveryID string) string {
	return s.signedLink("link", strings.TrimPrefix(deliveryID, "dlv_"))
}

// linkDelivery returns the id of the delivery that a link names; what is not a link of ours is not there.
func (s *Store) linkDelivery(token string) (string, error) { return s.linkID("link", "dlv_", token) }

// A specialist invitation's link names it in the same way, signed for another use.
func (s *Store) specialistToken(id string) string {
	return s.signedLink("specialist link", strings.TrimPrefix(id, "spi_"))
}

func (s *Store) specialistOf(token string) (string, error) {
	return s.linkID("specialist link", "spi_", token)
}

func (s *Store) signedLink(use, digits string) string {
	id, err := hex.DecodeString(digits)
	if err != nil { // ids are made by newID
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(append(id, s.linkMAC(use, id)...))
}

func (s *Store) linkMAC(use string, id []byte) []byte {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte(use + "\n"))
	mac.Write(id)
	return mac.Sum(nil)[:linkPart]
}

// linkID returns the id that a link for a use names; what is not a link of ours is not there.
func (s *Store) linkID(use, prefix, token string) (string, error) {
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(data) != 2*linkPart || !hmac.Equal(data[linkPart:], s.linkMAC(use, data[:linkPart])) {
		return "", desk.Missing("link")
	}
	return prefix + hex.EncodeToString(data[:linkPart]), nil
}

// InvitationLink is what an email's link leads to.
type InvitationLink struct {
	Invitation           desk.Invitation `json:"invitation,omitzero" doc:"The invitation, as the invited sees it; left out where the email confirms that extended availability is on"`
	Rep                  desk.Ref        `json:"rep" doc:"Whom the email was sent to"`
	ExtendedAvailability bool            `json:"extended_availability" doc:"Whether the rep is in extended availability now"`
	Answerable           bool            `json:"answerable" doc:"Whether the invitation can be accepted or declined now"`
	Reason               string          `json:"reason,omitempty" doc:"Why it cannot be answered any more" values:"InvitationLinkReason"`
	Locale               string          `json:"-"` // the rep's BCP 47 language
	TimeZone             string          `json:"-"` // the rep's IANA time zone
	ExpectedUntil        *time.Time      `json:"expected_until,omitempty" doc:"Until when the seat of the rep who accepted is kept for one of their consoles to connect"`
}

// LinkAlreadyInside is the reason of a link whose invitation stands for others, and whose rep is in the session.
const LinkAlreadyInside = "already_in_session"

// caller is the rep who followed the link, on no console.
func (l InvitationLink) caller() desk.Caller { return desk.Caller{RepID: l.Rep.ID, Name: l.Rep.Name} }

// InvitationLink looks at what a link leads to, and changes nothing: mail scanners open links too.
func (s *Store) InvitationLink(ctx context.Context, token string) (InvitationLink, error) {
	id, err := s.linkDelivery(token)
	if err != nil {
		return InvitationLink{}, err
	}
	return read(ctx, s, func(t *tx) (InvitationLink, error) {
		return forLink(t, func(t *tx) (InvitationLink, error) { return t.invitationLink(id) })
	})
}

// invitationLink is what the link of a delivery shows. One of a rep whose account is closed leads nowhere.
func (t *tx) invitationLink(deliveryID string) (link InvitationLink, err error) {
	d, err := t.delivery(deliveryID)
	switch {
	case desk.IsMissing(err), err == nil && d.Channel != desk.ChannelEmail:
		return link, desk.Missing("link")
	case err != nil:
		return link, err
	}
	found, err := t.row(`SELECT extended, locale, time_zone FROM reps WHERE id = $1 AND disabled = 0`, []any{d.Rep.ID}, &link.ExtendedAvailability, &link.Locale, &link.TimeZone)
	if err == nil && !found {
		err = desk.Missing("link")
	}
	if err != nil {
		return link, err
	}
	if link.Rep = d.Rep; d.InvitationID == "" {
		return link, nil
	}
	inv, err := t.invitation(d.InvitationID)
	if err == nil {
		err = t.showInvitation(&link, inv)
	}
	return link, err
}

// showInvitation completes a link by its invitation, and whether it can be answered. It says nothing of the customer: whoever
// has the email has the link. Of a session to which the rep is not invited any more it says nothing either (A8).
func (t *tx) showInvitation(link *InvitationLink, inv desk.Invitation) error {
	link.Invitation, link.Reason, link.ExpectedUntil = inv.ForInvited(link.Rep.ID), string(inv.Reason), nil
	seat, err := t.seatOf(inv.Session.ID, link.Rep.ID)
	if err != nil {
		return err
	}
	if link.Invitation.DeclinedByMe {
		link.Reason = string(desk.EndDeclined)
	}
	if link.Reason == "" {
		goes, err := t.goesTo(inv, link.caller())
		switch {
		case err != nil:
			return err
		case seat.ID != "":
			link.Reason = LinkAlreadyInside
		case !goes:
			link.Reason = string(desk.EndTargetGone)
			link.Invitation.Session.Issue = nil
		}
	}
	link.Invitation.Session.Title = ""
	link.Answerable = link.Reason == ""
	if seat.Expected {
		var until int64
		_, err = t.row(`SELECT expected_until FROM attendees WHERE id = $1`, []any{seat.ID}, &until)
		link.ExpectedUntil = desk.TimePtr(until)
	}
	return err
}

// SeenThrough shows the page's names as an embassy rep may know them.
func (l *InvitationLink) SeenThrough(o *desk.Outlook) { l.Invitation.SeenThrough(o) }

// forLink shows what a link leads to as the rep it was sent to may know it (A7).
func forLink(t *tx, fn func(*tx) (InvitationLink, error)) (InvitationLink, error) {
	var c desk.Caller
	link, err := fn(t)
	if link.Rep.ID == "" {
		return link, err
	}
	if _, rowErr := t.row(`SELECT id, embassy FROM reps WHERE id = $1`, []any{link.Rep.ID}, &c.RepID, &c.Embassy); rowErr != nil {
		return link, rowErr
	}
	return seenBy(t, c, func(*tx) (InvitationLink, error) { return link, err })
}

// LinkAnswer is what the person who followed a link chose.
type LinkAnswer string

const (
	LinkAccept              LinkAnswer = "accept"
	LinkDecline             LinkAnswer = "decline"
	LinkDeclineAndSwitchOff LinkAnswer = "decline_and_switch_off"
	LinkSwitchOff           LinkAnswer = "switch_off" // extended availability alone
)

// AnswerInvitationLink acts for the rep to whom the link was sent. A rep who accepts without a connected console
// holds the seat as expected (G2).
func (s *Store) AnswerInvitationLink(ctx context.Context, token string, answer LinkAnswer) (InvitationLink, error) {
	id, err := s.linkDelivery(token)
	if err != nil {
		return InvitationLink{}, err
	}
	return write(ctx, s, func(t *tx) (InvitationLink, error) {
		return forLink(t, func(t *tx) (InvitationLink, error) { return t.answerLink(id, answer) })
	})
}

func (t *tx) answerLink(deliveryID string, answer LinkAnswer) (InvitationLink, error) {
	link, err := t.invitationLink(deliveryID)
	if err != nil {
		return link, err
	}
	if answer == LinkDeclineAndSwitchOff || answer == LinkSwitchOff {
		if err := t.switchOff(link.Rep.ID); err != nil {
			return link, err
		}
		link.ExtendedAvailability = false
		if answer == LinkSwitchOff || !link.Answerable {
			return link, nil // to switch off is done, and there is nothing to decline
		}
	}
	inv := link.Invitation
	switch {
	case inv.ID == "":
		return link, desk.Missing("invitation")
	case inv.Active() && link.Reason == string(desk.EndTargetGone):
		p := desk.Refuse(desk.InvitationNotActive, "It is no longer for you.")
		p.Conflict = &desk.Conflict{Kind: "invitation", ID: inv.ID, State: string(desk.InvitationWithdrawn), Reason: link.Reason}
		return link, p
	case answer == LinkAccept:
		err = t.acceptByLink(link)
	default:
		_, err = t.decline(link.caller(), inv.ID)
		if refusal := new(desk.Problem); answer == LinkDeclineAndSwitchOff && errors.As(err, &refusal) {
			err = nil // over since it was looked at; to switch off is done
		}
	}
	if err != nil {
		return link, err
	}
	if inv, err = t.invitation(inv.ID); err == nil {
		err = t.showInvitation(&link, inv)
	}
	return link, err
}

func (t *tx) acceptByLink(link InvitationLink) error {
	until, err := t.expectedUntil(link.Rep.ID)
	if err == nil {
		_, err = t.accept(link.caller(), link.Invitation.ID, until)
	}
	return err
}

// switchOff ends the rep's extended availability.
func (t *tx) switchOff(repID string) error {
	me, err := t.lockedMe(repID)
	if err != nil || !me.ExtendedAvailability {
		return err
	}
	me.ExtendedAvailability = false
	if _, err = t.saveMe(me); err != nil {
		return err
	}
	return t.extendedSwitched(repID, false, repID)
}
