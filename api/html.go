package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// Pages for people are templates in pages/, within one layout. What they load, a style sheet and scripts, stands in
// pages/assets, and is all that a browser may load for them. Their forms work without scripts.

//go:embed pages
var pageFiles embed.FS

// asset is a file that pages load.
type asset struct {
	body        []byte
	contentType string
	version     string // of its content
}

var assetTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

var (
	assets = loadAssets()
	pages  = loadPages()
)

func loadAssets() map[string]asset {
	all := map[string]asset{}
	for name, body := range filesIn("pages/assets") {
		sum := sha256.Sum256(body)
		all[name] = asset{body, assetTypes[path.Ext(name)], hex.EncodeToString(sum[:8])}
	}
	return all
}

// loadPages parses each page within the layout. They are part of the program, so what is wrong with them is a fault of it.
func loadPages() map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{"asset": assetPath}).ParseFS(pageFiles, "pages/layout.html"))
	all := map[string]*template.Template{}
	for name, body := range filesIn("pages") {
		if name != "layout.html" {
			all[name] = template.Must(template.Must(layout.Clone()).Parse(string(body)))
		}
	}
	return all
}

// filesIn reads the files of an embedded folder, by name.
func filesIn(folder string) map[string][]byte {
	entries, err := fs.ReadDir(pageFiles, folder)
	must(err)
	all := map[string][]byte{}
	for _, entry := range entries {
		if !entry.IsDir() {
			all[entry.Name()], err = fs.ReadFile(pageFiles, path.Join(folder, entry.Name()))
			must(err)
		}
	}
	return all
}

// assetPath is where an asset's present content stands for ever.
func assetPath(name string) (string, error) {
	if _, ok := assets[name]; !ok {
		return "", errors.New("no asset " + name)
	}
	return "/assets/" + name + "?v=" + assets[name].version, nil
}

func serveAsset(w http.ResponseWriter, r *http.Request) bool {
	a, ok := assets[chi.URLParam(r, "name")]
	if !ok {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "public, max-age=3600") // other people's pages load a script by its name alone
	if r.URL.Query().Get("v") == a.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	_, _ = w.Write(a.body)
	return true
}

// pages for people, beside the operations.
func (s *Server) pages() {
	s.guard = http.NewCrossOriginProtection()
	if u, err := url.Parse(s.cfg.PublicURL); err == nil && u.Host != "" { // a proxy may have changed the host that we see
		must(s.guard.AddTrustedOrigin(u.Scheme + "://" + u.Host))
	}
	s.router.Get("/assets/{name}", func(w http.ResponseWriter, r *http.Request) {
		if !serveAsset(w, r) {
			s.notFound(w, r)
		}
	})
	s.linkPages()
	s.joinPages()
	s.portalPages()
	s.guestPages()
}

// page serves a page for people. Showing one changes nothing, because mail scanners open links too (F9); only forms act, and
// only those of the desk's own pages. name is under which an address's requests are counted (E6).
func (s *Server) page(method, pattern, name string, answer http.HandlerFunc) {
	guarded := s.guarded(answer)
	s.router.Method(method, pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if embedded(r) {
			s.refusePage(w, r, desk.Refuse(desk.NotAllowed, "The page was asked for as a part of another site's."))
			return
		}
		if err := s.takeTurn(exchangeFrom(r.Context()), name, s.cfg.Limits.ReadsAMinute); err != nil {
			s.refusePage(w, r, err)
			return
		}
		guarded(w, r)
	}))
}

// embedded says whether another site has a page loaded as a part of its own, as a picture or a frame, where nobody sees it. What its
// visitors' browsers ask for so is not theirs to answer for: a code in the address would count as tried from theirs (E6).
func embedded(r *http.Request) bool {
	as := r.Header.Get("Sec-Fetch-Dest")
	return r.Header.Get("Sec-Fetch-Site") == "cross-site" && as != "" && as != "document"
}

// guarded keeps from a page what other sites send to it, and forms that are too large.
func (s *Server) guarded(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.guard.Check(r) != nil {
			s.refusePage(w, r, desk.Refuse(desk.NotAllowed, "The form was sent from another site."))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		answer(w, r)
	}
}

// maxForm is the most that a page's form sends, in bytes: details of desk.MaxDetails, percent-encoded, and the rest.
const maxForm = 64 << 10

// asWritten is a text of a form without what browsers make of the ends of its lines.
func asWritten(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// maxLanguages is the longest Accept-Language that is read, in bytes. Browsers' are shorter, and a long one takes long.
const maxLanguages = 1000

// language is that in which a page for people speaks, of whom nothing is known but their browser.
func language(r *http.Request) *texts.Texts {
	wanted := r.Header.Get("Accept-Language")
	if len(wanted) > maxLanguages {
		wanted = ""
	}
	return texts.For(wanted)
}

// policy lets a page do what the directives say, and nothing else.
func policy(directives ...string) string {
	return strings.Join(append([]string{"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"}, directives...), "; ")
}

// writePage writes a page of pages/. images are further sources of images, beside our own.
func (s *Server) writePage(w http.ResponseWriter, r *http.Request, status int, name string, view any, images ...string) {
	var page bytes.Buffer
	if err := pages[name].ExecuteTemplate(&page, "layout.html", view); err != nil {
		s.refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy("style-src 'self'", "script-src 'self'", "connect-src 'self'", "form-action 'self'", strings.Join(append([]string{"img-src 'self'"}, images...), " ")))
	// The address can be a secret: other sites learn the host at most. With no-referrer, browsers send the form with
	// Origin: null (Fetch standard), which the guard refuses where Sec-Fetch-Site is missing: on plain HTTP.
	h.Set("Referrer-Policy", "strict-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language, Cookie")
	h.Set("X-Robots-Tag", "noindex")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w)
}

// troubleView is a page that says what is wrong.
type troubleView struct {
	*texts.Texts
	Code    desk.Code
	Minutes int // after which to try again; 0: nobody knows
}

// Title says what is wrong, Text what to do about it, and Again when to try again.
func (v troubleView) Title() string { return v.Say("trouble.title." + string(v.Code)) }
func (v troubleView) Text() string  { return v.Say("trouble.text." + string(v.Code)) }
func (v troubleView) Again() string { return v.Say("trouble.again", texts.Args{"Count": v.Minutes}) }

// refusePage says on a page, in words for people, what a problem says to programs.
func (s *Server) refusePage(w http.ResponseWriter, r *http.Request, err error) {
	p := problemFor(r.Context(), s.refusalOf(r.Context(), err))
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	s.writePage(w, r, p.Status, "trouble.html", troubleView{language(r), desk.Code(p.Code), (p.RetryAfterSeconds + 59) / 60})
}

// newMark marks the forms of a page, so that what is pressed twice is done once.
func newMark() string { return rand.Text() }

// once has what is pressed twice, or again because no answer came, done once (I5): what has the form's mark and the same words.
func once(r *http.Request, words string) context.Context {
	mark := r.PostFormValue("ref")
	if len(mark) < minSecretKey || len(mark) > maxKey {
		return r.Context()
	}
	return store.WithIdempotency(r.Context(), &store.Idempotency{Caller: "public", Operation: "POST " + r.URL.Path, Key: mark + " " + words})
}
