package store

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

const (
	// callerKnownFor is how long a server may take a token for good without asking the database. Its own changes count
	// at once; those of another server on the same database after this time at the latest.
	callerKnownFor = time.Second
	// callersKnown bounds the memory: some 500 bytes each.
	callersKnown = 50_000
)

// callers remember for a moment who a token is: looking it up costs as much as the rest of a small request.
type callers struct {
	changes atomic.Int64 // moves after each commit that may change who a token is
	mu      sync.RWMutex
	known   map[string]knownCaller // by the token's hash
}

type knownCaller struct {
	desk.Caller
	changes int64 // as it stood before the caller was read
	until   time.Time
}

func (l *callers) get(hash string, now time.Time) (desk.Caller, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	k, found := l.known[hash]
	return k.Caller, found && k.changes == l.changes.Load() && now.Before(k.until)
}

// put remembers a caller, until the time given, that was read after changes was looked at: if somebody revoked the token in
// between, the number has moved, and what is put is never taken for good.
func (l *callers) put(hash string, c desk.Caller, changes int64, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil || len(l.known) >= callersKnown {
		l.known = map[string]knownCaller{}
	}
	l.known[hash] = knownCaller{c, changes, until}
}
