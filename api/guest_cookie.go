package api

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/repdesk/repdesk/store/desk"
)

// The desk's own pages keep a guest's token in a cookie that scripts cannot read and other sites cannot use; the pages and
// /v1/guest alone honour it. Each session has a cookie of its own, named by its id: whoever is in two sessions in two tabs
// writes in each to those who are in it.

const (
	// guestCookie begins the name of a cookie. With the prefix __Host-, on https, no other host can set it (RFC 6265bis).
	guestCookie = "guest-"
	// guestCookieFor is how long a browser keeps one: longer than sessions last, which the server ends.
	guestCookieFor = 7 * 24 * time.Hour
	// mostGuestCookies bounds what a browser sends along with each request.
	mostGuestCookies = 10
)

// GuestSession is embedded in the input of a guest's operations. Their tokens say which session is meant, but of a browser
// that has several cookies.
type GuestSession struct {
	SessionID string `query:"session_id" hidden:"true" maxLength:"100" doc:"Of the browser's sessions, the one that is meant"`
}

func (s *Server) guestCookieName(sessionID string) string {
	if strings.HasPrefix(s.cfg.PublicURL, "https://") {
		return "__Host-" + guestCookie + sessionID
	}
	return guestCookie + sessionID
}

// rememberGuest has the browser keep a guest's token for a session. One that has many forgets the oldest sessions'.
func (s *Server) rememberGuest(w http.ResponseWriter, r *http.Request, sessionID, token string) {
	known := s.guestCookies(r)
	for i := 0; i <= len(known)-mostGuestCookies; i++ { // ids are in the order of their making
		s.setGuestCookie(w, known[i].Name, "", -1)
	}
	s.setGuestCookie(w, s.guestCookieName(sessionID), token, int(guestCookieFor.Seconds()))
}

func (s *Server) setGuestCookie(w http.ResponseWriter, name, token string, maxAge int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: token, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: strings.HasPrefix(name, "__Host-")})
}

// guestCookies are those that came with a request, the oldest session's first.
func (s *Server) guestCookies(r *http.Request) []*http.Cookie {
	var known []*http.Cookie
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, s.guestCookieName("")) {
			known = append(known, c)
		}
	}
	slices.SortFunc(known, func(a, b *http.Cookie) int { return strings.Compare(a.Name, b.Name) })
	return known
}

// guestToken is the token that a browser keeps for a session; of none, that of its only one. "": there is none, or there are
// several and none is named.
func (s *Server) guestToken(r *http.Request, sessionID string) string {
	known := s.guestCookies(r)
	for _, c := range known {
		if c.Name == s.guestCookieName(sessionID) || sessionID == "" && len(known) == 1 {
			return c.Value
		}
	}
	return ""
}

// guestTokens are those that a browser keeps.
func (s *Server) guestTokens(r *http.Request) []string {
	var tokens []string
	for _, c := range s.guestCookies(r) {
		tokens = append(tokens, c.Value)
	}
	return tokens
}

// tokenFromCookie is the guest's token of a request that has no bearer token. What changes something has to come from our own
// pages.
func (s *Server) tokenFromCookie(ctx huma.Context) (string, error) {
	r, _ := humachi.Unwrap(ctx)
	token := s.guestToken(r, ctx.Query("session_id"))
	if token != "" && s.guard.Check(r) != nil {
		return "", desk.Refuse(desk.NotAllowed, "The request was sent from another site.")
	}
	return token, nil
}
