package store

import (
	"context"
	"runtime"
	"sync/atomic"

	"github.com/alexedwards/argon2id"

	"github.com/repdesk/repdesk/store/desk"
)

// PasswordCost is the work of one argon2id hash. The zero value is what the OWASP Password Storage Cheat Sheet
// recommends: 19 MiB, 2 passes, 1 thread.
type PasswordCost struct {
	MemoryKiB uint32
	Passes    uint32
}

func (c PasswordCost) params() *argon2id.Params {
	p := &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	if c.MemoryKiB != 0 {
		p.Memory = c.MemoryKiB
	}
	if c.Passes != 0 {
		p.Iterations = c.Passes
	}
	return p
}

// hashQueue is how many passwords may be hashed or wait for it. Who would be one more is refused: a flood of log-ins must
// not make everybody wait longer and longer.
const hashQueue = 64

// hashing bounds how many passwords are hashed at once: each takes memory and a whole processor, of which one is left
// for everything else.
var (
	hashing = make(chan struct{}, max(1, runtime.NumCPU()-1))
	inQueue atomic.Int64
)

func slowly(ctx context.Context, work func() error) error {
	if inQueue.Add(1) > hashQueue {
		inQueue.Add(-1)
		p := desk.Refuse(desk.Unavailable, "Too many log-ins at once.")
		p.RetryAfter = storageRetryAfter
		return p
	}
	defer inQueue.Add(-1)
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
		return work()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) hashPassword(ctx context.Context, password string) (hash string, err error) {
	err = slowly(ctx, func() error {
		hash, err = argon2id.CreateHash(password, s.cfg.Password.params())
		return err
	})
	return hash, err
}

// passwordMatches compares a password with a stored hash; an empty hash matches nothing, but takes as long, so that
// the time does not tell which user names exist.
func (s *Store) passwordMatches(ctx context.Context, password, hash string) (matches bool, err error) {
	if hash == "" {
		_, err := s.hashPassword(ctx, password)
		return false, err
	}
	err = slowly(ctx, func() error {
		matches, err = argon2id.ComparePasswordAndHash(password, hash)
		return err
	})
	return matches, err
}
