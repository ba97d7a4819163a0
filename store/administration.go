package store

import (
	"context"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// administer changes the organisation by hand (I3), with what an organisation file goes through: the same checks, the same
// consequences, the same events. Of the accounts, of which there can be thousands, only the one that ref names is loaded.
func administer[T any](ctx context.Context, s *Store, c desk.Caller, rep string, hashes map[string]string, fn func(*organizationImport) (T, error)) (T, error) {
	if err := checkAdministrator(c); err != nil {
		var none T
		return none, err
	}
	return writeAsAnyone(ctx, s, c, func(t *tx) (out T, err error) {
		m, err := t.beginImport(c, hashes)
		if err != nil {
			return out, err
		}
		id := ""
		if rep != "" {
			if id, err = t.resolveAny("rep", rep); err != nil {
				return out, err
			}
		}
		if m.org, err = t.organizationFor(id); err != nil {
			return out, err
		}
		return fn(m)
	})
}

func checkAdministrator(c desk.Caller) error {
	if !c.IsAdministrator() {
		return desk.Refuse(desk.NotAllowed, "Only administrators do this.")
	}
	return nil
}

// readAdministered reads what is for administrators alone.
func readAdministered[T any](ctx context.Context, s *Store, c desk.Caller, fn func(*tx) (T, error)) (T, error) {
	if err := checkAdministrator(c); err != nil {
		var none T
		return none, err
	}
	return readAs(ctx, s, c, fn)
}

// slug is the unique name of what a request names, among what is loaded: "" for "".
func (m *organizationImport) slug(kind, ref string) (string, error) {
	if ref == "" {
		return "", nil
	}
	name, named := strings.CutPrefix(ref, "@")
	if !named {
		name = m.org.slugs[ref]
	}
	if id, there := m.org.ids[thing{kind, name}]; !there || !named && id != ref {
		return "", desk.Missing(kind)
	}
	return name, nil
}

// slugsNamed is slug for a list.
func (m *organizationImport) slugsNamed(kind string, refs []string) (slugs []string, err error) {
	for _, ref := range refs {
		slug, err := m.slug(kind, ref)
		if err == nil && slug == "" {
			err = desk.Missing(kind)
		}
		if err != nil {
			return nil, err
		}
		slugs = append(slugs, slug)
	}
	return slugs, nil
}

// free refuses a unique name that is taken.
func (m *organizationImport) free(kind, field, name string) error {
	if _, taken := m.org.ids[thing{kind, name}]; taken {
		return desk.Invalid(field, "taken", "belongs to another already")
	}
	return nil
}

// keep checks one entry as a file's, and saves it.
func (m *organizationImport) keep(one desk.Organization) error {
	if wrong := one.Check(m.org.standing()); len(wrong) > 0 {
		p := &desk.Problem{Code: desk.ValidationFailed, Detail: "The request is not valid."}
		for _, e := range wrong {
			e.Field = requestField(e.Field)
			p.Errors = append(p.Errors, e)
		}
		return p
	}
	return m.save(one)
}

// requestField is a file's field as a request names it: without the place in the file, and by the ids of other things.
func requestField(field string) string {
	_, field, _ = strings.Cut(field, ".")
	for _, reference := range []string{"parent", "team", "overflow_team"} {
		if field == reference || strings.HasSuffix(field, "."+reference) {
			return field + "_id"
		}
	}
	return field
}
