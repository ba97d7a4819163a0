package api

import (
	"context"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/repdesk/repdesk/store/desk"
)

// access says who may call an operation: the security schemes of which one is needed.
type access []string

var (
	// public needs no token. An operation has to say so aloud.
	public = access{}
	// console needs a rep who logged in.
	console = access{consoleScheme}
)

const (
	consoleScheme  = "console"
	apiTokenScheme = "api_token"
	guestScheme    = "guest"
)

// securitySchemes are all three, told apart by their prefixes. Only console tokens are given out so far.
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
	for _, scheme := range a {
		alternatives = append(alternatives, map[string][]string{scheme: {}})
	}
	return alternatives
}

func isPublic(op *huma.Operation) bool { return op.Security != nil && len(op.Security) == 0 }

// enforceAccess does what the document says of the operation, and refuses where it says nothing.
func (s *Server) enforceAccess(ctx huma.Context, next func(huma.Context)) {
	x := exchangeFrom(ctx.Context())
	x.operation = ctx.Operation().OperationID
	if isPublic(ctx.Operation()) {
		next(ctx)
		return
	}
	caller, err := s.callerOf(ctx)
	if err != nil {
		r, w := humachi.Unwrap(ctx)
		s.refuse(w, r, err)
		return
	}
	x.caller = caller
	s.touch(caller)
	next(ctx)
}

func (s *Server) callerOf(ctx huma.Context) (desk.Caller, error) {
	scheme, token, _ := strings.Cut(ctx.Header("Authorization"), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return desk.Caller{}, desk.Refuse(desk.NotLoggedIn, "")
	}
	if !takesConsoles(ctx.Operation()) {
		return desk.Caller{}, desk.Refuse(desk.TokenUnknown, "Tokens for this operation are not given out yet.")
	}
	exchangeFrom(ctx.Context()).token = token
	return s.authenticate(ctx.Context(), token)
}

// stillCalls asks again, in what lasts, whether the caller's token is good.
func (s *Server) stillCalls(ctx context.Context) error {
	_, err := s.authenticate(ctx, exchangeFrom(ctx).token)
	return err
}

// takesConsoles says whether a console's token will do. An operation that says nothing has the document's default.
func takesConsoles(op *huma.Operation) bool {
	return op.Security == nil || slices.ContainsFunc(op.Security, func(schemes map[string][]string) bool {
		_, ok := schemes[consoleScheme]
		return ok
	})
}

// callerFrom is who asks. In a public operation nobody does, and a Caller without ids may do nothing.
func callerFrom(ctx context.Context) desk.Caller { return exchangeFrom(ctx).caller }

// challenge is what WWW-Authenticate says (RFC 6750): an error only where a token came.
func challenge(code desk.Code) string {
	if code == desk.NotLoggedIn || code == desk.InvalidCredentials {
		return "Bearer"
	}
	return `Bearer error="invalid_token"`
}
