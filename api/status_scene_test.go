package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/repdesk/repdesk/api"
	"github.com/repdesk/repdesk/store/desk"
)

// scenes lead to the statuses and codes that few operations have.
var scenes = map[string]func(t *testing.T, x *server){
	"accounts":       accountScene,
	"an ended one":   endedScene,
	"entrances":      entranceScene,
	"in use":         inUseScene,
	"inside already": insideScene,
	"invitations":    invitationScene,
	"limits":         limitScene,
	"owners":         ownerScene,
	"reach":          reachScene,
	"other cursors":  cursorScene,
	"other owners":   joinedScene,
	"reused keys":    keyScene,
	"requests":       requestScene,
	"guesses":        guessScene,
	"specialists":    specialistScene,
	"transfers":      transferScene,
	"nobody answers": leftScene,
}

// refused is a call that is refused with the code.
func refused(as, do, body string, code desk.Code) call {
	return call{name: strings.ReplaceAll(do, "/", " ") + " " + string(code), as: as, do: do, body: body, want: code.Info().Status, code: string(code)}
}

// endedScene acts in a session that is over.
func endedScene(t *testing.T, x *server) {
	x.logInAll(t, "ana", "ben", "hal")
	x.open(t, "ses", "ana", `,"kind":"browser"`)
	x.join(t, "ana", "ses", "ben", "")
	x.seat(t, "seat", "ana", "ses", "Ben Okafor")
	x.do(t, call{as: "ana", do: "GET /v1/sessions/$ses/messages", save: "msg=items.0.id"})
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$ses/end"})
	x.each(http.StatusConflict, map[string]string{"{session_id}": "$ses", "{attendee_id}": "$seat"}, func(op *huma.Operation, c call) {
		if !slices.Contains(codesOf(op), desk.SessionNotActive) {
			return
		}
		c = byOwner(c)
		if op.OperationID == "reassign-session" {
			c.as = "hal"
		}
		c.body = strings.ReplaceAll(c.body, "msg_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f", "$msg")
		c.code = "session_not_active"
		x.play(t, c)
	})
}

func invitationScene(t *testing.T, x *server) {
	x.logInAll(t, "ana", "ben", "cho", "dev")
	x.open(t, "ses", "ana", "")
	x.invite(t, "any", "ana", "ses", `{"team_id":"@printers"}`)
	x.invite(t, "other", "ana", "ses", `{"team_id":"@printers"}`)
	x.invite(t, "bens", "ana", "ses", `{"rep_id":"@ben"}`)
	x.play(t,
		refused("ana", "POST /v1/invitations/$any/accept", "", desk.AlreadyInSession),
		refused("ana", "POST /v1/invitations/$any/decline", "", desk.AlreadyInSession),
		refused("ana", "POST /v1/sessions/$ses/invitations", `{"rep_id":"@ben"}`, desk.AlreadyInvited),
		refused("ana", "POST /v1/sessions/$ses/invitations", `{"rep_id":"@gus"}`, desk.RepNotAvailable),
		refused("ana", "POST /v1/sessions/$ses/invitations", `{"team_id":"@acme"}`, desk.TeamNotAvailable),
		refused("ana", "POST /v1/sessions/$ses/invitations", `{"portal_id":"@main"}`, desk.PortalNotAvailable),
		call{as: "cho", do: "POST /v1/invitations/$any/accept"},
		refused("ana", "POST /v1/sessions/$ses/invitations", `{"rep_id":"@cho"}`, desk.AlreadyInSession),
		refused("ben", "POST /v1/invitations/$any/accept", "", desk.InvitationNotActive),
		refused("ben", "POST /v1/invitations/$any/decline", "", desk.InvitationNotActive),
		refused("ana", "POST /v1/invitations/$any/cancel", "", desk.InvitationNotActive),
		refused("ana", "POST /v1/invitations/$any/remind", "", desk.InvitationNotActive))
	link := x.mailedLink(t)
	x.do(t, call{as: "ana", do: "POST /v1/invitations/$inv/cancel"})
	x.do(t, refused("", "POST /v1/public/invitation-links/"+link, `{"answer":"accept"}`, desk.InvitationNotActive))
	x.open(t, "full", "ana", "")
	for i := range 7 {
		x.invite(t, fmt.Sprint("any", i), "ana", "full", `{"team_id":"@printers"}`)
	}
	x.play(t,
		refused("ana", "POST /v1/sessions/$full/invitations", `{"rep_id":"@ben"}`, desk.RepLimitReached),
		refused("ana", "POST /v1/sessions/$full/request-help", `{"issue_id":"@paper-jam"}`, desk.RepLimitReached))
}

// reachScene is about what a rep may not reach.
func reachScene(t *testing.T, x *server) {
	x.specialistsToo(t)
	x.load(t, `portals: [{slug: looking, name: Looking, parent: main, invite_ceiling: view, specialists: true}, {slug: small, name: Small, max_invited_reps: 1}]`)
	x.logInAll(t, "ana", "ben", "cho")
	x.open(t, "ses", "ana", "")
	x.open(t, "bens", "ben", "")
	x.open(t, "quiet", "ana", `,"portal_id":"@quiet"`)
	x.open(t, "looking", "ana", `,"portal_id":"@looking"`)
	x.join(t, "ana", "looking", "ben", "")
	x.seat(t, "seat", "ana", "looking", "Ben Okafor")
	x.open(t, "small", "ben", `,"portal_id":"@small"`)
	x.join(t, "ben", "small", "cho", "")
	x.play(t,
		refused("ana", "POST /v1/sessions/$quiet/invitations", `{"rep_id":"@ben"}`, desk.SharingOff),
		refused("ana", "POST /v1/sessions/$quiet/request-help", `{"issue_id":"@vpn"}`, desk.SharingOff),
		refused("ana", "POST /v1/sessions/$looking/invitations", `{"rep_id":"@cho","access":"control"}`, desk.AccessAboveCeiling),
		refused("ana", "POST /v1/sessions/$looking/request-help", `{"issue_id":"@paper-jam","access":"control"}`, desk.AccessAboveCeiling),
		refused("ana", "POST /v1/sessions/$looking/specialist-invitations", `{"access":"control"}`, desk.AccessAboveCeiling),
		refused("ana", "PATCH /v1/sessions/$looking/attendees/$seat", `{"access":"control"}`, desk.AccessAboveCeiling),
		refused("ana", "POST /v1/sessions/$ses/invitations", `{"rep_id":"@ana"}`, desk.CannotInviteSelf),
		refused("ana", "POST /v1/sessions/$ses/transfer", `{"rep_id":"@ana"}`, desk.CannotInviteSelf),
		refused("ben", "POST /v1/sessions/$bens/invitations", `{"rep_id":"@dev"}`, desk.NotReachable),
		refused("ben", "GET /v1/sessions/$bens/share?team_id=@network", "", desk.NotReachable),
		refused("ana", "POST /v1/sessions/$ses/transfer", `{"rep_id":"@dev"}`, desk.NotReachable),
		refused("ana", "POST /v1/sessions/$ses/request-help", `{"issue_id":"@vpn"}`, desk.TeamNotAvailable),
		refused("ana", "POST /v1/sessions/$small/join", "", desk.RepLimitReached),
		refused("ana", "POST /v1/sessions/$ses/request-help", `{"issue_id":"@firewall"}`, desk.IssueNotShareable))
}

func ownerScene(t *testing.T, x *server) {
	x.logInAll(t, "ana", "ben", "cho", "hal")
	x.open(t, "ses", "ben", "")
	x.do(t, call{as: "ben", do: "GET /v1/me/consoles", save: "con=items.0.id"})
	x.join(t, "ben", "ses", "cho", "")
	x.play(t,
		refused("cho", "POST /v1/sessions/$ses/take-over", "", desk.TakeOverNotAllowed),
		refused("cho", "POST /v1/sessions/$ses/accept", "", desk.SessionTaken),
		refused("cho", "POST /v1/sessions/$ses/hold", "", desk.NotSessionOwner),
		refused("ben", "POST /v1/sessions/$ses/leave", "", desk.OwnerMustHandOver),
		refused("ben", "DELETE /v1/me/consoles/current", "", desk.OwnerMustHandOver),
		refused("hal", "DELETE /v1/reps/@ben/consoles/$con", "", desk.OwnerMustHandOver),
		refused("ben", "POST /v1/queues/next", "", desk.QueueEmpty))
}

func transferScene(t *testing.T, x *server) {
	x.logInAll(t, "ana", "hal")
	x.open(t, "ses", "ana", "")
	x.play(t,
		refused("ana", "POST /v1/sessions/$ses/transfer", `{"rep_id":"@ben"}`, desk.RepNotAvailable),
		refused("hal", "POST /v1/sessions/$ses/reassign", `{"rep_id":"@ben"}`, desk.RepNotAvailable),
		refused("ana", "POST /v1/sessions/$ses/transfer", `{"team_id":"@printers"}`, desk.TeamNotAvailable),
		refused("hal", "POST /v1/sessions/$ses/reassign", `{"team_id":"@acme"}`, desk.TeamNotAvailable))
	x.logInAll(t, "ben", "cho")
	x.join(t, "ana", "ses", "ben", "")
	x.play(t,
		call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"team_id":"@printers"}`},
		refused("ana", "POST /v1/sessions/$ses/transfer/decline", "", desk.AlreadyInSession),
		call{as: "ana", do: "POST /v1/sessions/$ses/transfer/cancel"},
		call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@ben"}`},
		refused("ana", "POST /v1/sessions/$ses/transfer", `{"rep_id":"@cho"}`, desk.TransferPending),
		call{as: "ben", do: "POST /v1/sessions/$ses/transfer/decline"},
		refused("ana", "POST /v1/sessions/$ses/transfer/cancel", "", desk.InvitationNotActive),
		call{as: "ana", do: "POST /v1/sessions/$ses/transfer", body: `{"rep_id":"@ben"}`},
		call{as: "ana", do: "POST /v1/sessions/$ses/transfer/cancel"},
		refused("ben", "POST /v1/sessions/$ses/accept", "", desk.InvitationNotActive),
		refused("ben", "POST /v1/sessions/$ses/transfer/decline", "", desk.InvitationNotActive))
}

func specialistScene(t *testing.T, x *server) {
	x.specialistsToo(t)
	x.logInAll(t, "ana")
	x.open(t, "ses", "ana", `,"portal_id":"@expert"`)
	x.codeFor(t, "spi", "ana", "ses", `{"joins":5}`)
	x.joinBy(t, "spi", "Mia")
	x.joinBy(t, "spi", "Max")
	x.play(t,
		refused("", "POST /v1/public/join", `{"code":"000000000","name":"Nia"}`, desk.CodeNotValid),
		refused("", "POST /v1/public/join/look-up", `{"code":"000000000"}`, desk.CodeNotValid),
		refused("", "POST /v1/public/join", `{"code":"$spi_code","name":"Nia"}`, desk.SpecialistsAtLimit),
		refused("ana", "POST /v1/sessions/$ses/specialist-invitations", "", desk.SpecialistsAtLimit),
		call{as: "ana", do: "POST /v1/specialist-invitations/$spi/cancel"},
		refused("ana", "POST /v1/specialist-invitations/$spi/email", `{"emails":["mia@experts.test"]}`, desk.InvitationNotActive))
	x.open(t, "over", "ana", `,"portal_id":"@expert"`)
	x.codeFor(t, "late", "ana", "over", `{}`)
	x.do(t, call{as: "ana", do: "POST /v1/sessions/$over/end"})
	x.do(t, refused("ana", "POST /v1/specialist-invitations/$late/cancel", "", desk.InvitationNotActive))
}

func entranceScene(t *testing.T, x *server) {
	x.load(t, `portals: [{slug: box, name: Box, modes: [phone]}]`)
	x.logInAll(t, "dev")
	x.play(t,
		refused("", "POST /v1/public/sessions", `{"portal_id":"@box","rep_id":"@ana","customer":{"name":"Jo"}}`, desk.NotAllowed),
		refused("", "POST /v1/public/sessions", `{"session_key":"3333333","customer":{"name":"Jo"}}`, desk.CodeNotValid),
		refused("", "POST /v1/public/sessions", sample["enter"], desk.NoRepAvailable),
		refused("dev", "POST /v1/sessions", `{"team_id":"@printers","customer":{"name":"Jo"}}`, desk.NoRepAvailable))
}

func inUseScene(t *testing.T, x *server) {
	x.logInAll(t, "ana", "hal")
	x.open(t, "ses", "ana", `,"portal_id":"@main","issue_id":"@paper-jam"`)
	for _, path := range []string{"issues/@paper-jam", "portals/@main", "teams/@printers", "reps/@ana"} {
		x.do(t, refused("hal", "DELETE /v1/"+path, "", desk.InUse))
	}
}

func accountScene(t *testing.T, x *server) {
	x.load(t, `reps: [{username: eli, name: Eli Stone, teams: {network: manager}, permissions: [extended_availability]}]`)
	x.logInAll(t, "ana", "eli", "hal")
	x.play(t,
		refused("eli", "PATCH /v1/me", `{"extended_availability":true}`, desk.EmailMissing),
		refused("hal", "PATCH /v1/reps/@eli", `{"extended_availability":true}`, desk.EmailMissing),
		refused("ana", "POST /v1/me/consoles/current/test-push", "", desk.NoPushTarget))
	for range 5 {
		x.send(t, "PUT", "/v1/me/password", x.auth(t, "ana"), `{"current_password":"wrong","new_password":"battery staple"}`, nil)
	}
	x.do(t, refused("ana", "PUT /v1/me/password", sample["change-password"], desk.TooManyAttempts))
	y := restarted(t, x.store, x.clock, func(cfg *api.Config) { cfg.Channels = nil })
	y.do(t, refused("ben/phone", "POST /v1/me/consoles/current/test-push", "", desk.PushNotConfigured))
	x.also(y)
}

// insideScene answers a link whose rep has come in by another.
func insideScene(t *testing.T, x *server) {
	x.logInAll(t, "ana")
	x.do(t, call{as: "dev", do: "PATCH /v1/me", body: `{"extended_availability":true}`})
	x.send1(t, desk.ChannelEmail) // what confirms it
	x.do(t, call{as: "dev", do: "DELETE /v1/me/consoles/current", want: 204})
	x.open(t, "ses", "ana", "")
	for _, name := range []string{"one", "two"} {
		x.invite(t, name, "ana", "ses", `{"team_id":"@network"}`)
		x.saved[name] = x.send1(t, desk.ChannelEmail).LinkToken
	}
	x.play(t,
		call{do: "POST /v1/public/invitation-links/$one", body: `{"answer":"accept"}`},
		refused("", "POST /v1/public/invitation-links/$two", `{"answer":"accept"}`, desk.AlreadyInSession))
}

// also takes over what another server on the same storage told.
func (x *server) also(y *server) {
	for one := range y.told {
		x.told[one] = true
	}
}

// cursorScene goes on in a list with the cursor of another.
func cursorScene(t *testing.T, x *server) {
	ids := x.everything(t)
	ids["{queue_id}"] = "@printers"
	x.specialistsToo(t)
	x.open(t, "ses", "ana", `,"portal_id":"@expert"`)
	x.codeFor(t, "spi", "ana", "ses", `{}`)
	ids["{specialist_invitation_id}"] = "$spi"
	x.do(t, call{as: "hal", do: "GET /v1/reps?limit=1&q=a", save: "next=next"})
	x.each(http.StatusUnprocessableEntity, ids, func(op *huma.Operation, c call) {
		if slices.Contains(codesOf(op), desk.CursorMismatch) {
			x.play(t, refused(byOwner(c).as, c.do+"?cursor=$next", "", desk.CursorMismatch))
		}
	})
}

// joinedScene does what only the owner of a session may, as somebody who is in it.
func joinedScene(t *testing.T, x *server) {
	ids := x.everything(t)
	x.specialistsToo(t)
	x.logInAll(t, "cho")
	x.open(t, "ses", "ana", `,"portal_id":"@expert"`)
	x.join(t, "ana", "ses", "ben/phone", "")
	x.invite(t, "inv", "ana", "ses", `{"team_id":"@printers"}`)
	x.codeFor(t, "spi", "ana", "ses", `{}`)
	ids["{specialist_invitation_id}"] = "$spi"
	x.each(http.StatusForbidden, ids, func(op *huma.Operation, c call) {
		if slices.Contains(codesOf(op), desk.NotSessionOwner) {
			x.play(t, refused("ben/phone", c.do, c.body, desk.NotSessionOwner))
		}
	})
}

// keyScene repeats requests under their keys, with other bodies.
func keyScene(t *testing.T, x *server) {
	ids := x.known(t)
	x.logInAll(t, "hal")
	x.each(http.StatusUnprocessableEntity, ids, func(op *huma.Operation, c call) {
		if !slices.Contains(codesOf(op), desk.IdempotencyKeyReused) {
			return
		}
		key := headers{"Idempotency-Key": "a-key-of-20-chars-or-more"}
		x.send(t, op.Method, x.fill(t, at(op.Path, ids)), x.auth(t, c.as), c.body, key)
		if c.body += " "; c.body == " " {
			c.body = "{}"
		}
		again := refused(c.as, c.do, c.body, desk.IdempotencyKeyReused)
		again.headers = key
		x.play(t, again)
	})
}

// requestScene is about requests that fit nothing.
func requestScene(t *testing.T, x *server) {
	x.logInAll(t, "ana", "hal")
	x.play(t,
		refused("ana", "GET /v1/event-log?after=123456789", "", desk.CursorTooOld))
	x.open(t, "ses", "ana", "")
	x.load(t, `{support_buttons: [{slug: door, name: Door, team: printers}], help_links: [{slug: door, name: Door, team: printers}]}`)
	for do, body := range targetless {
		who, do, _ := strings.Cut(do, ": ")
		x.play(t, refused(who, do, body, desk.OneTargetNeeded))
	}
	a := x.do(t, refused("ana", "PUT /v1/me", "", desk.MethodNotAllowed))
	x.told[told{code: a.at("code")}] = true
}

// targetless are requests that name no target, or two, by who sends them.
var targetless = map[string]string{
	"ana: POST /v1/sessions/$ses/invitations":                  `{}`,
	"ana: POST /v1/sessions/$ses/transfer":                     `{}`,
	"ana: POST /v1/sessions":                                   `{"customer":{"name":"Jo"},"team_id":"@network","rep_id":"@ben"}`,
	"ana: GET /v1/sessions/$ses/share?team_id=@printers&q=ben": ``,
	"hal: POST /v1/sessions/$ses/reassign":                     `{}`,
	"hal: POST /v1/support-buttons":                            `{"slug":"gate","name":"Gate"}`,
	"hal: PATCH /v1/support-buttons/@door":                     `{"team_id":""}`,
	"hal: POST /v1/help-links":                                 `{"slug":"gate","name":"Gate"}`,
	"hal: PATCH /v1/help-links/@door":                          `{"team_id":""}`,
	": POST /v1/public/sessions":                               `{"portal_id":"@main","customer":{"name":"Jo"}}`,
	": POST /v1/public/join":                                   `{"name":"Mia"}`,
	": POST /v1/public/join/look-up":                           `{}`,
}

// leftScene asks for somebody who has gone by then. Whether the answer is ready before that is noticed, is chance.
func leftScene(t *testing.T, x *server) {
	auth := x.auth(t, "ana")
	x.eventually(t, "a client that went away is answered so", func() bool {
		r := httptest.NewRequest("GET", "/v1/me", nil)
		r.Header.Set("Authorization", auth)
		recorded := httptest.NewRecorder()
		x.api.Handler().ServeHTTP(recorded, r.WithContext(gone(t)))
		a := answer{status: recorded.Code, header: recorded.Header(), text: recorded.Body.String()}
		if a.status != desk.ClientClosedRequest.Info().Status {
			return false
		}
		mustParse(t, a.text, &a.tree)
		checkProblem(t, "gone", a)
		x.told[told{code: a.at("code")}] = true
		return true
	})
}

// gone is the context of somebody who has gone.
func gone(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
