// Package repdesk talks to a repdesk server. Everything that the contract names is generated: a method for each operation,
// with "WithResponse" at its end, and a type for each schema. Beside it stand what all requests have in common (New), refusals
// as errors (Problem), and the events as they come (EventStream).
package repdesk

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	keyHeader = "Idempotency-Key"
	// mostRepeats is how often a request is repeated before its failure is told.
	mostRepeats = 3
	// longestWait is how long a request waits for its next attempt at most: who is told to wait longer is told so.
	longestWait = 10 * time.Second
)

// New makes a client of the desk at an address, such as https://desk.example.com. The token is a console's, as LogIn answers
// it, a guest's, or an API token; without one ("") it can do what needs none, such as LogIn.
//
// A request that is refused returns a *Problem as its error, so that a nil error means an answer of the 2xx or 304. What the
// network, a busy server or a proxy made fail is repeated up to 3 times where nothing can be done twice: a POST, which gets
// an Idempotency-Key, a GET, PUT and DELETE. The request's context bounds all attempts together.
func New(baseURL, token string, options ...ClientOption) (*ClientWithResponses, error) {
	return NewClientWithResponses(baseURL, append(slices.Clone(options), func(c *Client) error {
		if c.Client == nil {
			c.Client = stayHome
		}
		c.Client = &doer{under: c.Client, token: token}
		return nil
	})...)
}

// stayHome takes the token nowhere else: net/http would take it to subdomains and other ports of the host.
var stayHome = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// IdempotencyKey gives a POST a key of the caller's own, of 1 to 255 visible ASCII characters, and 20 at least where the answer
// has a secret: for 24 hours the same key with the same body gets the first answer again, even from another process.
func IdempotencyKey(key string) RequestEditorFn {
	return func(_ context.Context, r *http.Request) error {
		r.Header.Set(keyHeader, key)
		return nil
	}
}

// errPage is a fault of the network: the desk answers no operation with a page.
var errPage = errors.New("a page came in place of an answer: the network wants somebody to log in, perhaps")

// doer sends the requests of a client.
type doer struct {
	under HttpRequestDoer
	token string
}

// Do sends a request, again where that helps, and returns refusals as errors.
func (d *doer) Do(r *http.Request) (*http.Response, error) {
	d.dress(r)
	for repeats := 0; ; repeats++ {
		answer, err := d.once(r)
		if err == nil || repeats == mostRepeats || !repeatable(r) {
			return answer, err
		}
		pause, helps := pauseBefore(err, repeats)
		if !helps || wait(r.Context(), pause) != nil {
			return nil, err
		}
		if r.GetBody != nil {
			if r.Body, err = r.GetBody(); err != nil {
				return nil, err
			}
		}
	}
}

// dress gives a request the headers that all have. The client may be newer than the server, which is to leave out what it
// does not know.
func (d *doer) dress(r *http.Request) {
	if d.token != "" {
		r.Header.Set("Authorization", "Bearer "+d.token)
	}
	r.Header.Set("Prefer", "handling=lenient")
	if r.Method == http.MethodPost && r.Header.Get(keyHeader) == "" {
		r.Header.Set(keyHeader, uuid.NewString())
	}
}

func (d *doer) once(r *http.Request) (*http.Response, error) {
	answer, err := d.under.Do(r)
	switch {
	case err != nil:
		return answer, err
	case answer.StatusCode >= http.StatusBadRequest:
		defer answer.Body.Close()
		return nil, problemOf(answer)
	case strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html"):
		answer.Body.Close()
		return nil, errPage
	}
	return answer, nil
}

// repeatable says whether nothing is done twice by a request that is sent again. A PATCH has no key, and may come after that
// of somebody else.
func repeatable(r *http.Request) bool {
	return r.Method != http.MethodPatch && (r.Body == nil || r.Body == http.NoBody || r.GetBody != nil)
}

// pauseBefore says how long to wait before a failed request is repeated, and whether that is of use at all.
func pauseBefore(err error, repeats int) (pause time.Duration, helps bool) {
	p, refused := AsProblem(err)
	switch {
	case !refused:
		return jitter(time.Second, repeats), !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	case p.RetryAfterSeconds != nil:
		pause = time.Duration(*p.RetryAfterSeconds) * time.Second
		return pause + jitter(time.Second, 0), p.Retry != RetryNever && pause <= longestWait
	}
	return jitter(time.Second, repeats), p.Retry == RetrySameKey
}

// jitter is a random time below first, doubled for each earlier attempt, and a minute at most: those who failed together do
// not come back together.
func jitter(first time.Duration, earlier int) time.Duration {
	most := min(float64(first)*math.Pow(2, float64(earlier)), float64(time.Minute))
	return time.Duration(rand.Float64() * most)
}

// wait waits, if the context lasts that long.
func wait(ctx context.Context, pause time.Duration) error {
	if end, ends := ctx.Deadline(); ends && time.Until(end) < pause {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
