package desk

import (
	"strings"
	"time"
	"unicode"
)

// SessionKeyAlphabet has no two characters that look alike: of 0 O D, 1 I L, 2 Z, 5 S, 6 G, 8 B and U V at most one is in
// it. Of the vowels A and E are left, which makes few words.
const SessionKeyAlphabet = "34679ACDEFHJKMNPQRTVWXY"

// Bounds of session keys (E1).
const (
	SessionKeyLength      = 7
	SessionKeyLifetime    = 20 * time.Minute // unless the rep says otherwise
	MinSessionKeyLifetime = time.Minute
	MaxSessionKeyLifetime = 24 * time.Hour
	MaxSessionKeys        = 50 // that stand, of one rep
)

// SessionKey lets one customer in, who then waits for the rep who made it.
type SessionKey struct {
	ID        string    `json:"id" doc:"Opaque id" example:"key_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Key       string    `json:"key,omitempty" doc:"What the customer enters, in any case, with spaces and hyphens as they like; shown this once" example:"7KM4XQ9"`
	URL       string    `json:"url,omitempty" doc:"A page that enters it; shown this once" example:"https://desk.example.com/p/main#key=7KM4XQ9"`
	Portal    *Ref      `json:"portal,omitempty" doc:"The portal whose settings the session will have"`
	CreatedAt time.Time `json:"created_at" doc:"When it was made"`
	ExpiresAt time.Time `json:"expires_at" doc:"Until when it lets somebody in; the session itself lasts as long as it lasts"`
}

// NormalCode is a key or code as it was made, of how somebody wrote it.
func NormalCode(written string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return unicode.ToUpper(r)
	}, written)
}
