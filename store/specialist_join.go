package store

import (
	"context"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// SpecialistKey is what lets a specialist in: exactly one of the code and the token of the link, with the guest's token of an
// earlier join where somebody comes back.
type SpecialistKey struct {
	Code  string
	Link  string
	Token string
}

func (k SpecialistKey) check() *desk.Problem {
	if given(k.Code, k.Link) != 1 {
		return desk.Refuse(desk.OneTargetNeeded, "Give exactly one of code and link_token.")
	}
	return nil
}

// SpecialistDoor is what a code or link leads to, as the specialist sees it before joining.
type SpecialistDoor struct {
	Inviter        desk.Ref    `json:"inviter" doc:"The session's owner: attendee id and public name"`
	Access         desk.Access `json:"access" doc:"What the specialist may do on the shared screen" values:"Access"`
	Portal         *desk.Ref   `json:"portal,omitempty" doc:"The portal of the session"`
	Comment        string      `json:"comment,omitempty" doc:"What the inviter says to the specialists"`
	MayShareScreen bool        `json:"may_share_screen" doc:"Whether specialists may share their own screen"`
	JoinsLeft      int         `json:"joins_left" doc:"How many more people may join"`
	Full           bool        `json:"full" doc:"Whether no seat is free at this moment"`
}

// LookUpSpecialist looks at what a code or link leads to, and changes nothing (F9).
func (s *Store) LookUpSpecialist(ctx context.Context, key SpecialistKey) (SpecialistDoor, error) {
	if p := key.check(); p != nil {
		return SpecialistDoor{}, p
	}
	return readOrKeep(ctx, s, func(t *tx) (SpecialistDoor, error) { return t.lookUpSpecialist(key) })
}

func (t *tx) lookUpSpecialist(key SpecialistKey) (door SpecialistDoor, err error) {
	e, err := t.specialistEntry(key)
	if err != nil {
		return door, err
	}
	before, err := t.cameBefore(e)
	if err == nil {
		err = t.letsIn(e, before.ID != "")
	}
	if err != nil {
		return door, err
	}
	owner, err := t.seatOf(e.session.ID, e.session.Owner.ID)
	if err != nil {
		return door, err
	}
	seated, err := t.seatedSpecialists(e.session.ID)
	return SpecialistDoor{Inviter: desk.Ref{ID: owner.ID, Name: owner.publicName}, Access: e.access(), Portal: e.session.Portal, Comment: e.inv.Comment,
		MayShareScreen: e.session.specialistsShare, JoinsLeft: e.inv.Joins - e.inv.Joined, Full: seated >= *e.session.Settings.MaxSpecialists}, err
}

// specialistEntry is an invitation on whose ground somebody wants to come in, and its session, locked.
type specialistEntry struct {
	key     SpecialistKey
	inv     SpecialistOffer
	session sessionRow
}

// access is the lower of what was granted and the ceiling of this moment (B10).
func (e specialistEntry) access() desk.Access {
	return granted(e.inv.Access, e.session)
}

// refuse says why nobody comes in: of a link all, of a code nothing (E6).
func (e specialistEntry) refuse(why desk.SpecialistReason) *desk.Problem {
	if e.key.Link == "" {
		return codeNotValid()
	}
	return e.inv.NotValid(why)
}

// specialistEntry finds what a code or link leads to. A code is that of an invitation only as long as this stands.
func (t *tx) specialistEntry(key SpecialistKey) (e specialistEntry, err error) {
	e.key = key
	if key.Link != "" {
		id, err := t.store.specialistOf(key.Link)
		if err == nil {
			e.inv, e.session, err = t.lockedSpecialist(id)
		}
		return e, err
	}
	id := ""
	found, err := t.row(`SELECT id FROM specialist_invitations WHERE code = $1 AND code <> ''`, []any{desk.NormalCode(key.Code)}, &id)
	if err == nil && !found {
		err = codeNotValid()
	}
	if err == nil {
		e.inv, e.session, err = t.lockedSpecialist(id) // it may be over since it was found
	}
	return e, err
}

// letsIn refuses who cannot come in at this moment, whether or not a seat is free.
func (t *tx) letsIn(e specialistEntry, returns bool) error {
	allowed, err := t.allowsSpecialists(e.session)
	if err != nil {
		return err
	}
	if why := e.inv.LetsIn(desk.JoinFacts{Session: e.session.State, Allowed: allowed, Returns: returns}); why != "" {
		return e.refuse(why)
	}
	return nil
}

// JoinAsSpecialist lets somebody without an account into a session (F6). Who joined before and says so by their token is the
// same attendee, and uses no join (F10).
func (s *Store) JoinAsSpecialist(ctx context.Context, key SpecialistKey, name string) (Entered, error) {
	if p := key.check(); p != nil {
		return Entered{}, p
	}
	if p := desk.CheckName("name", name, desk.MaxName); p != nil {
		return Entered{}, p
	}
	return write(ctx, s, func(t *tx) (out Entered, err error) {
		e, err := t.specialistEntry(key)
		if err != nil {
			return out, err
		}
		before, err := t.cameBefore(e)
		if err != nil {
			return out, err
		}
		switch {
		case before.ID == "":
			out.Token, err = t.admitSpecialist(e, name)
		case before.LeftAt == nil:
			out.Token = key.Token
		default:
			out.Token, err = key.Token, t.readmitSpecialist(e, before)
		}
		if err != nil {
			return out, err
		}
		session, err := t.session(e.session.ID)
		if err != nil {
			return out, err
		}
		out.Session, err = t.guestView(session)
		return out, err
	})
}

// cameBefore is who came by the invitation with the key's token; with an empty id nobody did.
func (t *tx) cameBefore(e specialistEntry) (attendeeRow, error) {
	a, err := t.bearerOf(e)
	if a.CameBy != e.inv.ID {
		return attendeeRow{}, err
	}
	return a, err
}

// bearerOf is whose the key's token is, among those who are or were in the session; with an empty id nobody's.
func (t *tx) bearerOf(e specialistEntry) (a attendeeRow, err error) {
	if !strings.HasPrefix(e.key.Token, "rdg_") {
		return a, nil
	}
	err = t.rows(attendeeColumns+` JOIN guest_tokens k ON k.attendee_id = a.id WHERE k.hash = $1 AND a.session_id = $2`, []any{hashToken(e.key.Token), e.session.ID},
		func(scan scanner) error { return scanAttendee(scan, &a) })
	return a, err
}

// admitSpecialist seats somebody new, and gives them a token.
func (t *tx) admitSpecialist(e specialistEntry, name string) (string, error) {
	if err := t.letsIn(e, false); err != nil {
		return "", err
	}
	if err := t.specialistSeat(e.session); err != nil {
		return "", err
	}
	seat, err := t.addAttendee(e.session, desk.Attendee{Role: desk.AttendeeSpecialist, Name: name, Access: e.access(), CameBy: e.inv.ID}, 0)
	if err != nil {
		return "", err
	}
	token, err := t.newGuestToken(seat.ID, false)
	if err != nil {
		return "", err
	}
	if _, err := t.exec(`UPDATE specialist_invitations SET joined = joined + 1, rev = rev + 1 WHERE id = $1`, e.inv.ID); err != nil {
		return "", err
	}
	if _, err := t.specialistChanged(e.inv.ID, e.session.Owner, desk.Ref{ID: seat.ID, Name: seat.Name}, "joined"); err != nil {
		return "", err
	}
	_, err = t.seatsChanged(seat, true)
	return token, err
}

// specialistSeat refuses where no seat is free (F1).
func (t *tx) specialistSeat(s sessionRow) error {
	seated, err := t.seatedSpecialists(s.ID)
	if most := *s.Settings.MaxSpecialists; err == nil && seated >= most {
		err = desk.SpecialistsFull(most)
	}
	return err
}

// readmitSpecialist seats somebody again who left by themselves: whoever was put out finds that the invitation is over (F7). They
// see the chat and events as somebody new does, and the customer is asked again (C4); what the owner made of their access stays.
func (t *tx) readmitSpecialist(e specialistEntry, was attendeeRow) error {
	if err := t.letsIn(e, true); err != nil {
		return err
	}
	if err := t.specialistSeat(e.session); err != nil {
		return err
	}
	chatFrom := ms(desk.ChatFrom(was.Role, e.session.Settings, t.now))
	if _, err := t.exec(`UPDATE attendees SET access = $1, consent = $2, chat_from = $3, joined_at = $4, left_at = 0, rev = rev + 1 WHERE id = $5`,
		string(granted(was.Access, e.session)), string(desk.ConsentFor(was.Role, e.session.Settings)), chatFrom, ms(t.now), was.ID); err != nil {
		return err
	}
	_, since, err := t.logBounds()
	if err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE guest_tokens SET since = $1 WHERE attendee_id = $2`, since, was.ID); err != nil {
		return err
	}
	seat, err := t.attendee(was.ID)
	if err != nil {
		return err
	}
	if err := t.tellComing(seat); err != nil {
		return err
	}
	_, err = t.seatsChanged(seat, true)
	return err
}
