package store

import (
	"cmp"
	"context"
	"fmt"

	"github.com/repdesk/repdesk/store/desk"
)

// InviteSpecialists makes a code and a link that let specialists into a session (F2), and has them sent to the addresses given
// (F3).
func (s *Store) InviteSpecialists(ctx context.Context, c desk.Caller, sessionID string, in desk.SpecialistTerms) (SpecialistOffer, error) {
	if p := in.Check(); p != nil {
		return SpecialistOffer{}, p
	}
	return writeAs(ctx, s, c, func(t *tx) (inv SpecialistOffer, err error) {
		session, err := t.ownedActive(c, sessionID)
		if err != nil {
			return inv, err
		}
		access, err := t.checkInviteSpecialist(c, session, in.Access)
		if err != nil {
			return inv, err
		}
		id, err := t.insertSpecialist(c, session, in, access)
		if err != nil {
			return inv, err
		}
		if inv, err = t.specialistChanged(id, session.Owner, c.Ref(), created); err != nil {
			return inv, err
		}
		return inv, t.mailSpecialists(c, inv, in.Emails)
	})
}

func (t *tx) checkInviteSpecialist(c desk.Caller, s sessionRow, wanted desk.Access) (desk.Access, error) {
	facts := desk.InviteSpecialistFacts{Portal: s.Settings, MayOwner: c.Has(desk.InviteSpecialists), Access: wanted}
	var err error
	if facts.Present, err = t.seatedSpecialists(s.ID); err != nil {
		return "", err
	}
	if _, err = t.row(`SELECT COUNT(*) FROM specialist_invitations WHERE session_id = $1 AND state = 'active'`, []any{s.ID}, &facts.Standing); err != nil {
		return "", err
	}
	access, refusal := desk.CheckInviteSpecialist(facts)
	if refusal != nil {
		return "", refusal
	}
	return access, nil
}

// insertSpecialist makes an invitation with a code that is no other's of those that stand.
func (t *tx) insertSpecialist(c desk.Caller, s sessionRow, in desk.SpecialistTerms, access desk.Access) (id string, err error) {
	var locale string
	if _, err := t.row(`SELECT locale FROM reps WHERE id = $1`, []any{c.RepID}, &locale); err != nil {
		return "", err
	}
	id = newID("spi_")
	for range 10 {
		n, err := t.exec(`INSERT INTO specialist_invitations (id, session_id, code, access, joins, comment, language, by_id, state, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'active', $9) ON CONFLICT (code) WHERE code <> '' DO NOTHING`,
			id, s.ID, drawText(desk.CodeAlphabet, desk.CodeDigits), string(access), cmp.Or(in.Joins, desk.MaxSpecialists), in.Comment, cmp.Or(in.Language, locale), c.RepID, ms(t.now))
		if err != nil || n == 1 {
			return id, err
		}
	}
	return "", fmt.Errorf("draw a specialist's code: each of ten is taken")
}
