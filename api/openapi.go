package api

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"

	"github.com/repdesk/repdesk/store/desk"
)

// contractVersion is the version of the contract, which grows by additions only. The program has its own.
const contractVersion = "1.0.0"

const schemaPrefix = "#/components/schemas/"

const about = `The back end of a support desk's consoles: reps share live sessions, request help, invite colleagues and outsiders, and are told at once.

Times are RFC 3339 in UTC, whole seconds. Ids are opaque; where an id of a rep, team, portal or issue is taken, its unique name works too: ` + "`@ana`" + `. Optional fields are left out, never null. Enums are open (` + "`x-extensible-enum`" + `): take unknown values for "something else". Every answer has Request-Id and Repdesk-Version, each 401 WWW-Authenticate (RFC 6750), and a kept answer to a repeated POST Idempotent-Replayed. Unknown fields and query parameters are refused, unless the request says ` + "`Prefer: handling=lenient`" + `; then Ignored-Parameters names them.`

// tags are the groups in which the operations are shown. Only those in use are published.
var tags = []*huma.Tag{
	{Name: "Server", Description: "The server itself"},
	{Name: "Consoles", Description: "Logging in, and what a rep says of themselves and their devices"},
	{Name: "Directory", Description: "Teams, issues and portals, as a rep may see them"},
	{Name: "Queues", Description: "What waits, and taking the next"},
	{Name: "Sessions", Description: "Pieces of support, from the first wait to the end"},
	{Name: "Sharing", Description: "Inviting colleagues into a session, and following what becomes of it"},
	{Name: "Specialists", Description: "Inviting people without an account"},
	{Name: "Chat", Description: "Talking within a session, and notes on it"},
	{Name: "Entrances", Description: "Ways in for customers"},
	{Name: "Public", Description: "For customers and others without an account"},
	{Name: "Guests", Description: "The customer's and a specialist's own session"},
	{Name: "Events", Description: "Being told at once"},
	{Name: "Administration", Description: "The organisation"},
}

func init() {
	huma.DefaultArrayNullable = false // lists are never null
	huma.ValidateStrictCasing = true
}

func newAPI(router chi.Router, cfg Config) huma.API {
	return humachi.New(router, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI:    "3.1.0",
			Info:       &huma.Info{Title: "repdesk", Version: contractVersion, Description: about, License: &huma.License{Name: "MIT", URL: "https://opensource.org/license/mit"}, Contact: &huma.Contact{Name: "repdesk", URL: "https://github.com/repdesk/repdesk"}},
			Servers:    []*huma.Server{{URL: cmp.Or(cfg.PublicURL, "/")}},
			Components: &huma.Components{Schemas: huma.NewMapRegistry(schemaPrefix, schemaName), SecuritySchemes: securitySchemes},
			Security:   console.security(),
		},
		Formats: huma.DefaultFormats, DefaultFormat: "application/json", RejectUnknownQueryParameters: true,
	})
}

// publish serves the documents and what explains them. The documents themselves, some 0.2 s of work, are made when
// they are first asked for.
func (s *Server) publish() {
	doc := s.api.OpenAPI()
	doc.Tags = usedTags(doc)
	doc.Extensions = map[string]any{"x-push": s.references(map[string]reflect.Type{"data": reflect.TypeFor[desk.PushMessage]()})}
	describeSchemas(doc)
	describeFields(doc.Components.Schemas)
	describeParameters(doc)
	showExamples(doc)
	s.doc = sync.OnceValue(func() published { return documents(doc) })
	s.serve("/openapi.json", "application/json", func(p published) []byte { return p.json31 })
	s.serve("/openapi.yaml", "application/yaml", func(p published) []byte { return p.yaml31 })
	s.serve("/openapi-3.0.json", "application/json", func(p published) []byte { return p.json30 })
	s.serve("/openapi-3.0.yaml", "application/yaml", func(p published) []byte { return p.yaml30 })
	s.serveReference()
	s.servePage(problemPath, problemPage())
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (s *Server) serve(path, contentType string, form func(published) []byte) {
	s.router.Get(path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Write(form(s.doc()))
	})
}

// operations lists those of a path.
func operations(item *huma.PathItem) []*huma.Operation {
	return slices.DeleteFunc([]*huma.Operation{item.Get, item.Put, item.Post, item.Patch, item.Delete}, func(op *huma.Operation) bool { return op == nil })
}

func usedTags(doc *huma.OpenAPI) []*huma.Tag {
	used := map[string]bool{}
	for _, item := range doc.Paths {
		for _, op := range operations(item) {
			used[op.Tags[0]] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(tags), func(t *huma.Tag) bool { return !used[t.Name] })
}

// serveReference serves Swagger UI out of its module. Its page is made once, so that the policy can name its scripts and
// styles.
func (s *Server) serveReference() {
	ui := v5emb.NewHandlerWithConfig(swgui.Config{Title: s.cfg.Name, SwaggerJSON: "/openapi.json", BasePath: "/docs",
		AppendHead: "<style>.opblock-section td:last-child { overflow-wrap: anywhere }</style>", // long lists of codes
		SettingsUI: map[string]string{"defaultModelsExpandDepth": "1"}})
	page := &capture{header: http.Header{}}
	r, err := http.NewRequest(http.MethodGet, "/docs", nil)
	must(err)
	ui.ServeHTTP(page, r)
	for _, path := range []string{"/docs", "/docs/"} {
		s.servePage(path, page.Bytes(), "script-src 'self' "+hashes(page.Bytes(), "script"), "style-src 'self' "+hashes(page.Bytes(), "style"), "img-src 'self' data:", "connect-src 'self'")
	}
	s.router.Handle("/docs/{asset:(swagger-ui|favicon).*}", ui)
}

// servePage serves HTML that may load and run nothing but what the policy allows, and its own style.
func (s *Server) servePage(path string, page []byte, directives ...string) {
	if len(directives) == 0 {
		directives = []string{"style-src " + hashes(page, "style")}
	}
	all := policy(append(directives, "form-action 'none'")...)
	s.router.Get(path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", all)
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Write(page)
	})
}

// capture is a ResponseWriter that keeps the page.
type capture struct {
	bytes.Buffer
	header http.Header
}

func (c *capture) Header() http.Header { return c.header }
func (c *capture) WriteHeader(int)     {}

// hashes names the page's inline scripts or styles for a Content-Security-Policy.
func hashes(page []byte, element string) string {
	var sources []string
	for _, found := range regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllSubmatch(page, -1) {
		sum := sha256.Sum256(found[1])
		sources = append(sources, fmt.Sprintf("'sha256-%s'", base64.StdEncoding.EncodeToString(sum[:])))
	}
	return strings.Join(sources, " ")
}

var problemTemplate = template.Must(template.New("problems").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Problem codes</title>
<style>:root { color-scheme: light dark; background: Canvas; color: CanvasText } body { font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere } dt { font-weight: bold } :target { outline: 2px solid; outline-offset: .5rem }</style>
<h1>Problem codes</h1>
<p>What the server refuses, it refuses with one of these codes, as <code>application/problem+json</code>. Decide by the code; the texts are for developers.</p>
{{range .}}<section id="{{.Code}}">
<h2><code>{{.Code}}</code> ({{.Status}})</h2>
<p>{{.Title}}. {{.Meaning}}</p>
<dl><dt>What a client does</dt><dd>{{.Client}}</dd>
<dt>Repeating the request</dt><dd>{{if eq .Retry "same_key"}}With the same Idempotency-Key.{{else if eq .Retry "safe"}}As it is: nothing was done.{{else}}Of no use: it will be refused again.{{end}}</dd></dl>
</section>
{{end}}`))

func problemPage() []byte {
	var page bytes.Buffer
	must(problemTemplate.Execute(&page, desk.Catalogue))
	return page.Bytes()
}
