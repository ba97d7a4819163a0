package store

import (
	"context"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	deliveryFields  = `SELECT d.id, d.rev, d.about, d.purpose, d.channel, d.rep_id, r.name, d.console_id, d.console_name, d.state, d.attempts, d.error, d.updated_at, d.address`
	deliveryTables  = ` FROM deliveries d JOIN reps r ON r.id = d.rep_id`
	deliveryColumns = deliveryFields + deliveryTables
)

func scanDelivery(scan scanner, d *desk.Delivery) error {
	var console desk.Ref
	var updated int64
	var about, address string
	err := scan(&d.ID, &d.Rev, &about, &d.Purpose, &d.Channel, &d.Rep.ID, &d.Rep.Name, &console.ID, &console.Name, &d.State, &d.Attempts, &d.Error, &updated, &address)
	d.Console, d.UpdatedAt = refOrNil(console), desk.Time(updated)
	switch {
	case strings.HasPrefix(about, "inv_"):
		d.InvitationID = about
	case strings.HasPrefix(about, "trf_"):
		d.TransferID = about
	case strings.HasPrefix(about, "spi_"): // it goes to an address; its rep is who had it sent
		d.SpecialistInvitationID, d.Address, d.Rep = about, address, desk.Ref{}
	}
	return err
}

func (t *tx) delivery(id string) (desk.Delivery, error) {
	return one(t, "delivery", deliveryColumns+` WHERE d.id = $1`, []any{id}, scanDelivery)
}

// deliveryWith reads a delivery together with more fields, from more tables, in one statement.
func (t *tx) deliveryWith(id, fields, tables string, more ...any) (d desk.Delivery, err error) {
	found := false
	err = t.rows(deliveryFields+`, `+fields+deliveryTables+tables+` WHERE d.id = $1`, []any{id}, func(scan scanner) error {
		found = true
		return scanDelivery(func(dest ...any) error { return scan(append(dest, more...)...) }, &d)
	})
	if err == nil && !found {
		err = desk.Missing("delivery")
	}
	return d, err
}

// Deliveries lists, the newest first, what was sent for an invitation, to the session's owner and to administrators (G9).
func (s *Store) Deliveries(ctx context.Context, c desk.Caller, invitationID, before string, limit int) ([]desk.Delivery, error) {
	return readAs(ctx, s, c, func(t *tx) ([]desk.Delivery, error) {
		inv, err := t.properInvitation(invitationID)
		if err != nil {
			return nil, err
		}
		mine, err := t.invites(c, inv)
		if err != nil {
			return nil, err
		}
		if !mine {
			return nil, t.refuseDeliveries(c, inv)
		}
		return t.deliveriesAbout(invitationID, before, limit)
	})
}

// deliveriesAbout lists, the newest first, what was sent about something, those before the id before.
func (t *tx) deliveriesAbout(id, before string, limit int) ([]desk.Delivery, error) {
	return list(t, deliveryColumns+` WHERE d.about = $1 AND ($2 = '' OR d.id < $2) ORDER BY d.id DESC LIMIT $3`, []any{id, before, limit}, scanDelivery)
}

func (t *tx) refuseDeliveries(c desk.Caller, inv desk.Invitation) error {
	goes, err := t.goesTo(inv, c)
	if err != nil {
		return err
	}
	if !goes {
		return desk.Missing("invitation")
	}
	return desk.Refuse(desk.NotSessionOwner, "Only the session's owner sees the deliveries.")
}

// Delivery returns one delivery to the rep whom it tells, to the owner of the session whose invitation it tells of, and to
// administrators.
func (s *Store) Delivery(ctx context.Context, c desk.Caller, id string) (desk.Delivery, error) {
	return readAs(ctx, s, c, func(t *tx) (desk.Delivery, error) {
		d, err := t.delivery(id)
		if err != nil || (d.Rep.ID != "" && d.Rep.ID == c.RepID) || c.IsAdministrator() {
			return d, err
		}
		var mine bool
		switch {
		case d.OfferID() != "":
			mine, err = t.exists(`SELECT 1 FROM invitations v JOIN sessions s ON s.id = v.session_id WHERE v.id = $1 AND s.owner_id = $2`, d.OfferID(), c.RepID)
		case d.SpecialistInvitationID != "":
			mine, err = t.exists(`SELECT 1 FROM specialist_invitations p JOIN sessions s ON s.id = p.session_id WHERE p.id = $1 AND s.owner_id = $2`, d.SpecialistInvitationID, c.RepID)
		}
		if err == nil && !mine {
			err = desk.Missing("delivery")
		}
		return d, err
	})
}

// AckDelivery records what a device of the caller reports: received, opened. A later report never takes back an
// earlier one, and repeating one changes nothing.
func (s *Store) AckDelivery(ctx context.Context, c desk.Caller, id string, state desk.DeliveryState) (desk.Delivery, error) {
	return writeAs(ctx, s, c, func(t *tx) (desk.Delivery, error) {
		if _, err := t.row(`SELECT id FROM deliveries WHERE id = $1`+t.forUpdate(), []any{id}, new(string)); err != nil {
			return desk.Delivery{}, err
		}
		d, err := t.delivery(id)
		if err != nil {
			return d, err
		}
		if d.Rep.ID == "" || d.Rep.ID != c.RepID {
			return d, desk.Missing("delivery")
		}
		if d.State.Rank() >= state.Rank() {
			return d, nil
		}
		if err := t.settle(id, state, ""); err != nil {
			return d, err
		}
		return t.delivery(id)
	})
}
