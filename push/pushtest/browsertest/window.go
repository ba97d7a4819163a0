package browsertest

import (
	"cmp"
	"context"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Opened is the window that the page has opened. It waits until there is one.
func (p *Page) Opened(look Look) *Page {
	p.t.Helper()
	opener := chromedp.FromContext(p.ctx).Target.TargetID
	var id target.ID
	if !p.becomes(func(ctx context.Context) bool {
		all, _ := chromedp.Targets(ctx)
		for _, one := range all {
			if one.OpenerID == opener {
				id = one.TargetID
			}
		}
		return id != ""
	}) {
		p.t.Fatal("the page opens no window")
	}
	ctx, closed := chromedp.NewContext(p.ctx, chromedp.WithTargetID(id))
	p.t.Cleanup(closed)
	w := &Page{t: p.t, ctx: ctx, types: map[network.RequestID]network.ResourceType{}}
	if err := chromedp.Listen(ctx, w.record); err != nil {
		p.t.Fatal(err)
	}
	w.run("look at the window", chromedp.EmulateViewport(look.Width, cmp.Or(look.Height, 800)), chromedp.Func(look.emulate))
	return w
}
