// Package browsertest looks at pages and emails as people see them, in a Chromium without a window, for tests.
package browsertest

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

const (
	// patience is how long anything may take on a loaded machine.
	patience = 30 * time.Second
	// Phone and Desktop are widths in CSS pixels; Phone is that of a small one.
	Phone   = 360
	Desktop = 1000
)

// Browser is one Chromium for a test and its subtests.
type Browser struct{ ctx context.Context }

// New starts it; it ends with the test. Without Chromium the test is skipped, and fails where CI is set.
func New(t testing.TB) *Browser {
	t.Helper()
	program := find()
	if program == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("Chromium is needed in CI")
		}
		t.Skip("no Chromium on this machine, so nobody looks at what people see: install it, as .ci/run does by apt")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(program), chromedp.Flag("hide-scrollbars", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocated, freed := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocated)
	t.Cleanup(func() { stop(); freed() })
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return &Browser{ctx}
}

func find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Private is the same Chromium for somebody else: its pages share cookies with each other, as those of b do, and none
// with those. It ends with the test.
func (b *Browser) Private(t testing.TB) *Browser {
	t.Helper()
	ctx, stop := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("a private window: %v", err)
	}
	return &Browser{ctx}
}

// Look is how somebody looks at a page.
type Look struct {
	Width    int64  // in CSS pixels
	Height   int64  // 0: 800; frames below the window's edge are not painted
	Dark     bool   // prefers-color-scheme
	Language string // what the browser asks for, such as "de-AT,en"; empty: English
	NoScript bool   // the page's own scripts do not run
}

// Name tells pictures of one page apart.
func (l Look) Name() string {
	scheme := "light"
	if l.Dark {
		scheme = "dark"
	}
	return fmt.Sprintf("%s-%d", scheme, l.Width)
}

// Page is a page that is open.
type Page struct {
	t          testing.TB
	ctx        context.Context
	mu         sync.Mutex
	requests   []string
	types      map[network.RequestID]network.ResourceType
	complaints []string
}

// Open opens an address.
func (b *Browser) Open(t testing.TB, address string, look Look) *Page {
	t.Helper()
	ctx, closed := chromedp.NewContext(b.ctx)
	t.Cleanup(closed)
	p := &Page{t: t, ctx: ctx, types: map[network.RequestID]network.ResourceType{}}
	if err := chromedp.Listen(ctx, p.record); err != nil { // which makes the tab, so no time limit may end with it
		t.Fatal(err)
	}
	p.run("open "+address, chromedp.EmulateViewport(look.Width, cmp.Or(look.Height, 800)), chromedp.Func(look.emulate), chromedp.Navigate(address))
	return p
}

// emulate makes the tab what the look says, and lets it have the focus, which on a desk only one tab has.
func (l Look) emulate(ctx context.Context, tab *chromedp.Target) error {
	scheme := "light"
	if l.Dark {
		scheme = "dark"
	}
	_, focus := cdp.Call(ctx, tab, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	_, colours := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	_, scripts := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: l.NoScript})
	return errors.Join(focus, colours, scripts, l.speak(ctx, tab))
}

// speak sets the language, for the header and for scripts.
func (l Look) speak(ctx context.Context, tab *chromedp.Target) error {
	if l.Language == "" {
		return nil
	}
	agent, err := chromedp.Evaluate[string](`navigator.userAgent`)(ctx, tab)
	if err == nil {
		_, err = cdp.Call(ctx, tab, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: l.Language})
	}
	return err
}

// Show opens what a mail program would show of an email.
func (b *Browser) Show(t testing.TB, html string, look Look) *Page {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(html))
	}))
	t.Cleanup(server.Close)
	return b.Open(t, server.URL, look)
}

func (p *Page) record(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if sent, ok := event.(*network.EventRequestWillBeSent); ok {
		p.types[sent.RequestID] = sent.Type
		if !isIcon(sent.Request.URL) { // which the browser asks for by itself
			p.requests = append(p.requests, sent.Request.URL)
		}
	}
	if wrong := p.complaint(event); wrong != "" {
		p.complaints = append(p.complaints, wrong)
	}
}

// Requests are the addresses that were asked for, that of the page first.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

func (p *Page) run(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

// Seen is what somebody sees of a page.
type Seen struct {
	Lang    string   `json:"lang"`
	Text    string   `json:"text"`    // what is visible
	Wide    []string `json:"wide"`    // what reaches beyond the window's edge
	Faint   []string `json:"faint"`   // texts whose contrast with their ground is below 4.5 (WCAG 2.2, 1.4.3)
	Texts   int      `json:"texts"`   // those whose contrast was looked at
	Buttons []Button `json:"buttons"` // links and buttons that are blocks of their own
}

// Button is something to press. Sizes are in CSS pixels.
type Button struct {
	Label  string  `json:"label"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

//go:embed seen.js
var seen string

// Seen looks at the page.
func (p *Page) Seen() Seen {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Evaluate[Seen](seen))
	if err != nil {
		p.t.Fatalf("look: %v", err)
	}
	return s
}

// Picture writes the whole page as a PNG where REPDESK_PICTURES says to; without that it does nothing.
func (p *Page) Picture(name string) {
	p.t.Helper()
	folder := os.Getenv("REPDESK_PICTURES")
	if folder == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, strings.ReplaceAll(name, "/", "-")+".png"), picture, 0o644)
	}
	if err != nil {
		p.t.Errorf("picture: %v", err)
	}
}
