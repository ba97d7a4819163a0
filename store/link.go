package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/repdesk/repdesk/store/desk"
)

// An email's link names its delivery, and so one person and one invitation. It is signed with the server's secret
// instead of being stored, so that every server on the database can make and read it: 16 bytes of the delivery's id,
// then 16 bytes of HMAC-SHA-256, in base64url.
const linkPart = 16

func (s *Store) linkToken(deliveryID string) string {
	id, err := hex.DecodeString(deliveryID[len("dlv_"):])
	if err != nil { // ids are made by newID
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(append(id, s.linkMAC(id)...))
}

func (s *Store) linkMAC(id []byte) []byte {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("link\n"))
	mac.Write(id)
	return mac.Sum(nil)[:linkPart]
}

// linkDelivery returns the id of the delivery that a link names; what is not a link of ours is not there.
func (s *Store) linkDelivery(token string) (string, error) {
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(data) != 2*linkPart || !hmac.Equal(data[linkPart:], s.linkMAC(data[:linkPart])) {
		return "", desk.Missing("link")
	}
	return "dlv_" + hex.EncodeToString(data[:linkPart]), nil
}

// InvitationLink is what an email's link leads to.
type InvitationLink struct {
	Invitation desk.Invitation
	Rep        desk.Ref
	Locale     string // the rep's BCP 47 language
	TimeZone   string // the rep's IANA time zone
}

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

func (t *tx) invitationLink(deliveryID string) (InvitationLink, error) {
	d, err := t.delivery(deliveryID)
	if err != nil {
		return InvitationLink{}, desk.Missing("link")
	}
	link := InvitationLink{Rep: d.Rep}
	if err := t.checkLinkRep(&link); err != nil {
		return InvitationLink{}, err
	}
	inv, err := t.invitation(d.InvitationID)
	link.Invitation = inv.ForInvited(d.Rep.ID)
	return link, err
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
	if answer == LinkAccept {
		err := t.acceptByLink(&link)
		return link, err
	}
	if answer == LinkDeclineAndSwitchOff {
		if err := t.switchOff(link.Rep.ID); err != nil {
			return link, err
		}
		mine, err := t.goesTo(link.Invitation, link.caller())
		if err != nil {
			return link, err
		}
		inside, err := t.isInside(link.Invitation.Session.ID, link.Rep.ID)
		if err != nil || !mine || inside || !link.Invitation.Active() {
			return link, err // to switch off is done, and there is nothing to decline
		}
	}
	link.Invitation, err = t.decline(link.caller(), link.Invitation.ID)
	return link, err
}

// checkLinkRep reads how the rep reads, and refuses links of reps who are disabled by now.
func (t *tx) checkLinkRep(link *InvitationLink) error {
	found, err := t.row(`SELECT locale, time_zone FROM reps WHERE id = $1 AND disabled = 0`, []any{link.Rep.ID}, &link.Locale, &link.TimeZone)
	if err == nil && !found {
		err = desk.Missing("link")
	}
	return err
}

func (t *tx) acceptByLink(link *InvitationLink) error {
	until, err := t.expectedUntil(link.Rep.ID)
	if err != nil {
		return err
	}
	accepted, err := t.accept(link.caller(), link.Invitation.ID, until)
	link.Invitation = accepted.Invitation
	return err
}

// switchOff ends the rep's extended availability.
func (t *tx) switchOff(repID string) error {
	me, err := t.lockedMe(repID)
	if err != nil || !me.ExtendedAvailability {
		return err
	}
	me.ExtendedAvailability = false
	_, err = t.saveMe(me)
	return err
}
