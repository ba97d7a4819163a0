package desk_test

import (
	"testing"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

func TestG13QuietHours(t *testing.T) {
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", text, madrid)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	night, noon := &desk.QuietHours{From: "22:00", To: "07:00"}, &desk.QuietHours{From: "12:00", To: "13:30"}
	for _, c := range []struct {
		name       string
		quiet      *desk.QuietHours
		now, until string
	}{
		{"none", nil, "2026-05-04 23:00", "2026-05-04 23:00"},
		{"before the night", night, "2026-05-04 21:59", "2026-05-04 21:59"},
		{"when it begins", night, "2026-05-04 22:00", "2026-05-05 07:00"},
		{"before midnight, at the end of a month", night, "2026-05-31 23:30", "2026-06-01 07:00"},
		{"after midnight", night, "2026-05-05 03:00", "2026-05-05 07:00"},
		{"when it ends", night, "2026-05-05 07:00", "2026-05-05 07:00"},
		{"within a day", noon, "2026-05-05 12:10", "2026-05-05 13:30"},
		{"after it", noon, "2026-05-05 13:30", "2026-05-05 13:30"},
		{"through the night that is an hour shorter", night, "2026-03-28 23:00", "2026-03-29 07:00"},
		{"ending in the hour that is left out", &desk.QuietHours{From: "22:00", To: "02:30"}, "2026-03-28 23:00", "2026-03-29 03:30"},
	} {
		if got := c.quiet.Until(at(c.now).UTC(), madrid); !got.Equal(at(c.until)) {
			t.Errorf("%s: %s until %s, want %s", c.name, c.now, got.In(madrid), c.until)
		}
	}
	for quiet, field := range map[desk.QuietHours]string{{From: "22:00", To: "07:00"}: "", {From: "7:00", To: "08:00"}: "quiet_hours.from", {From: "24:00", To: "08:00"}: "quiet_hours.from",
		{From: "22:00", To: ""}: "quiet_hours.to", {From: "22:00", To: "22:00"}: "quiet_hours.to"} {
		p := quiet.Check()
		if got := fieldOf(p); got != field {
			t.Errorf("%+v: refused for %q, want %q", quiet, got, field)
		}
	}
}

func fieldOf(p *desk.Problem) string {
	if p == nil {
		return ""
	}
	return p.Errors[0].Field
}
