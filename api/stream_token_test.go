package api

import (
	"context"
	"errors"
	"testing"

	"github.com/repdesk/repdesk/store/desk"
)

// H2: a stream ends for its token's sake only where the token is refused, and not while the storage is away.
func TestWhatEndsAStreamForItsToken(t *testing.T) {
	for err, want := range map[error]bool{
		nil: false, context.Canceled: false, errors.New("a fault"): false, desk.Refuse(desk.Unavailable, ""): false, desk.Refuse(desk.StorageFull, ""): false,
		desk.Refuse(desk.ConsoleRevoked, ""): true, desk.Refuse(desk.TokenExpired, ""): true, desk.Refuse(desk.TokenUnknown, ""): true, desk.Refuse(desk.AccountDisabled, ""): true,
		desk.Refuse(desk.NotAllowed, ""): true, desk.Refuse(desk.NotFound, ""): false,
	} {
		if got := refusesToken(err); got != want {
			t.Errorf("%v: got %v", err, got)
		}
	}
}
