package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/repdesk/repdesk/store/desk"
)

// access says who may call an operation.
type access struct {
	schemes []string   // the security schemes of which one is needed
	scope   desk.Scope // of an API token
	asRep   bool       // an API token has to belong to a rep
}

var (
	// public needs no token. An operation has to say so aloud.
	public = access{schemes: []string{}}
	// console needs a rep who logged in: what is about their consoles, and no program's business.
	console = access{schemes: []string{consoleScheme}}
	// guest needs a customer or specialist, within their one session.
	guest = access{schemes: []string{guestScheme}}
)

// rep is a rep, on a console or by an API token of theirs with the scope.
func rep(scope desk.Scope) access {
	return access{schemes: []string{consoleScheme, apiTokenScheme}, scope: scope, asRep: true}
}

// anyone is a console, or any API token with the scope, also one that belongs to nobody (I2).
func anyone(scope desk.Scope) access {
	return access{schemes: []string{consoleScheme, apiTokenScheme}, scope: scope}
}

const (
	consoleScheme  = "console"
	apiTokenScheme = "api_token"
	guestScheme    = "guest"
)

// What an operation says of API tokens, beside its security requirement.
const (
	scopeExtension = "x-scope"
	asRepExtension = "x-scope-of-a-rep"
)

// securitySchemes are all three, told apart by their prefixes.
var securitySchemes = map[string]*huma.SecurityScheme{
	consoleScheme:  bearer("rdc_", "A rep's console, from log-in."),
	apiTokenScheme: bearer("rda_", "A program, with a token that an administrator made."),
	guestScheme:    bearer("rdg_", "A customer or specialist, within their one session."),
}

func bearer(prefix, who string) *huma.SecurityScheme {
	return &huma.SecurityScheme{Type: "http", Scheme: "bearer", BearerFormat: prefix + "…", Description: who}
}

// security is the form in which an operation says it.
func (a access) security() []map[string][]string {
	alternatives := []map[string][]string{}
	for _, scheme := range a.schemes {
		scopes := []string{}
		if scheme == apiTokenScheme {
			scopes = append(scopes, string(a.scope))
		}
		alternatives = append(alternatives, map[string][]string{scheme: scopes})
	}
	return alternatives
}

func (a access) takes(scheme string) bool { return slices.Contains(a.schemes, scheme) }

// describe adds what an API token needs to what an operation says of itself.
func (a access) describe(op *huma.Operation) {
	if !a.takes(apiTokenScheme) {
		return
	}
	needs := fmt.Sprintf("An API token needs the scope `%s`.", a.scope)
	if a.asRep {
		needs = fmt.Sprintf("An API token needs the scope `%s`, and has to belong to a rep.", a.scope)
	}
	op.Description = strings.TrimSpace(op.Description + " " + needs)
	op.Extensions[scopeExtension], op.Extensions[asRepExtension] = a.scope, a.asRep
}

func isPublic(op *huma.Operation) bool { return op.Security != nil && len(op.Security) == 0 }

// enforceAccess does what the document says of the operation, and refuses where it says nothing.
func (s *Server) enforceAccess(ctx huma.Context, next func(huma.Context)) {
	x := exchangeFrom(ctx.Context())
	if isPublic(ctx.Operation()) {
		next(ctx)
		return
	}
	if err := s.admit(ctx, x); err != nil {
		r, w := humachi.Unwrap(ctx)
		s.refuse(w, r, err)
		return
	}
	next(ctx)
}

// admit finds out who calls, by the kind of token that the operation takes.
func (s *Server) admit(ctx huma.Context, x *exchange) (err error) {
	if x.token = bearerToken(ctx.Header("Authorization")); x.token == "" && takes(ctx.Operation(), guestScheme) {
		if x.token, err = s.tokenFromCookie(ctx); err != nil {
			return err
		}
	}
	switch {
	case x.token == "":
		return desk.Refuse(desk.NotLoggedIn, "")
	case takes(ctx.Operation(), consoleScheme):
		if err := s.admitCaller(ctx.Context(), x); err != nil {
			return err
		}
		s.touch(x.caller)
		return nil
	case takes(ctx.Operation(), guestScheme):
		return s.admitGuest(ctx, x)
	}
	return desk.Refuse(desk.TokenUnknown, "No token is good for this operation.")
}

// bearerToken is the token in an Authorization header; "" where there is none.
func bearerToken(authorization string) string {
	scheme, token, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// admitCaller finds out who a console or an API token is, and whether they may call the operation.
func (s *Server) admitCaller(ctx context.Context, x *exchange) (err error) {
	if x.caller, err = s.authenticate(ctx, x.token); err != nil || x.caller.TokenID == "" {
		return err
	}
	scope, known := x.called.Extensions[scopeExtension].(desk.Scope)
	switch {
	case !known:
		return desk.Refuse(desk.NotAllowed, "This is for consoles: no API token can do it.")
	case !slices.Contains(x.caller.Scopes, scope):
		return desk.Refuse(desk.NotAllowed, "This needs an API token with the scope %s.", scope)
	case x.called.Extensions[asRepExtension] == true && !x.caller.IsRep():
		return desk.Refuse(desk.NotAllowed, "This needs an API token that belongs to a rep.")
	}
	return nil
}

// admitGuest takes a customer's request as a sign that they are back, if they had gone (C13).
func (s *Server) admitGuest(ctx huma.Context, x *exchange) (err error) {
	x.guest, err = s.cfg.Store.AuthenticateGuest(ctx.Context(), x.token)
	if err != nil && !(x.guest.Left && x.operation == leaveAsGuest) { // who left may have lost the answer
		return err
	}
	if ctx.Method() != http.MethodGet {
		if err = s.guestActs(x.guest); err != nil {
			return err
		}
	}
	if !x.guest.Gone || x.operation == leaveAsGuest {
		return nil
	}
	return s.cfg.Store.GuestCameBack(ctx.Context(), x.guest)
}

// stillCalls asks again, in what lasts, whether the caller's token is good, and still has the scope.
func (s *Server) stillCalls(ctx context.Context) error {
	x := exchangeFrom(ctx)
	if x.guest.AttendeeID != "" {
		_, err := s.cfg.Store.AuthenticateGuest(ctx, x.token)
		return err
	}
	return s.admitCaller(ctx, &exchange{token: x.token, called: x.called})
}

// takes says whether a scheme's token will do. An operation that says nothing has the document's default.
func takes(op *huma.Operation, scheme string) bool {
	if op.Security == nil {
		return scheme == consoleScheme
	}
	return slices.ContainsFunc(op.Security, func(schemes map[string][]string) bool {
		_, ok := schemes[scheme]
		return ok
	})
}

// callerFrom is who asks. In a public operation nobody does, and a Caller without ids may do nothing.
func callerFrom(ctx context.Context) desk.Caller { return exchangeFrom(ctx).caller }

// guestFrom is the guest who asks.
func guestFrom(ctx context.Context) desk.Guest { return exchangeFrom(ctx).guest }

// challenge is what WWW-Authenticate says (RFC 6750): an error only where a token came.
func challenge(code desk.Code) string {
	if code == desk.NotLoggedIn || code == desk.InvalidCredentials {
		return "Bearer"
	}
	return `Bearer error="invalid_token"`
}
