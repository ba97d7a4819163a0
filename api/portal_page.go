package api

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// The ways in that the forms of an entrance name.
const (
	wayRep   = "rep"
	wayIssue = "issue"
	wayCode  = "code"  // a session key, the code of a support button, or that of a specialist
	wayFixed = "fixed" // the support button or help link by whose address the customer came
)

// entranceForm is what a customer entered.
type entranceForm struct {
	Way, Choice, Code string
	Customer          desk.Customer
	Page              desk.Page // from which a help link was followed
}

// entranceView is what the customers' entrance shows: a portal's page, that of a support button or help link, or the one
// without a portal, which takes keys and codes.
type entranceView struct {
	*texts.Texts
	desk.PublicPortal
	Profile   *desk.PublicEntrance // of the support button or help link
	Withdrawn bool                 // its code lets nobody in
	Code      string               // it
	Path      string               // of the page
	Form      entranceForm
	Trouble   *entranceTrouble
}

// entranceTrouble is why a customer was not let in.
type entranceTrouble struct {
	*texts.Texts
	Way   string // whose form it was
	Field string // that is to be corrected; "": none
	what  string
	Else  string // where to find help instead; "": nowhere
}

// Text says it.
func (t entranceTrouble) Text() string { return t.Say("entrance.trouble." + t.what) }

// Action is where the forms go: what the address of the page says is said again.
func (v entranceView) Action() string {
	if v.Profile == nil {
		return v.Path
	}
	return v.Path + "?" + v.Profile.Kind.Parameter() + "=" + url.QueryEscape(v.Code)
}

// Heading says where the customer is.
func (v entranceView) Heading() string {
	switch {
	case v.Withdrawn:
		return v.Say("entrance.withdrawn.title")
	case v.Profile != nil:
		return v.Profile.Name
	case v.Name != "":
		return v.Name
	}
	return v.Say("entrance.title")
}

// OfPage says whether the session will be about a web page (E4).
func (v entranceView) OfPage() bool { return v.Profile != nil && v.Profile.Kind == desk.HelpLink }

// Icon is the address of the profile's picture. What is not on https, or is a name that clients know, is not shown.
func (v entranceView) Icon() string {
	if icon, _ := v.icon(); icon != nil {
		return icon.String()
	}
	return ""
}

var plainHost = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`)

// icon is the address and the origin, which stands in the page's policy: nothing in it may end a directive.
func (v entranceView) icon() (address *url.URL, origin string) {
	if v.Profile == nil {
		return nil, ""
	}
	address, err := url.Parse(v.Profile.Icon)
	if err != nil || address.Scheme != "https" || address.User != nil || !plainHost.MatchString(address.Host) {
		return nil, ""
	}
	return address, "https://" + address.Host
}

// Nobody says whether the page lists people and issues, and nobody is there for any (D11).
func (v entranceView) Nobody() bool {
	return v.Profile == nil && slices.Contains(v.Modes, desk.ModeWeb) && len(v.Reps) == 0 && !slices.ContainsFunc(v.Issues, func(i desk.PublicIssue) bool { return i.Available })
}

// wayView is one way in, with its form.
type wayView struct {
	entranceView
	Way  string
	Open bool // else it is folded, so that a phone shows a short page
}

// Ways are those that the page offers (B18).
func (v entranceView) Ways() []wayView {
	var ways []string
	if v.Profile != nil {
		ways = append(ways, wayFixed)
	} else {
		for _, way := range []struct {
			name  string
			there bool
		}{{wayIssue, len(v.Issues) > 0}, {wayRep, len(v.Reps) > 0}, {wayCode, v.TakesCodes}} {
			if way.there {
				ways = append(ways, way.name)
			}
		}
	}
	views := make([]wayView, len(ways))
	for i, way := range ways {
		views[i] = wayView{v, way, len(ways) == 1 || way == v.Form.Way}
	}
	return views
}

// Title names the way in.
func (w wayView) Title() string { return w.Say("entrance.way." + w.Way) }

// Ref marks the form.
func (wayView) Ref() string { return newMark() }

// Wrong is the trouble with a field of this form; nil: there is none.
func (w wayView) Wrong(field string) *entranceTrouble {
	if t := w.Trouble; t != nil && t.Way == w.Way && t.Field == field {
		return t
	}
	return nil
}

// choice is a rep or an issue.
type choice struct {
	ID, Name string
	Away     bool // nobody is there for it at the moment
	Chosen   bool
}

// Choices are what this way offers to choose from.
func (w wayView) Choices() (all []choice) {
	switch w.Way {
	case wayRep:
		for _, rep := range w.Reps {
			all = append(all, choice{ID: rep.ID, Name: rep.Name})
		}
	case wayIssue:
		for _, issue := range w.Issues {
			all = append(all, choice{ID: issue.ID, Name: issue.Name, Away: !issue.Available})
		}
	}
	for i := range all {
		all[i].Chosen = all[i].ID == w.Form.Choice || len(all) == 1
	}
	return all
}

// portalPages serves the customers' entrances (E2, E3, E4). Showing one uses no code up.
func (s *Server) portalPages() {
	for _, path := range []string{"/p/{portal}", "/p/"} {
		s.page(get, path, "show entrance", s.showEntrance)
		s.page(post, path, "enter by page", s.enterByPage)
	}
}

func (s *Server) showEntrance(w http.ResponseWriter, r *http.Request) {
	view, err := s.entranceView(r)
	if err != nil {
		s.refusePage(w, r, err)
		return
	}
	view.Form.Page = pageIn(r.URL.Query())
	s.writeEntrance(w, r, http.StatusOK, view)
}

func (s *Server) writeEntrance(w http.ResponseWriter, r *http.Request, status int, view entranceView) {
	var images []string
	if _, origin := view.icon(); origin != "" {
		images = append(images, origin)
	}
	if view.Withdrawn {
		status = desk.CodeNotValid.Info().Status
	}
	s.writePage(w, r, status, "portal.html", view, images...)
}

// entranceView is what the page at an address shows. A code in it is tried like any other: it could be guessed.
func (s *Server) entranceView(r *http.Request) (v entranceView, err error) {
	v = entranceView{Texts: language(r), PublicPortal: desk.PublicPortal{TakesCodes: true}, Path: r.URL.EscapedPath()}
	if slug := chi.URLParam(r, "portal"); slug != "" {
		if !cleanText(slug) {
			return v, desk.Missing("portal")
		}
		if v.PublicPortal, err = s.cfg.Store.PublicPortal(r.Context(), "@"+slug); err != nil {
			return v, err
		}
	}
	for _, kind := range []desk.EntranceKind{desk.SupportButton, desk.HelpLink} {
		if written := r.URL.Query().Get(kind.Parameter()); written != "" && err == nil && v.Code == "" {
			err = s.showCode(r, &v, kind, written)
		}
	}
	return v, err
}

func (s *Server) showCode(r *http.Request, v *entranceView, kind desk.EntranceKind, written string) error {
	code, ok := desk.ReadEntranceCode(written)
	v.Code = code
	err := s.attempts.try(r.Context(), exchangeFrom(r.Context()).address, string(kind), func() error {
		if !ok {
			return desk.Refuse(desk.CodeNotValid, "")
		}
		profile, err := s.cfg.Store.PublicEntrance(r.Context(), kind, code)
		v.Profile = &profile
		return err
	})
	if isRefusal(err, desk.CodeNotValid) {
		v.Profile, v.Withdrawn, err = nil, true, nil
	}
	return err
}

// enterByPage lets a customer in by one of the page's forms, and leads them to their session.
func (s *Server) enterByPage(w http.ResponseWriter, r *http.Request) {
	form, err := readEntranceForm(r)
	if _, ok := desk.ReadSpecialistCode(form.Code); ok && err == nil && form.Way == wayCode {
		http.Redirect(w, r, "/join", http.StatusTemporaryRedirect) // with what was entered
		return
	}
	if err == nil {
		err = s.takeTurn(exchangeFrom(r.Context()), "enter", s.cfg.Limits.EntersAMinute)
	}
	var view entranceView
	if err == nil {
		view, err = s.entranceView(r)
	}
	if err != nil {
		s.refusePage(w, r, err)
		return
	}
	if view.Withdrawn {
		s.writeEntrance(w, r, 0, view)
		return
	}
	s.enterByForm(w, r, view, form)
}

func (s *Server) enterByForm(w http.ResponseWriter, r *http.Request, view entranceView, form entranceForm) {
	form.Customer.Language = view.Language
	if view.Profile != nil {
		form.Way = wayFixed
	}
	view.Form = form
	entry, err := view.entry()
	var entered store.Entered
	if err == nil {
		entered, err = s.letIn(once(r, r.PostForm.Encode()), entry)
	}
	var p *desk.Problem
	if errors.As(err, &p) {
		view.Trouble = view.troubleOf(p)
		view.Withdrawn = view.Profile != nil && p.Code == desk.CodeNotValid // since it was looked at
	}
	switch {
	case err == nil:
		s.leadIn(w, r, entered.Session.ID, entered.Token)
	case view.Trouble != nil:
		s.writeEntrance(w, r, p.Code.Info().Status, view)
	default:
		s.refusePage(w, r, err)
	}
}

// readEntranceForm reads what a form sent. A page's address that no rep could open is left out: the customer did not write it.
func readEntranceForm(r *http.Request) (entranceForm, error) {
	if err := r.ParseForm(); err != nil {
		return entranceForm{}, desk.Refuse(desk.TooLarge, "The form is too large, or cannot be read.")
	}
	for _, values := range r.PostForm {
		if slices.ContainsFunc(values, func(text string) bool { return !cleanText(text) }) {
			return entranceForm{}, desk.Refuse(desk.Malformed, "The form is not UTF-8, or holds a NUL character.")
		}
	}
	field := r.PostForm.Get
	return entranceForm{Way: field("way"), Choice: field("choice"), Code: field("code"), Page: pageIn(r.PostForm),
		Customer: desk.Customer{Name: field("name"), Company: field("company"), Details: asWritten(field("details"))}}, nil
}

func pageIn(values url.Values) desk.Page {
	page := desk.Page{URL: values.Get("page_url"), Title: values.Get("page_title")}
	if page.Check(desk.KindBrowser) != nil {
		return desk.Page{}
	}
	return page
}

// entry is what the form asks the store for.
func (v entranceView) entry() (store.Enter, error) {
	e := store.Enter{PortalID: v.ID, Customer: v.Form.Customer}
	switch form := v.Form; {
	case v.Profile != nil && v.OfPage():
		e.PortalID, e.LinkCode, e.Page = "", v.Code, form.Page
	case v.Profile != nil:
		e.PortalID, e.ButtonCode = "", v.Code // by its own address, which no mode forbids
	case form.Way == wayRep && form.Choice != "":
		e.RepID = form.Choice
	case form.Way == wayIssue && form.Choice != "":
		e.IssueID = form.Choice
	case form.Way == wayCode && strings.TrimSpace(form.Code) != "":
		if code, ok := desk.ReadEntranceCode(form.Code); ok {
			e.ButtonCode = code
		} else {
			e.SessionKey = form.Code
		}
	case form.Way == wayCode:
		return e, desk.Invalid("code", "required", "is required")
	case form.Way == wayRep || form.Way == wayIssue:
		return e, desk.Invalid("choice", "required", "is required")
	default:
		return e, desk.Invalid("way", "unknown", "must be one of the page's forms")
	}
	return e, nil
}

// formFields are those in which a customer can go wrong.
var formFields = []string{"code", "choice", "name", "company", "details"}

// troubleOf says on the page why the customer was not let in; nil: the refusal is none that the form could be about.
func (v entranceView) troubleOf(p *desk.Problem) *entranceTrouble {
	t := &entranceTrouble{Texts: v.Texts, Way: v.Form.Way, what: string(p.Code), Else: p.Redirect}
	switch p.Code {
	case desk.ValidationFailed:
		t.Field = strings.TrimPrefix(p.Errors[0].Field, "customer.")
		t.what = t.Field
		if !slices.Contains(formFields, t.Field) {
			return nil
		}
	case desk.CodeNotValid:
		t.Field = "code"
	case desk.NotFound:
		t.Field = "choice"
	case desk.NoRepAvailable, desk.NotAllowed:
	default:
		return nil
	}
	return t
}
