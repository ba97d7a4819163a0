package browsertest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// Complaints is what the page's console says is wrong: exceptions that nobody caught, what a policy kept from loading or
// running, parts that are missing, and what its scripts report as errors or warnings. Refusals of what a page or a script
// asks for are no complaints: tests look at the answers.
func (p *Page) Complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.complaints)
}

// complaint is empty if there is nothing wrong.
func (p *Page) complaint(event any) string {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		if thrown := e.ExceptionDetails.Exception; thrown != nil {
			return e.ExceptionDetails.Text + " " + thrown.Description
		}
		return e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		if slices.Contains([]runtime.ConsoleAPICalledType{runtime.ConsoleAPICalledTypeError, runtime.ConsoleAPICalledTypeWarning, runtime.ConsoleAPICalledTypeAssert}, e.Type) {
			return fmt.Sprintf("%s: %s", e.Type, words(e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !p.asked(e.Entry) {
			return strings.TrimSpace(e.Entry.Text + " " + e.Entry.URL)
		}
	}
	return ""
}

// asked says whether the entry is about what a test looks at by itself, or what the browser wants for its own window.
func (p *Page) asked(entry *log.Entry) bool {
	return entry.Source == log.EntrySourceNetwork && (isIcon(entry.URL) ||
		slices.Contains([]network.ResourceType{network.ResourceTypeDocument, network.ResourceTypeFetch, network.ResourceTypeXHR, network.ResourceTypeEventSource}, p.types[entry.NetworkRequestID]))
}

func words(args []*runtime.RemoteObject) string {
	var all []string
	for _, arg := range args {
		var text string
		if json.Unmarshal(arg.Value, &text) != nil {
			text = cmp.Or(string(arg.Value), arg.Description)
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func isIcon(address string) bool { return strings.HasSuffix(address, "/favicon.ico") }
