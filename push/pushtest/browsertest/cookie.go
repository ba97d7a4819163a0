package browsertest

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Cookie gives the browser a cookie of an address, as that would set it for its own pages alone.
func (b *Browser) Cookie(t testing.TB, address, name, value string) {
	t.Helper()
	only := true
	err := chromedp.Do(b.ctx, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: address, HTTPOnly: &only, SameSite: network.CookieSameSiteStrict})
		return err
	}))
	if err != nil {
		t.Fatalf("set the cookie %s: %v", name, err)
	}
}
