package store

import (
	"context"
	"slices"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// EmailSpecialists has an invitation that stands sent to the addresses, again where it was sent before (F3).
func (s *Store) EmailSpecialists(ctx context.Context, c desk.Caller, id string, emails []string) (SpecialistOffer, error) {
	if p := desk.CheckEmails(emails); p != nil {
		return SpecialistOffer{}, p
	}
	return writeAs(ctx, s, c, func(t *tx) (SpecialistOffer, error) {
		inv, session, err := t.ownSpecialist(c, id)
		switch {
		case err != nil:
			return inv, err
		case !inv.Active():
			return inv, inv.Over()
		case session.State != desk.SessionActive:
			return inv, notActive(session)
		}
		if p := desk.SpecialistsAllowed(session.Settings, c.Has(desk.InviteSpecialists)); p != nil {
			return inv, p
		}
		return inv, t.mailSpecialists(c, inv, emails)
	})
}

// mailSpecialists queues an email of the invitation to each address, once. The delivery's rep is who has it sent: in its name
// it goes, and nothing of what the rep wants for their own emails holds for it.
func (t *tx) mailSpecialists(c desk.Caller, inv SpecialistOffer, emails []string) error {
	to := onceEach(emails)
	if len(to) == 0 {
		return nil
	}
	var sent int
	if _, err := t.row(`SELECT COUNT(*) FROM specialist_invitations p JOIN deliveries d ON d.about = p.id WHERE p.session_id = $1`, []any{inv.SessionID}, &sent); err != nil {
		return err
	}
	if sent+len(to) > desk.MaxSpecialistEmails {
		p := desk.Refuse(desk.TooManyRequests, "At most %d emails go to the specialists of a session.", desk.MaxSpecialistEmails)
		p.Limit = desk.MaxSpecialistEmails
		return p
	}
	for _, address := range to {
		m := mail{about: inv.ID, purpose: desk.PurposeSpecialistInvitation, due: t.now}
		if err := t.queueMail(m, addressee{id: c.RepID, address: address, locale: inv.Language}); err != nil {
			return err
		}
	}
	return nil
}

// onceEach leaves out addresses that stand in the list before. Mail servers tell none apart by case.
func onceEach(emails []string) (to []string) {
	for _, email := range emails {
		if !slices.ContainsFunc(to, func(one string) bool { return strings.EqualFold(one, email) }) {
			to = append(to, email)
		}
	}
	return to
}

// SpecialistDeliveries lists, the newest first, what was sent for an invitation, to the session's owner.
func (s *Store) SpecialistDeliveries(ctx context.Context, c desk.Caller, id, before string, limit int) ([]desk.Delivery, error) {
	return readAs(ctx, s, c, func(t *tx) ([]desk.Delivery, error) {
		if _, _, err := t.ownSpecialist(c, id); err != nil {
			return nil, err
		}
		return t.deliveriesAbout(id, before, limit)
	})
}

// specialistJob completes the job of an email to a specialist, where it would still let them in (F1).
func (t *tx) specialistJob(job *desk.Job) (why string, err error) {
	inv, err := t.specialistInvitation(job.SpecialistInvitationID)
	if err != nil || !inv.Active() {
		return "over", err
	}
	session, err := t.session(inv.SessionID)
	if err != nil {
		return "", err
	}
	if allowed, err := t.allowsSpecialists(session); err != nil || !allowed {
		return "switched_off", err
	}
	says := inv.Mail()
	_, err = t.row(`SELECT r.public_name FROM deliveries d JOIN reps r ON r.id = d.rep_id WHERE d.id = $1`, []any{job.ID}, &says.Inviter)
	job.Specialist, job.KeyRev, job.LinkToken, job.Locale = &says, inv.Rev, t.store.specialistToken(inv.ID), inv.Language
	return "", err
}
