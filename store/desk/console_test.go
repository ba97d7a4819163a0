package desk

import (
	"strings"
	"testing"
	"time"
)

func TestPresenceIsALease(t *testing.T) {
	seen := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	if got := LoggedInUntil(seen, true).Sub(seen); got != 12*time.Hour {
		t.Errorf("with a push target: %s", got)
	}
	got := LoggedInUntil(seen, false).Sub(seen)
	if got < 60*time.Second || got > 2*time.Minute {
		t.Errorf("without a push target: %s", got)
	}
}

func TestDeviceCheck(t *testing.T) {
	text := func(s string) *string { return &s }
	for _, c := range []struct {
		name   string
		device Device
		field  string
	}{
		{"empty", Device{}, ""},
		{"ordinary", Device{Name: text("Ana's Pixel 📱"), DeviceID: text("2f1c"), PushTarget: text(strings.Repeat("x", 2048))}, ""},
		{"a line break in the name", Device{Name: text("Pixel\nBcc: x")}, "device.name"},
		{"NUL in the id", Device{DeviceID: text("a\x00")}, "device.device_id"},
		{"target too long", Device{PushTarget: text(strings.Repeat("x", 2049))}, "device.push_target"},
		{"not UTF-8", Device{OSVersion: text("\xff")}, "device.os_version"},
	} {
		p := c.device.Check("device.")
		switch {
		case c.field == "" && p != nil:
			t.Errorf("%s: %v", c.name, p)
		case c.field != "" && (p == nil || p.Errors[0].Field != c.field):
			t.Errorf("%s: got %+v, want %s", c.name, p, c.field)
		}
	}
}
