package store_test

import (
	"strings"
	"testing"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// Who is far behind long events gets them in parts, each once: a reader that takes nothing holds one part in memory.
func TestH2LongEventsComeInParts(t *testing.T) {
	each(t, func(t *testing.T, d *storetest.Desk, _ *storetest.Clock) {
		const messages, length = 30, desk.MaxMessage * 4 // bytes: each character takes four
		ana := d.LogIn("ana")
		session := d.OpenSession(ana, "")
		sub := must(d.Subscribe(t.Context(), ana))
		defer sub.Close()
		for range messages {
			must(d.PostMessage(t.Context(), ana, session.ID, store.NewMessage{Text: strings.Repeat("👩", desk.MaxMessage)}))
		}
		parts, seen, after := 0, map[int64]int{}, sub.Start()
		for more := true; more; parts++ {
			events := must(sub.Read(t.Context(), after, []desk.EventType{desk.EventMessagePosted}, 200))
			if n := len(events.Items); n > store.ReadAtOnce/length+1 {
				t.Errorf("%d long events at once", n)
			}
			for _, e := range events.Items {
				seen[e.ID]++
			}
			after, more = events.Cursor, events.More
		}
		if len(seen) != messages || parts < 3 || after != must(d.LastEvent(t.Context())) {
			t.Errorf("%d of %d events in %d parts, up to %d", len(seen), messages, parts, after)
		}
		for id, times := range seen {
			if times != 1 {
				t.Errorf("event %d came %d times", id, times)
			}
		}
	})
}
