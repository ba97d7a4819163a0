package desk

import "time"

// Ref names a thing inside another thing's answer.
type Ref struct {
	ID   string `json:"id" doc:"Opaque id" example:"rep_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Name string `json:"name" doc:"What people call it" example:"Ana Ruiz"`
}

// Time turns Unix milliseconds, as stored, into the whole UTC seconds that answers carry: some clients' parsers
// refuse fractions.
func Time(ms int64) time.Time { return time.UnixMilli(ms).UTC().Truncate(time.Second) }

// TimePtr is Time for a time that may be unset (0).
func TimePtr(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	t := Time(ms)
	return &t
}
