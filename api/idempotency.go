package api

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

const (
	keyHeader      = "Idempotency-Key"
	replayedHeader = "Idempotent-Replayed"
	maxKey         = 255
	// minSecretKey is for operations that answer with a secret: the kept answer is sealed under a key derived from
	// the Idempotency-Key, which must not be guessable.
	minSecretKey = 20
)

// secretAnswer marks, in an operation's metadata, that it answers with a secret.
const secretAnswer = "secret_answer"

func keyBounds(op *huma.Operation) (least, most int) {
	if op.Metadata[secretAnswer] == true {
		return minSecretKey, maxKey
	}
	return 1, maxKey
}

// keyed hands the Idempotency-Key of a POST to the store, which keeps the answer together with the change.
func (s *Server) keyed(ctx huma.Context, next func(huma.Context)) {
	r, w := humachi.Unwrap(ctx)
	if r.Method != http.MethodPost || len(r.Header.Values(keyHeader)) == 0 {
		next(ctx)
		return
	}
	key := r.Header.Get(keyHeader)
	if problem := checkKey(ctx.Operation(), key); problem != nil {
		s.refuse(w, r, problem)
		return
	}
	x := exchangeFrom(ctx.Context())
	x.idem = &store.Idempotency{Caller: cmp.Or(x.caller.TokenID, x.caller.RepID, x.guest.AttendeeID, "public"), Operation: "POST " + r.URL.Path, Key: key, Body: x.body}
	next(huma.WithContext(ctx, store.WithIdempotency(ctx.Context(), x.idem)))
}

func checkKey(op *huma.Operation, key string) *desk.Problem {
	least, most := keyBounds(op)
	visible := !strings.ContainsFunc(key, func(r rune) bool { return r < '!' || r > '~' })
	if !visible || len(key) < least || len(key) > most {
		return desk.Invalid("header."+keyHeader, "bad_format", "must be %d to %d visible ASCII characters", least, most)
	}
	return nil
}

// tellReplayed says in the answer that it is a kept one. It is called before the answer is written.
func tellReplayed(ctx context.Context) {
	if x := exchangeFrom(ctx); x.idem != nil && x.idem.Replayed {
		x.header.Set(replayedHeader, "true")
	}
}

// documentKey adds the header to a POST.
func documentKey(op *huma.Operation) {
	if op.Method != http.MethodPost {
		return
	}
	least, most := keyBounds(op)
	op.Parameters = append(op.Parameters, &huma.Param{Name: keyHeader, In: "header",
		Description: "Makes the request safe to repeat: for 24 hours the same key with the same body gets the first answer again, with Idempotent-Replayed: true",
		Schema:      &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most, Pattern: "^[!-~]+$"}})
}
