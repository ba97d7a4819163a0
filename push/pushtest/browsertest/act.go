package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Keys that are no characters, for Keys.
const (
	Enter  = kb.Enter
	Escape = kb.Escape
	Down   = kb.ArrowDown
	Up     = kb.ArrowUp
)

// fields are the roles of what Fill types into. A select is a combobox.
var fields = []string{"textbox", "searchbox", "combobox", "spinbutton"}

// Fill types into the field of that name, in place of what stands there. In a select, that chooses the option.
func (p *Page) Fill(name, text string) {
	p.t.Helper()
	p.run("fill "+name, focus(p.find(name, true)), chromedp.KeyEvent("a", selectAll), chromedp.KeyEvent(kb.Backspace), write(text))
}

// write presses the keys of a text, of which a line's end is Enter. What stands on no key comes as from an input method.
func write(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		for _, r := range text {
			press := chromedp.KeyEvent(string(r))
			if r > unicode.MaxASCII {
				press = insert(string(r))
			}
			if _, err := press(ctx, tab); err != nil {
				return err
			}
		}
		return nil
	})
}

func insert(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, input.InsertText, input.InsertTextParams{Text: text})
		return err
	})
}

// selectAll makes a key do what Ctrl and A do, which a browser without a window leaves to whoever presses them.
func selectAll(k *input.DispatchKeyEventParams) {
	k.Modifiers |= int64(kb.ModifierCtrl)
	k.Commands = []string{"selectAll"}
}

// Click clicks on the button, the link, the checkbox or whatever else has that name, in its middle, with the mouse. It
// waits until there is one, but not for what becomes of it.
func (p *Page) Click(name string) {
	p.t.Helper()
	p.run("click "+name, click(p.find(name, false)))
}

// Press clicks on what leads to another page, and waits for that.
func (p *Page) Press(name string) {
	p.t.Helper()
	found := p.find(name, false)
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, click(found)); err != nil {
		p.t.Fatalf("press %s: %v", name, err)
	}
}

// Tab presses the Tab key n times; with Shift, if n is below zero.
func (p *Page) Tab(n int) {
	p.t.Helper()
	var held []chromedp.KeyOption
	if n < 0 {
		n, held = -n, []chromedp.KeyOption{chromedp.KeyModifiers(chromedp.ModifierShift)}
	}
	for range n {
		p.run("press Tab", chromedp.KeyEvent(kb.Tab, held...))
	}
}

// Keys presses keys, one after the other.
func (p *Page) Keys(keys string) {
	p.t.Helper()
	p.run(fmt.Sprintf("press %q", keys), chromedp.KeyEvent(keys, enterAtOnce))
}

// enterAtOnce makes Enter one event with its character, as keyboards do. Else the character would come when the key has already
// led elsewhere, and do there what it does: send a form.
func enterAtOnce(k *input.DispatchKeyEventParams) {
	if k.Key != "Enter" {
		return
	}
	switch k.Type {
	case kb.KeyDown:
		k.Text = kb.Enter
	case kb.KeyChar:
		k.Type, k.Text, k.UnmodifiedText = kb.KeyUp, "", ""
	}
}

// Focused is the name of what has the focus, as a screen reader says it. It is empty if nothing has.
func (p *Page) Focused() (name string) {
	p.t.Helper()
	p.run("look at the focus", chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		focused, err := chromedp.Evaluate[*runtime.RemoteObject](`document.activeElement === document.body ? null : document.activeElement`)(ctx, tab)
		if err != nil || focused.ObjectID == "" {
			return err
		}
		one := false
		said, err := cdp.Call(ctx, tab, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{ObjectID: focused.ObjectID, FetchRelatives: &one})
		if err == nil && len(said.Nodes) > 0 {
			name = word(said.Nodes[0].Name)
		}
		return err
	}))
	return name
}

// Until waits until people see the text on the page, whatever page that is by then.
func (p *Page) Until(text string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("there is no %q", text), func(seen string) bool { return strings.Contains(seen, oneSpace(text)) })
}

// Gone waits until people do not see the text any more.
func (p *Page) Gone(text string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("there still is %q", text), func(seen string) bool { return !strings.Contains(seen, oneSpace(text)) })
}

func (p *Page) wait(trouble string, is func(seen string) bool) {
	p.t.Helper()
	var seen string
	if !p.becomes(func(ctx context.Context) bool {
		now, err := chromedp.Run(ctx, chromedp.Evaluate[string](visible))
		if err == nil {
			seen = oneSpace(now)
		}
		return err == nil && is(seen)
	}) {
		p.t.Fatalf("%s: %s", trouble, seen)
	}
}

// becomes asks until it is so, because waiting inside of a page ends with the page, and does not work without scripts.
// Between two pages there is nobody to ask, so errors are no answer.
func (p *Page) becomes(so func(context.Context) bool) bool {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for again := time.NewTicker(20 * time.Millisecond); ; {
		if so(ctx) {
			return true
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return false
		}
	}
}

const visible = `document.body.innerText`

// Text is what people see of the page.
func (p *Page) Text() string {
	p.t.Helper()
	return p.ask("read", visible)
}

// URL is the address of the page.
func (p *Page) URL() string {
	p.t.Helper()
	return p.ask("read the address", `location.href`)
}

func (p *Page) ask(what, expression string) (answer string) {
	p.t.Helper()
	p.run(what, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) (err error) {
		answer, err = chromedp.Evaluate[string](expression)(ctx, tab)
		return err
	}))
	return answer
}

// find waits for the one thing of that name which can have the focus: a field, or something to click on. It looks where
// screen readers look, so what has no name, or is disabled, hidden or behind a dialog, is not there.
func (p *Page) find(name string, field bool) (found cdp.BackendNodeID) {
	p.t.Helper()
	var named []cdp.BackendNodeID
	if !p.becomes(func(ctx context.Context) bool {
		named, _ = chromedp.Run(ctx, called(name, field))
		return len(named) > 0
	}) {
		p.t.Fatalf("nothing to use is called %q: %s", name, p.Text())
	}
	if len(named) > 1 {
		p.t.Fatalf("%d things are called %q", len(named), name)
	}
	return named[0]
}

func called(name string, field bool) chromedp.Action[[]cdp.BackendNodeID] {
	return func(ctx context.Context, tab *chromedp.Target) (found []cdp.BackendNodeID, err error) {
		document, err := chromedp.Evaluate[*runtime.RemoteObject](`document`)(ctx, tab)
		if err != nil {
			return nil, err
		}
		all, err := cdp.Call(ctx, tab, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{ObjectID: document.ObjectID, AccessibleName: name})
		for _, n := range all.Nodes {
			if !n.Ignored && focusable(n) && slices.Contains(fields, word(n.Role)) == field {
				found = append(found, n.BackendDOMNodeID)
			}
		}
		return found, err
	}
}

func focusable(n *accessibility.Node) bool {
	return slices.ContainsFunc(n.Properties, func(p *accessibility.Property) bool {
		return p.Name == accessibility.PropertyNameFocusable && string(p.Value.Value) == "true"
	})
}

// word is a value that is a text, or nothing.
func word(v *accessibility.Value) (text string) {
	if v != nil {
		_ = json.Unmarshal(v.Value, &text)
	}
	return text
}

func focus(node cdp.BackendNodeID) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, dom.Focus, dom.FocusParams{BackendNodeID: node})
		return err
	})
}

func click(node cdp.BackendNodeID) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := cdp.Call(ctx, tab, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: node}); err != nil {
			return err
		}
		at, err := cdp.Call(ctx, tab, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: node})
		if err != nil {
			return err
		}
		if len(at.Quads) == 0 {
			return fmt.Errorf("it has no place on the page")
		}
		corners := at.Quads[0] // x and y of each
		_, err = chromedp.MouseClickXY((corners[0]+corners[4])/2, (corners[1]+corners[5])/2)(ctx, tab)
		return err
	})
}

func oneSpace(text string) string { return strings.Join(strings.Fields(text), " ") }
