package store

import (
	"cmp"

	"github.com/repdesk/repdesk/store/desk"
)

// What stands in queues follows from sessions, attendees and invitations. Whatever changes one of those says so by
// touchQueues; before the transaction ends, settleQueues compares what stands with what should, saves the difference and
// tells those in whose queues it is.

// queueTouch says who changed a session, and why.
type queueTouch struct {
	by     desk.Ref
	reason string
	whole  bool                  // more than invitations came or ended
	comes  []queueEntry          // the entries of the invitations and transfers that came
	ended  map[string]endedOffer // those that ended, by id
}

// endedOffer is how an invitation ended, and who of those that read its topic did not have it in their queue then.
type endedOffer struct {
	by, winner desk.Ref
	reason     string
	except     []string
}

// touchQueues notes that what stands in queues of a session may have changed.
func (t *tx) touchQueues(sessionID string, by desk.Ref, reason string) {
	touch := t.queueTouch(sessionID)
	touch.whole = true
	if reason != "" || touch.reason == "" {
		touch.by, touch.reason = by, reason
	}
}

// touchQueuesComing is touchQueues for an invitation or transfer that comes into a session: what else stands there is as it was.
func (t *tx) touchQueuesComing(s sessionRow, inv desk.Invitation) {
	touch := t.queueTouch(s.ID)
	touch.comes = append(touch.comes, offerEntry(s, inv))
	if touch.reason == "" {
		touch.by = inv.Inviter
	}
}

// offerEntry is what of an invitation or transfer stands in the queue of those to whom it goes.
func offerEntry(s sessionRow, inv desk.Invitation) queueEntry {
	issue := cmp.Or(inv.Issue, s.Issue)
	e := queueEntry{queueID: idOf(cmp.Or(inv.Rep, inv.Team, inv.Portal)), offerID: inv.ID, ownerID: idOf(s.Owner)}
	e.Kind, e.CameBy = desk.QueuedInvitation, desk.CameByInvitation
	if inv.IsTransfer() {
		e.Kind, e.CameBy = desk.QueuedSession, desk.CameByTransfer
	}
	e.SessionID, e.State, e.SessionKind, e.Comment = s.ID, s.State, s.Kind, inv.Comment
	e.CustomerName, e.Company, e.Details, e.Language, e.Priority = s.Customer.Name, s.Customer.Company, s.Customer.Details, s.Customer.Language, s.Priority
	e.keys = sortKeys{urgencyOf(s.Priority), sortKey(s.Customer.Name), sortKey(s.Customer.Company), "", sortKey(s.Customer.Language)}
	if issue != nil {
		e.keys.issue = sortKey(issue.Name)
	}
	e.finish(*cmp.Or(issue, &desk.Ref{}), inv.Inviter, 0)
	return e
}

// touchQueuesEnded is touchQueuesComing for an invitation that has ended, before those whom it invited come or go.
func (t *tx) touchQueuesEnded(inv desk.Invitation, by desk.Ref) error {
	except, err := t.withoutEntry(inv)
	ended := endedOffer{by: by, reason: string(inv.Reason), except: except}
	if inv.AcceptedBy != nil {
		ended.winner = *inv.AcceptedBy
	}
	touch := t.queueTouch(inv.Session.ID)
	touch.ended[inv.ID] = ended
	return err
}

func (t *tx) queueTouch(sessionID string) *queueTouch {
	if t.queues == nil {
		t.queues = map[string]*queueTouch{}
	}
	if t.queues[sessionID] == nil {
		t.queues[sessionID] = &queueTouch{ended: map[string]endedOffer{}}
	}
	return t.queues[sessionID]
}
