package desk

import (
	"errors"
	"fmt"
	"time"
)

// Code names a refusal. Clients decide by it, so a code never changes its meaning or its status.
type Code string

// Retry says how a client may repeat a request that was refused with a code.
type Retry string

const (
	RetrySameKey Retry = "same_key" // repeat with the same Idempotency-Key
	RetryNever   Retry = "never"    // the same request will be refused again
	RetrySafe    Retry = "safe"     // nothing was done: repeat as it is
)

// CodeInfo is one row of the catalogue of refusals.
type CodeInfo struct {
	Code    Code
	Status  int    // the one HTTP status that carries the code
	Title   string // a short English sentence, for developers
	Meaning string // what happened
	Client  string // what a client does about it
	Retry   Retry
}

// The codes, in the order of their statuses.
const (
	Malformed            Code = "malformed"
	NotLoggedIn          Code = "not_logged_in"
	TokenUnknown         Code = "token_unknown"
	TokenExpired         Code = "token_expired"
	ConsoleRevoked       Code = "console_revoked"
	AccountDisabled      Code = "account_disabled"
	InvalidCredentials   Code = "invalid_credentials"
	NotAllowed           Code = "not_allowed"
	NotSessionOwner      Code = "not_session_owner"
	NotReachable         Code = "not_reachable"
	SharingOff           Code = "sharing_off"
	NotFound             Code = "not_found"
	MethodNotAllowed     Code = "method_not_allowed"
	AlreadyInvited       Code = "already_invited"
	AlreadyInSession     Code = "already_in_session"
	RepNotAvailable      Code = "rep_not_available"
	TeamNotAvailable     Code = "team_not_available"
	PortalNotAvailable   Code = "portal_not_available"
	NoRepAvailable       Code = "no_rep_available"
	RepLimitReached      Code = "rep_limit_reached"
	SpecialistsAtLimit   Code = "specialist_limit_reached"
	InvitationNotActive  Code = "invitation_not_active"
	SessionNotActive     Code = "session_not_active"
	SessionTaken         Code = "session_taken"
	TransferPending      Code = "transfer_pending"
	TakeOverNotAllowed   Code = "take_over_not_allowed"
	OwnerMustHandOver    Code = "owner_must_hand_over"
	QueueEmpty           Code = "queue_empty"
	EmailMissing         Code = "email_missing"
	InUse                Code = "in_use"
	NoPushTarget         Code = "no_push_target"
	PushNotConfigured    Code = "push_not_configured"
	CursorTooOld         Code = "cursor_too_old"
	CodeNotValid         Code = "code_not_valid"
	ChangedMeanwhile     Code = "changed_meanwhile"
	TooLarge             Code = "too_large"
	UnsupportedMediaType Code = "unsupported_media_type"
	ValidationFailed     Code = "validation_failed"
	OneTargetNeeded      Code = "one_target_needed"
	CannotInviteSelf     Code = "cannot_invite_self"
	AccessAboveCeiling   Code = "access_above_ceiling"
	IssueNotShareable    Code = "issue_not_shareable"
	IdempotencyKeyReused Code = "idempotency_key_reused"
	CursorMismatch       Code = "cursor_mismatch"
	TooManyRequests      Code = "too_many_requests"
	TooManyAttempts      Code = "too_many_attempts"
	ClientClosedRequest  Code = "client_closed_request"
	Internal             Code = "internal"
	Unavailable          Code = "unavailable"
	StorageFull          Code = "storage_full"
)

// Catalogue lists every refusal that the desk gives. The API takes its statuses from here, and a test holds that
// each code stands here once.
var Catalogue = []CodeInfo{
	{Malformed, 400, "The request cannot be read", "The body is not JSON, or a text in it is not valid UTF-8 or holds a NUL character.", "Fix the request.", RetryNever},
	{NotLoggedIn, 401, "Log in first", "The request carries no bearer token.", "Log in, then send the token.", RetrySafe},
	{TokenUnknown, 401, "The token is unknown", "The bearer token was never given out, was revoked, or is long gone.", "Forget the token and log in.", RetryNever},
	{TokenExpired, 401, "The token has expired", "A console's token was not used for 60 days, or the time of an API token is over.", "Forget the token and log in.", RetryNever},
	{ConsoleRevoked, 401, "This console was logged out", "The console was logged out elsewhere, by a password change or by another log-in on the same device.", "Forget the token and log in.", RetryNever},
	{AccountDisabled, 401, "The account is disabled", "An administrator disabled the rep.", "Forget the token and tell the user.", RetryNever},
	{InvalidCredentials, 401, "User name or password is wrong", "The log-in was refused.", "Ask again.", RetryNever},
	{NotAllowed, 403, "Not allowed", "The caller may not do this.", "Do not offer it.", RetryNever},
	{NotSessionOwner, 403, "Only the owner may do this", "The caller sees the session and does not own it.", "Do not offer it.", RetryNever},
	{NotReachable, 403, "The target is out of reach", "The rep or team is outside the caller's teams, and the caller may not share outside them.", "Load the share options again.", RetryNever},
	{SharingOff, 403, "Sharing is off", "The session's portal allows no sharing.", "Hide the Share menu.", RetryNever},
	{NotFound, 404, "Not found", "It is not there, or it is not the caller's to see.", "Drop it from the screen.", RetryNever},
	{MethodNotAllowed, 405, "Method not allowed", "The path exists, the method on it does not.", "Fix the request.", RetryNever},
	{AlreadyInvited, 409, "Already invited", "The rep has an active invitation to this session; the conflict names it.", "Show that invitation.", RetryNever},
	{AlreadyInSession, 409, "Already in the session", "The rep is in the session; the conflict names the attendee.", "Load the attendees.", RetryNever},
	{RepNotAvailable, 409, "The rep is not available", "The rep is neither logged in nor in extended availability.", "Load the share options again.", RetryNever},
	{TeamNotAvailable, 409, "Nobody of the team is available", "No rep of the team who could accept is logged in or in extended availability.", "Load the share options again.", RetryNever},
	{PortalNotAvailable, 409, "Nobody is logged in under the portal", "No rep who could accept is logged in under the portal.", "Load the share options again.", RetryNever},
	{NoRepAvailable, 409, "Nobody is available", "Nobody who could help is logged in, and the queue keeps no sessions meanwhile; redirect_url may say where to go instead.", "Tell the customer, and lead them to redirect_url.", RetryNever},
	{RepLimitReached, 409, "No seat left", "Joined reps and active invitations fill all seats.", "Cancel an invitation first.", RetryNever},
	{SpecialistsAtLimit, 409, "No seat left for a specialist", "As many specialists are in the session as its portal allows.", "Wait until one leaves, or remove one.", RetrySafe},
	{InvitationNotActive, 409, "The invitation is over", "It was accepted, declined, cancelled or withdrawn; the conflict says which, why and by whom.", "Remove it, and say why.", RetryNever},
	{SessionNotActive, 409, "The session is not active", "It is still waiting, or it has ended.", "Load the session.", RetryNever},
	{SessionTaken, 409, "Somebody else took it", "Another rep accepted the session first; the conflict names them.", "Remove it, and say who.", RetryNever},
	{TransferPending, 409, "A transfer is pending", "The session is being transferred already; the conflict names the transfer.", "Show that transfer.", RetryNever},
	{TakeOverNotAllowed, 409, "It cannot be taken over", "The caller sees the session, and is neither lead nor manager over its owner in a team that allows it.", "Do not offer it.", RetryNever},
	{OwnerMustHandOver, 409, "The owner must hand over first", "A session would be left without an owner; the conflict names it.", "Hand it over or end it; a log-out can be forced.", RetryNever},
	{QueueEmpty, 409, "Nothing waits", "None of the caller's team queues holds anything that the caller could take.", "Show that nothing waits.", RetrySafe},
	{EmailMissing, 409, "An email address is missing", "Extended availability needs one.", "Ask an administrator to add it.", RetryNever},
	{NoPushTarget, 409, "The console has no push target", "Nothing can be pushed to it.", "Register the device's push target by update-console.", RetryNever},
	{PushNotConfigured, 409, "The server sends no pushes", "It was started without FCM.", "Tell the user that this desk pushes nothing; the event stream still tells everything.", RetryNever},
	{InUse, 409, "It is in use", "Other things hang on it, or it stands in the history; the conflict names one, the detail says what and how many.", "Offer to disable it instead.", RetryNever},
	{CursorTooOld, 410, "The position is too old", "Events after the cursor are no longer kept, or it was never given here.", "A console calls get-snapshot and goes on from its cursor. A script reads list-events without after, for the cursor at which the log stands now, then loads its lists, and goes on from that cursor.", RetryNever},
	{CodeNotValid, 410, "The key or code lets nobody in", "It is wrong, used, expired or withdrawn: which, the server does not say; of a specialist's link, which nobody can guess, the conflict does.", "Ask for another.", RetryNever},
	{ChangedMeanwhile, 412, "It changed meanwhile", "If-Match names an older revision.", "Load it again.", RetryNever},
	{TooLarge, 413, "The request is too large", "The body is over its limit.", "Send less.", RetryNever},
	{UnsupportedMediaType, 415, "Unsupported media type", "The body's Content-Type is not one that the operation takes.", "Send application/json.", RetryNever},
	{ValidationFailed, 422, "The request is not valid", "A field or parameter is missing, unknown or out of its bounds; errors names each.", "Fix the request.", RetryNever},
	{OneTargetNeeded, 422, "Exactly one target is needed", "None, or more than one, of the possible targets was given.", "Fix the request.", RetryNever},
	{CannotInviteSelf, 422, "You cannot invite yourself", "The invited rep is the caller, or a transfer would go to the session's owner.", "Choose another rep.", RetryNever},
	{AccessAboveCeiling, 422, "The access is above the ceiling", "The session's portal allows less.", "Ask for the ceiling or less.", RetryNever},
	{IssueNotShareable, 422, "The issue is not open for Request Help", "The issue is not open for help to this rep.", "Load the share options again.", RetryNever},
	{IdempotencyKeyReused, 422, "The Idempotency-Key was used for another request", "The same key came with another body.", "Use a new key for a new request.", RetryNever},
	{CursorMismatch, 422, "The cursor belongs to another list", "It was made with another sort or filter.", "Start from the first page.", RetryNever},
	{TooManyRequests, 429, "Too many requests", "The caller did this too often in a short time.", "Wait as Retry-After says.", RetrySameKey},
	{TooManyAttempts, 429, "Too many attempts", "Too many wrong passwords, and the user name is locked for a time; or too many wrong keys and codes, and none from this address is tried for a time.", "Wait as Retry-After says.", RetrySameKey},
	{ClientClosedRequest, 499, "The client went away", "The request was cancelled before it was answered.", "Nothing.", RetrySameKey},
	{Internal, 500, "Something went wrong", "A fault of the server; it is in the server's log under the request_id.", "Try again later.", RetrySameKey},
	{Unavailable, 503, "Not available now", "The storage is busy or away; nothing was changed, unless the detail says that it may have been.", "Wait as Retry-After says.", RetrySameKey},
	{StorageFull, 503, "The storage is full", "Nothing can be written until the operator makes room; nothing was changed.", "Wait as Retry-After says.", RetrySameKey},
}

var byCode = func() map[Code]CodeInfo {
	m := make(map[Code]CodeInfo, len(Catalogue))
	for _, info := range Catalogue {
		m[info.Code] = info
	}
	return m
}()

// Info returns the catalogue's row for the code; an unknown code is the row of Internal.
func (c Code) Info() CodeInfo {
	if info, ok := byCode[c]; ok {
		return info
	}
	return byCode[Internal]
}

// FieldError says what is wrong with one field or parameter.
type FieldError struct {
	Field  string `json:"field" doc:"Where: a path into the body (customer.name), or query, path or header and a name" example:"customer.name"`
	Code   string `json:"code" doc:"What, for programs" example:"too_long"`
	Detail string `json:"detail" doc:"What, in English, for developers" example:"expected at most 500 characters"`
}

// Conflict names the thing that stands in the way.
type Conflict struct {
	Kind    string     `json:"kind" doc:"What kind of thing it is" example:"invitation"`
	ID      string     `json:"id" doc:"Its id" example:"inv_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	State   string     `json:"state,omitempty" doc:"Its state" example:"accepted"`
	Reason  string     `json:"reason,omitempty" doc:"Why it is in that state" example:"accepted"`
	By      *Ref       `json:"by,omitempty" doc:"Who brought it there"`
	EndedAt *time.Time `json:"ended_at,omitempty" doc:"When it ended"`
}

// Problem is a refusal: an error that a client is meant to read. Any other error is a fault, whose text stays in the log.
type Problem struct {
	Code       Code          `json:"code"`
	Detail     string        `json:"detail,omitempty"` // English, for developers; nothing about what the caller may not see
	Errors     []FieldError  `json:"errors,omitempty"`
	Conflict   *Conflict     `json:"conflict,omitempty"`
	Limit      int           `json:"limit,omitempty"`        // the limit that was reached
	Redirect   string        `json:"redirect_url,omitempty"` // where a customer finds help instead
	RetryAfter time.Duration `json:"retry_after,omitempty"`  // rounded up to whole seconds on the wire
}

func (p *Problem) Error() string {
	if p.Detail == "" {
		return string(p.Code)
	}
	return string(p.Code) + ": " + p.Detail
}

// Refuse makes a Problem with an English detail.
func Refuse(code Code, format string, args ...any) *Problem {
	return &Problem{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Missing is the one answer to "not there" and to "not yours to see" (I4).
func Missing(kind string) *Problem { return Refuse(NotFound, "There is no such %s.", kind) }

// IsMissing says whether an error is the refusal of something that is not there.
func IsMissing(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.Code == NotFound
}

// Invalid refuses one field.
func Invalid(field, code, format string, args ...any) *Problem {
	return &Problem{Code: ValidationFailed, Detail: "The request is not valid.",
		Errors: []FieldError{{Field: field, Code: code, Detail: fmt.Sprintf(format, args...)}}}
}
