package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// Page is embedded in the input of every list.
type Page struct {
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"200" doc:"How many items at most"`
	Cursor string `query:"cursor" maxLength:"1000" doc:"What the page before gives as next; left out for the first page"`
}

// Paged is the body of every list. Next is absent on the last page.
type Paged[T any] struct {
	Items []T    `json:"items" doc:"The items of this page"`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last one"`
}

// Listed is the answer of a list.
type Listed[T any] struct{ Body Paged[T] }

// listed never lets items be null.
func listed[T any](items []T, next string) *Listed[T] {
	if items == nil {
		items = []T{}
	}
	return &Listed[T]{Paged[T]{items, next}}
}

// Plain is an answer that has no revision of its own.
type Plain[T any] struct{ Body T }

// Object is the answer that shows one thing with a revision. A GET that answers one honours If-None-Match by itself.
type Object[T any] struct {
	ETag string `header:"ETag" doc:"The revision, for If-None-Match and If-Match" example:"\"3\""`
	Body T
}

func object[T any](rev int64, body T) *Object[T] { return &Object[T]{etag(rev), body} }

func (o *Object[T]) tag() string { return o.ETag }

// Content is the answer that shows what has no revision, since it is put together of many things and changes as time
// passes: its ETag is made of what it says. A GET that answers one honours If-None-Match, and saves the sending.
type Content[T any] struct {
	ETag string `header:"ETag" doc:"Changes with the content, for If-None-Match" example:"\"h-Zm9vYmFyYmF6cXV4Zm9v\""`
	Body T
}

func content[T any](body T) (*Content[T], error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("tag content: %w", err)
	}
	sum := sha256.Sum256(text)
	return &Content[T]{fmt.Sprintf(`"h-%s"`, base64.RawURLEncoding.EncodeToString(sum[:15])), body}, nil
}

func (c *Content[T]) tag() string { return c.ETag }

// Created is the answer to a creation. Its operation has the status 201.
type Created[T any] struct {
	Location string `header:"Location" doc:"The path of the new thing"`
	ETag     string `header:"ETag" doc:"The revision, for If-None-Match and If-Match" example:"\"1\""`
	Body     T
}

func created[T any](location string, rev int64, body T) *Created[T] {
	return &Created[T]{location, etag(rev), body}
}

// CreatedAt is the answer to the creation of what never changes, and so has no revision. Its operation has the status 201.
type CreatedAt[T any] struct {
	Location string `header:"Location" doc:"The path of the new thing"`
	Body     T
}

func etag(rev int64) string { return fmt.Sprintf("%q", fmt.Sprint(rev)) }

// tagged is an answer with a revision, or with an ETag in its place.
type tagged interface{ tag() string }

// matches says whether a header's list of entity tags names the tag. A proxy may have made it weak.
func matches(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}

// IfMatch is embedded in the input of operations that change one thing.
type IfMatch struct {
	Tag string `header:"If-Match" maxLength:"1000" doc:"Change it only if this is still its ETag"`
}

// check compares with the revision that the thing has. It belongs into the transaction that changes it.
func (m IfMatch) check(rev int64) error {
	if m.Tag == "" || matches(m.Tag, etag(rev)) {
		return nil
	}
	return desk.Refuse(desk.ChangedMeanwhile, "")
}

// notModified is the answer of a GET to a client that has the object already. To huma it is an error with headers.
type notModified struct{ etag string }

func (notModified) Error() string             { return "not modified" }
func (notModified) GetStatus() int            { return http.StatusNotModified }
func (n notModified) GetHeaders() http.Header { return http.Header{"Etag": {n.etag}} }
