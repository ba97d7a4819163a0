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
	// guest needs a customer or specialist, within their one session.
	guest = access{guestScheme}
)

const (
	consoleScheme  = "console"
	apiTokenScheme = "api_token"
	guestScheme    = "guest"
)

// securitySchemes are all three, told apart by their prefixes. API tokens are not given out yet.
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
	if err := s.admit(ctx, x); err != nil {
		r, w := humachi.Unwrap(ctx)
		s.refuse(w, r, err)
		return
	}
	next(ctx)
}

// admit finds out who calls, by the kind of token that the operation takes.
func (s *Server) admit(ctx huma.Context, x *exchange) error {
	scheme, token, _ := strings.Cut(ctx.Header("Authorization"), " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return desk.Refuse(desk.NotLoggedIn, "")
	}
	x.token = token
	switch {
	case takes(ctx.Operation(), consoleScheme):
		var err error
		if x.caller, err = s.authenticate(ctx.Context(), token); err == nil {
			s.touch(x.caller)
		}
		return err
	case takes(ctx.Operation(), guestScheme):
		return s.admitGuest(ctx, x)
	}
	return desk.Refuse(desk.TokenUnknown, "Tokens for this operation are not given out yet.")
}

// admitGuest takes a customer's request as a sign that they are back, if they had gone (C13).
func (s *Server) admitGuest(ctx huma.Context, x *exchange) (err error) {
	if x.guest, err = s.cfg.Store.AuthenticateGuest(ctx.Context(), x.token); err != nil || !x.guest.Gone || x.operation == leaveAsGuest {
		return err
	}
	return s.cfg.Store.GuestCameBack(ctx.Context(), x.guest)
}

// stillCalls asks again, in what lasts, whether the caller's token is good.
func (s *Server) stillCalls(ctx context.Context) error {
	x := exchangeFrom(ctx)
	if x.guest.AttendeeID != "" {
		_, err := s.cfg.Store.AuthenticateGuest(ctx, x.token)
		return err
	}
	_, err := s.authenticate(ctx, x.token)
	return err
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
