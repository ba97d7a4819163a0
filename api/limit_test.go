package api

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// So many a minute, and Retry-After says when one more is allowed.
func TestE6TheWindowSlides(t *testing.T) {
	for _, limit := range []int{1, 2, 7, 60} {
		synctest.Test(t, func(t *testing.T) {
			w := newWindow(time.Minute, time.Now)
			time.Sleep(13 * time.Second)
			for range 5 {
				taken := 0
				var wait time.Duration
				for wait == 0 {
					if wait = w.take("a", limit); wait == 0 {
						taken++
					}
				}
				if taken < 1 || taken > limit || wait > 2*time.Minute {
					t.Fatalf("limit %d: %d taken, then a wait of %v", limit, taken, wait)
				}
				if w.take("b", limit*10) != 0 {
					t.Error("another key is counted together")
				}
				time.Sleep(wait + time.Millisecond)
			}
		})
	}
	w := newWindow(time.Minute, time.Now)
	for range 1000 {
		if w.take("a", -1) != 0 {
			t.Fatal("a limit that is off")
		}
	}
}

// Whose word counts for where a request came from.
func TestE6WhereARequestCameFrom(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}
	for _, c := range []struct {
		name      string
		trusted   []netip.Prefix
		remote    string
		forwarded []string
		want      string
	}{
		{"nobody is trusted", nil, "192.0.2.1:4000", nil, "192.0.2.1"},
		{"forged, and nobody is trusted", nil, "192.0.2.1:4000", []string{"203.0.113.9"}, "192.0.2.1"},
		{"forged by an unlisted client", proxies, "192.0.2.1:4000", []string{"203.0.113.9"}, "192.0.2.1"},
		{"forged with a proxy's address", proxies, "192.0.2.1:4000", []string{"10.1.1.1"}, "192.0.2.1"},
		{"by a proxy", proxies, "10.0.0.1:4000", []string{"203.0.113.9"}, "203.0.113.9"},
		{"forged before a proxy", proxies, "10.0.0.1:4000", []string{"198.51.100.7, 203.0.113.9"}, "203.0.113.9"},
		{"forged in a header of its own", proxies, "10.0.0.1:4000", []string{"198.51.100.7", "203.0.113.9"}, "203.0.113.9"},
		{"through two proxies", proxies, "10.0.0.1:4000", []string{"198.51.100.7, 203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"through an IPv6 proxy", proxies, "[2001:db8:ffff::1]:4000", []string{"203.0.113.9"}, "203.0.113.9"},
		{"a proxy that does not say", proxies, "10.0.0.1:4000", nil, "10.0.0.1"},
		{"a proxy that says nonsense", proxies, "10.0.0.1:4000", []string{"203.0.113.9, unknown"}, "10.0.0.1"},
		{"IPv6 by its /64", nil, "[2001:db8:1:2:aaaa::1]:4000", nil, "2001:db8:1:2::"},
		{"the same customer", nil, "[2001:db8:1:2:bbbb::2]:4000", nil, "2001:db8:1:2::"},
		{"IPv4 in IPv6", nil, "[::ffff:192.0.2.1]:4000", nil, "192.0.2.1"},
		{"no address", nil, "@", nil, "@"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		r.Header["X-Forwarded-For"] = c.forwarded
		got := ""
		clientAddress(c.trusted)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = addressOf(r) })).ServeHTTP(httptest.NewRecorder(), r)
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
