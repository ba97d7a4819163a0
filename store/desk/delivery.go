package desk

import (
	"cmp"
	"time"
)

// Channel is the way a delivery goes.
type Channel string

const (
	ChannelFCM   Channel = "fcm"
	ChannelEmail Channel = "email"
)

// Purpose is what a delivery tells.
type Purpose string

const (
	PurposeInvitation Purpose = "invitation"
	PurposeWithdrawal Purpose = "withdrawal"
	PurposeTransfer   Purpose = "transfer"
	PurposeSession    Purpose = "session"    // a warning about, or a change of, a session
	PurposeQueue      Purpose = "queue"      // a session that waits in a queue of the rep's (G13)
	PurposeMessage    Purpose = "message"    // unread chat of a session, to a console in the background (G13)
	PurposeSignedOut  Purpose = "signed_out" // the console's log-in was ended from elsewhere
	PurposeTest       Purpose = "test"       // asked for by the console (G10)
	// PurposeExtendedAvailability is the email that confirms that extended availability was switched on (G6).
	PurposeExtendedAvailability Purpose = "extended_availability"
	// PurposeSpecialistInvitation is the email to a specialist (F3). It goes to an address and no rep: the delivery's is the one
	// who had it sent.
	PurposeSpecialistInvitation Purpose = "specialist_invitation"
)

// WorthFor is how long news of the purpose is worth delivering to a device that was off. A withdrawal is worth as much as what
// it takes back.
func (p Purpose) WorthFor() time.Duration {
	switch p {
	case PurposeInvitation, PurposeTransfer, PurposeExtendedAvailability, PurposeSpecialistInvitation:
		return 24 * time.Hour
	case PurposeMessage:
		return time.Hour
	case PurposeSignedOut:
		return 28 * 24 * time.Hour // the longest that FCM keeps a message
	case PurposeTest:
		return time.Minute
	}
	return 10 * time.Minute // of a session, a queue
}

// What a message about a session itself tells (C9).
const (
	SessionConnectionLost = "connection_lost" // asks the owner to come back
	SessionMovedToYou     = "moved_to_you"    // its owner was lost
	SessionTakenOver      = "taken_over"      // told to the former owner
	SessionReassigned     = "reassigned"      // an administrator gave it to somebody else
	SessionQueueClosed    = "queue_closed"    // the rep or team in whose queue it waited is no more
)

// WithdrawnUntil is how long a withdrawal is worth delivering: as long as what it takes back. Where that is worth nothing any
// more it may still be showing, on a device that is off at this moment.
func WithdrawnUntil(worth, now time.Time) time.Time {
	if worth.After(now) {
		return worth
	}
	return now.Add(time.Hour)
}

// DeliveryState is where a delivery is on its way.
type DeliveryState string

const (
	DeliveryWaiting  DeliveryState = "waiting"  // to be sent, now or after a pause
	DeliverySending  DeliveryState = "sending"  // a worker holds it
	DeliverySent     DeliveryState = "sent"     // FCM or the mail server took it
	DeliveryReceived DeliveryState = "received" // the device says that it came
	DeliveryOpened   DeliveryState = "opened"   // the user opened it
	DeliveryFailed   DeliveryState = "failed"   // given up; error says why
	DeliveryDropped  DeliveryState = "dropped"  // over before it was sent
)

// Rank orders what a device can report after the sending: a later report never takes back an earlier one.
func (s DeliveryState) Rank() int {
	switch s {
	case DeliverySent:
		return 1
	case DeliveryReceived:
		return 2
	case DeliveryOpened:
		return 3
	}
	return 0
}

// Delivery is one message to one device or address, as the inviter sees it (G9).
type Delivery struct {
	ID                     string        `json:"id" doc:"Opaque id" example:"dlv_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev                    int64         `json:"rev" doc:"Grows with each change of this object"`
	InvitationID           string        `json:"invitation_id,omitempty" doc:"The invitation that it tells of"`
	TransferID             string        `json:"transfer_id,omitempty" doc:"The transfer that it tells of"`
	SpecialistInvitationID string        `json:"specialist_invitation_id,omitempty" doc:"The specialist invitation that it tells of"`
	Purpose                Purpose       `json:"purpose" doc:"What it tells" values:"DeliveryPurpose"`
	Channel                Channel       `json:"channel" doc:"The way it goes" values:"Channel"`
	Rep                    Ref           `json:"rep,omitzero" doc:"Whom it tells; left out of an email to a specialist"`
	Address                string        `json:"address,omitempty" doc:"Of an email to a specialist: where it goes" example:"mia@example.com"`
	Console                *Ref          `json:"console,omitempty" doc:"The device it goes to"`
	State                  DeliveryState `json:"state" doc:"Where it is on its way" values:"DeliveryState"`
	Attempts               int           `json:"attempts" doc:"How often sending was tried"`
	Error                  string        `json:"error,omitempty" doc:"Why the last attempt failed" values:"DeliveryError"`
	UpdatedAt              time.Time     `json:"updated_at" doc:"When it last changed"`
}

// OfferID is the id of the invitation or transfer that it tells of.
func (d Delivery) OfferID() string { return cmp.Or(d.InvitationID, d.TransferID) }

// OutcomeKind sorts what became of one attempt to send.
type OutcomeKind string

const (
	OutcomeDone          OutcomeKind = "done"
	OutcomeTargetDead    OutcomeKind = "target_dead"   // FCM says the registration is gone: remove it
	OutcomeTryAgain      OutcomeKind = "try_again"     // the network, a 429 or a 5xx
	OutcomeRejected      OutcomeKind = "rejected"      // this message or address will never be taken
	OutcomeMisconfigured OutcomeKind = "misconfigured" // our credentials or project are wrong: alarm, keep, try again later
)

// Outcome is what became of one attempt to send.
type Outcome struct {
	Kind       OutcomeKind
	Error      string        // a word for the delivery's error field; never a secret
	Throttled  bool          // a 429
	RetryAfter time.Duration // what the other side asked for; 0 if nothing
}

const (
	// RetryWindow is how long sending is tried before it is given up (firebase.google.com/docs/cloud-messaging/scale-fcm).
	RetryWindow = 60 * time.Minute
	// FirstRetry is the least pause after a first failure (same page).
	FirstRetry = 10 * time.Second
	// ThrottledRetry is the pause after a 429 that names none (same page).
	ThrottledRetry = 60 * time.Second
	// DeliveriesKept is how long a delivery is kept that tells of no invitation or transfer. Those that do are part of its history.
	DeliveriesKept = 7 * 24 * time.Hour
	// LongestRetry bounds the growth of the pauses.
	LongestRetry = 10 * time.Minute
)

// RetryPause says how long to wait after the given number of failed attempts (1 or more). The pauses double from
// FirstRetry, each stretched by jitter, a number in [0, 1), by up to half, so that many deliveries that failed
// together do not come back together. What the other side asks for is the least.
func RetryPause(attempts int, o Outcome, jitter float64) time.Duration {
	pause := FirstRetry << min(max(attempts, 1)-1, 10)
	if o.Throttled && o.RetryAfter == 0 {
		pause = max(pause, ThrottledRetry)
	}
	pause = max(min(pause, LongestRetry), o.RetryAfter)
	return pause + time.Duration(jitter*float64(pause)/2)
}

// Job is a delivery that a worker has claimed, with all that the message needs. The state of the things in it is
// that of the moment of claiming.
type Job struct {
	Delivery
	ServerID   string
	Key        string    // what the notification stands for: tag and tombstone on the device
	KeyRev     int64     // revision of what Key names: the device keeps the highest
	ExpiresAt  time.Time // when the message is worth nothing any more
	Platform   string    // android, ios, web, script
	PushKind   string    // fcm_token, fcm_fid
	PushTarget string
	Address    string // for email
	Locale     string
	Badge      int // active invitations that the rep may accept
	Invitation Invitation
	Session    InvitationSession // what a message about a session, its chat or its place in a queue may say of it
	Reason     string            // of such a message; or why what it told of is over
	Queue      Ref               // of what stands in a queue: which, personal for the rep's own
	Unread     int               // messages of the session's chat that the rep has not read
	AuthorRole AttendeeRole      // who wrote the last of them
	Ends       Purpose           // what a withdrawal ends
	Follows    string            // the delivery id of the email that this one follows up; its Message-ID is made of it
	Alerts     Alerts            // what the rep wants to be told
	By         *Ref              // who did what it tells of, where nothing else here says so
	TimeZone   string            // the rep's, IANA
	HeldUntil  time.Time         // the end of the rep's quiet hours, if an email falls into them (G13)
	Customer   *Customer         // what an email may say of the customer (G2); nil: nothing
	LinkToken  string            // for the email's links, good for this rep and invitation alone; to a specialist, the join page's
	Specialist *SpecialistMail   // what an email to a specialist says (F3)
}
