package desk

import "time"

const (
	// MinPassword is the fewest characters of a password (NIST SP 800-63B, 5.1.1.2).
	MinPassword = 8
	// MaxPassword bounds the work that a log-in can ask for.
	MaxPassword = 200
	// FailuresForgotten is how long after the last wrong password the count starts anew.
	FailuresForgotten = time.Hour

	freeAttempts = 5 // wrong passwords before the first lock
	firstLock    = 30 * time.Second
	longestLock  = 15 * time.Minute
)

// LogInLock says for how long a user name is locked after so many wrong passwords in a row (I1): not at all for the
// first four, then 30 s, doubling up to 15 minutes.
func LogInLock(failures int) time.Duration {
	if failures < freeAttempts {
		return 0
	}
	return min(firstLock<<min(failures-freeAttempts, 10), longestLock)
}
