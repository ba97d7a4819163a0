package store

import (
	"errors"
	"slices"

	"github.com/repdesk/repdesk/store/desk"
)

// offersMove does something that changes which invitations and transfers go to a rep: they come to a team or leave it, log
// in under a portal or leave it. What is no longer for them is over for them, and taken off their devices; of what is now
// for them they are told where alert says so (B5, B20). consoleID is the console that asks, if one does.
func (t *tx) offersMove(rep desk.Ref, consoleID string, alert bool, do func() error) error {
	if err := t.lockRep(rep.ID); err != nil { // who leaves a session at this instant, and finds offers open again, has them here
		return err
	}
	t.wake.here = true
	before, err := t.offersTo(rep.ID, consoleID)
	teams, teamsErr := t.teamsOf(rep.ID)
	if err = errors.Join(err, teamsErr); err == nil {
		err = do()
	}
	if err != nil {
		return err
	}
	after, err := t.offersTo(rep.ID, consoleID)
	if err == nil {
		err = t.leaveQueues(rep, teams)
	}
	if err != nil {
		return err
	}
	for _, id := range before {
		if !slices.Contains(after, id) && err == nil {
			err = t.offerLost(rep, id)
		}
	}
	for _, id := range after {
		if !slices.Contains(before, id) && err == nil {
			err = t.offerGained(rep, id, alert)
		}
	}
	return err
}

func (t *tx) teamsOf(repID string) ([]string, error) {
	return t.texts(`SELECT team_id FROM team_members WHERE rep_id = $1 ORDER BY team_id`, repID)
}

// leaveQueues takes from a rep what waits in the queues of those of their former teams in which they no longer are.
func (t *tx) leaveQueues(rep desk.Ref, former []string) error {
	teams, err := t.teamsOf(rep.ID)
	for _, team := range former {
		if err == nil && !slices.Contains(teams, team) {
			err = t.leaveQueue(rep, team)
		}
	}
	return err
}

// offersTo are the ids of the invitations and transfers that the rep may accept.
func (t *tx) offersTo(repID, consoleID string) ([]string, error) {
	return t.texts(mayAccept+` ORDER BY id`, repID, ms(t.now), consoleID)
}

// offerLost tells a rep that an invitation is no longer for them, and the owner if nobody is left.
func (t *tx) offerLost(rep desk.Ref, id string) error {
	inv, _, err := t.lockedInvitation(id)
	if err != nil || !inv.Active() {
		return err
	}
	if inv, err = t.comesOrGoes(inv, rep); err != nil {
		return err
	}
	return t.overFor(inv, rep, desk.EndTargetGone)
}

// offerGained tells the owner that somebody is there again who could accept, and the rep where they are to be alerted.
func (t *tx) offerGained(rep desk.Ref, id string, alert bool) error {
	inv, _, err := t.lockedInvitation(id)
	if err != nil || !inv.Active() {
		return err
	}
	if inv, err = t.comesOrGoes(inv, rep); err != nil || !alert {
		return err
	}
	return t.alertOne(inv, rep)
}

// alertOne tells one rep of an invitation or transfer that others were told of before.
func (t *tx) alertOne(inv desk.Invitation, rep desk.Ref) error {
	if err := t.tellEntryOf(desk.EventEntryAdded, inv.ID, rep, openToYou); err != nil {
		return err
	}
	event := desk.Event{Type: desk.EventInvitationCreated, Actor: &inv.Inviter, SessionID: inv.Session.ID, TeamID: idOf(inv.Team)}
	if inv.IsTransfer() {
		session, err := t.session(inv.Session.ID)
		if err != nil {
			return err
		}
		event.Type, event.Reason, event.Session = desk.EventSessionChanged, "transfer_offered", &session.Session
	} else {
		view := inv.ForInvited(rep.ID)
		event.Invitation = &view
	}
	if err := t.record(desk.RepTopic(rep.ID), event); err != nil {
		return err
	}
	loggedIn, err := t.exists(`SELECT 1 FROM reps WHERE id = $1 AND logged_in_until > $2 AND ($3 = 0 OR alert_transfers = 1)`, rep.ID, ms(t.now), flag(inv.IsTransfer()))
	if err != nil || !loggedIn {
		return err
	}
	return t.pushRep(rep.ID, news{about: inv.ID, purpose: purposeOf(inv), round: inv.Reminders})
}

// newRev moves the revision of an invitation, or of a transfer and the session that shows it.
func (t *tx) newRev(inv desk.Invitation, by desk.Ref) (desk.Invitation, error) {
	if _, err := t.exec(`UPDATE invitations SET rev = rev + 1 WHERE id = $1`, inv.ID); err != nil {
		return inv, err
	}
	inv.Rev++
	if inv.IsTransfer() {
		_, err := t.transferChanged(inv, by, "transfer_changed")
		return inv, err
	}
	return inv, nil
}
