package store

import (
	"context"

	"github.com/repdesk/repdesk/store/desk"
)

// testKey is what a test push is about.
const testKey = "test"

// deviceOfConsole is one console as a device.
const deviceOfConsole = deviceColumns + ` FROM consoles c WHERE c.id = $1 AND c.push_target <> ''`

// pushSignedOut tells the device of a console whose log-in is being ended from elsewhere, and why.
func (t *tx) pushSignedOut(console desk.Console, why desk.SignedOut) error {
	if why == desk.SignedOutHere {
		return nil
	}
	devices, err := list(t, deviceOfConsole, []any{console.ID}, scanDevice)
	for _, d := range devices {
		if err == nil {
			err = t.queuePush(news{about: console.ID, aboutRev: console.Rev + 1, reason: string(why), purpose: desk.PurposeSignedOut}, d)
		}
	}
	return err
}

// signedOutJob says whether the device of a console that was ended is still to be told: not where another rep logged in on it
// meanwhile.
func (t *tx) signedOutJob(job *desk.Job) (why string, err error) {
	taken, err := t.exists(`SELECT 1 FROM consoles WHERE push_target = $1 AND push_target <> '' AND rep_id <> $2`, job.PushTarget, job.Rep.ID)
	if taken {
		why = "over"
	}
	return why, err
}

// SendTestPush sends a push to one of the caller's consoles that only shows that pushes arrive (G10); "current" is the one that
// asks. It is refused with no_push_target where there is nowhere to send it.
func (s *Store) SendTestPush(ctx context.Context, c desk.Caller, consoleID string) (desk.Delivery, error) {
	return writeAs(ctx, s, c, func(t *tx) (desk.Delivery, error) {
		id, err := t.ownConsole(c, consoleID)
		if err != nil {
			return desk.Delivery{}, err
		}
		devices, err := list(t, deviceOfConsole, []any{id}, scanDevice)
		if err != nil {
			return desk.Delivery{}, err
		}
		if len(devices) == 0 {
			return desk.Delivery{}, desk.Refuse(desk.NoPushTarget, "The console has no push target.")
		}
		if err := t.queuePush(news{about: testKey, aboutRev: ms(t.now), purpose: desk.PurposeTest}, devices[0]); err != nil {
			return desk.Delivery{}, err
		}
		return one(t, "delivery", deliveryColumns+` WHERE d.console_id = $1 AND d.console_id <> '' AND d.purpose = 'test' ORDER BY d.id DESC LIMIT 1`, []any{id}, scanDelivery)
	})
}
