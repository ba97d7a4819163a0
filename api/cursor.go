package api

import (
	"encoding/base64"
	"encoding/json"
	"hash/fnv"

	"github.com/repdesk/repdesk/store/desk"
)

// position is what a cursor holds: the last item of the page before, and what the list was sorted and filtered by.
type position struct {
	After string `json:"a"`
	Scope uint64 `json:"s"`
}

func scopeOf(parts ...string) uint64 {
	h := fnv.New64a()
	for _, part := range parts {
		_, _ = h.Write([]byte(part + "\x00"))
	}
	return h.Sum64()
}

func (p position) cursor() string {
	data, err := json.Marshal(p)
	if err != nil { // two plain fields
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// openCursor returns where the page begins: after which item; "" is the beginning.
func openCursor(cursor string, scope uint64) (after string, err error) {
	if cursor == "" {
		return "", nil
	}
	var p position
	data, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || json.Unmarshal(data, &p) != nil || !cleanText(p.After) {
		return "", desk.Invalid("query.cursor", "bad_format", "is not a cursor of this server")
	}
	if p.Scope != scope {
		return "", desk.Refuse(desk.CursorMismatch, "The cursor was made with another sort or filter.")
	}
	return p.After, nil
}

// paged fetches one page, one item more than asked for to learn whether there is another page. scope names the list
// with its filters.
func paged[T any](p Page, id func(T) string, fetch func(after string, limit int) ([]T, error), scope ...string) (*Listed[T], error) {
	after, err := openCursor(p.Cursor, scopeOf(scope...))
	if err != nil {
		return nil, err
	}
	items, err := fetch(after, p.Limit+1)
	if err != nil {
		return nil, err
	}
	if len(items) <= p.Limit {
		return listed(items, ""), nil
	}
	items = items[:p.Limit]
	return listed(items, position{After: id(items[p.Limit-1]), Scope: scopeOf(scope...)}.cursor()), nil
}
