package store

import (
	"context"
	"errors"
	"reflect"

	"github.com/repdesk/repdesk/store/desk"
)

// readAs and writeAs are read and write for a caller: what comes out, refusals too, is shown as the caller may know it
// (A7). Whatever answers a rep goes through one of them. What is written so is a rep's doing: an API token that belongs to
// nobody is refused, whatever it asks for (I2). writeAsAnyone is for the little that such a token may do.
func readAs[T any](ctx context.Context, s *Store, c desk.Caller, fn func(*tx) (T, error)) (T, error) {
	return read(ctx, s, func(t *tx) (T, error) { return seenBy(t, c, fn) })
}

func writeAs[T any](ctx context.Context, s *Store, c desk.Caller, fn func(*tx) (T, error)) (T, error) {
	if p := c.MayAct(); p != nil {
		var none T
		return none, p
	}
	return writeAsAnyone(ctx, s, c, fn)
}

func writeAsAnyone[T any](ctx context.Context, s *Store, c desk.Caller, fn func(*tx) (T, error)) (T, error) {
	return write(ctx, s, func(t *tx) (T, error) { return seenBy(t, c, fn) })
}

func seenBy[T any](t *tx, c desk.Caller, fn func(*tx) (T, error)) (T, error) {
	out, err := fn(t)
	if !c.Embassy || t.err != nil {
		return out, err
	}
	o, lookErr := t.outlook(c.RepID)
	if lookErr != nil {
		return out, lookErr
	}
	show(o, reflect.ValueOf(&out))
	var refusal *desk.Problem
	if errors.As(err, &refusal) {
		refusal.SeenThrough(o)
	}
	if t.err != nil {
		return out, t.err
	}
	return out, err
}

// show shows a thing, or each of a list of things, through an outlook.
func show(o *desk.Outlook, v reflect.Value) {
	if seen, ok := v.Interface().(desk.Seen); ok {
		seen.SeenThrough(o)
		return
	}
	if list := v.Elem(); list.Kind() == reflect.Slice {
		for i := range list.Len() {
			show(o, list.Index(i).Addr())
		}
	}
}

// outlook is what an embassy rep may know of others: colleagues are those of its own teams.
func (t *tx) outlook(repID string) (*desk.Outlook, error) {
	teams, err := t.texts(`SELECT m.team_id FROM team_members m JOIN teams t ON t.id = m.team_id AND t.disabled = 0 WHERE m.rep_id = $1`, repID)
	known := map[string]string{} // public names of outsiders; "" for colleagues
	public := func(id string) (string, bool) {
		name, asked := known[id]
		if !asked && id != "" {
			// A fault sticks to the transaction, and whoever shows something looks for it.
			_, _ = t.row(`SELECT r.public_name FROM reps r WHERE r.id = $1 AND r.id <> $2 AND NOT EXISTS (`+colleagues(`$2`)+` AND o.rep_id = r.id)`, []any{id, repID}, &name)
			known[id] = name
		}
		return name, name != ""
	}
	return &desk.Outlook{Teams: teams, PublicName: public}, err
}
