package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/store/desk"
)

// tooMany asks for everything public, and does everything that guests do, once more than may be; what bounds the rest is
// counted by the operations themselves.
func tooMany(t *testing.T) *server {
	x := newServer(t)
	x.open(t, "ses", "ana", "")
	y := restarted(t, x.store, x.clock, func(cfg *api.Config) {
		cfg.Limits = api.RateLimits{EntersAMinute: 1, ReadsAMinute: 1, ActsAMinute: 1}
	})
	y.tokens, y.saved = x.tokens, x.saved
	y.each(http.StatusTooManyRequests, nil, func(op *huma.Operation, c call) {
		if c.as == "hal" {
			return
		}
		y.send(t, op.Method, at(op.Path, nil), y.auth(t, c.as), c.body, nil)
		c.code = "too_many_requests"
		y.play(t, c)
	})
	return y
}

// guessScene tries wrong passwords, keys and codes until no more are taken.
func guessScene(t *testing.T, x *server) {
	y := restarted(t, x.store, x.clock, func(cfg *api.Config) { cfg.Limits.WrongCodes = 1 })
	wrong := refused("", "POST /v1/public/sessions", `{"session_key":"3333333","customer":{"name":"Jo"}}`, desk.CodeNotValid)
	y.do(t, wrong)
	y.play(t,
		refused("", wrong.do, wrong.body, desk.TooManyAttempts),
		refused("", "POST /v1/public/join", sample["join-as-specialist"], desk.TooManyAttempts),
		refused("", "POST /v1/public/join/look-up", sample["look-up-code"], desk.TooManyAttempts))
	x.also(y)
	for range 5 {
		x.do(t, refused("", "POST /v1/consoles", `{"username":"ana","password":"wrong","device":{"platform":"script"}}`, desk.InvalidCredentials))
	}
	x.do(t, refused("", "POST /v1/consoles", sample["log-in"], desk.TooManyAttempts))
}

// limitScene does what is counted once more than may be.
func limitScene(t *testing.T, x *server) {
	x.specialistsToo(t)
	x.logInAll(t, "ana", "ben")
	for range desk.MaxSessionKeys {
		x.do(t, call{as: "ana", do: "POST /v1/session-keys", want: 201})
	}
	x.do(t, refused("ana", "POST /v1/session-keys", "", desk.TooManyRequests))
	x.open(t, "ses", "ana", `,"portal_id":"@expert"`)
	x.invite(t, "inv", "ana", "ses", `{"rep_id":"@ben"}`)
	x.do(t, call{as: "ana", do: "POST /v1/invitations/$inv/remind"})
	x.do(t, refused("ana", "POST /v1/invitations/$inv/remind", "", desk.TooManyRequests))
	for i := range desk.MaxSpecialistInvitations {
		x.codeFor(t, fmt.Sprint("spi", i), "ana", "ses", `{}`)
	}
	x.do(t, refused("ana", "POST /v1/sessions/$ses/specialist-invitations", "", desk.TooManyRequests))
	for i := range desk.MaxSpecialistEmails / 10 {
		x.do(t, call{as: "ana", do: "POST /v1/specialist-invitations/$spi0/email", body: emails(i, 10)})
	}
	x.do(t, refused("ana", "POST /v1/specialist-invitations/$spi0/email", emails(9, 1), desk.TooManyRequests))
	x.do(t, call{as: "ana", do: "POST /v1/invitations/$inv/cancel"})
	for range desk.InvitesAMinute {
		a := x.send(t, "POST", "/v1/sessions/"+x.saved["ses"]+"/invitations", x.auth(t, "ana"), `{"rep_id":"@ben"}`, nil)
		if a.status == http.StatusCreated {
			x.do(t, call{as: "ana", do: "POST /v1/invitations/" + a.at("id") + "/cancel"})
		}
	}
	x.play(t,
		refused("ana", "POST /v1/sessions/$ses/invitations", `{"rep_id":"@ben"}`, desk.TooManyRequests),
		refused("ana", "POST /v1/sessions/$ses/request-help", `{"issue_id":"@paper-jam"}`, desk.TooManyRequests))
}

// emails is the body of a request to send some.
func emails(from, n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"s%d-%d@experts.test"`, from, i))
	}
	return `{"emails":[` + strings.Join(all, ",") + `]}`
}
