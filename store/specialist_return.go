package store

import (
	"context"
	"errors"

	"github.com/repdesk/repdesk/store/desk"
)

// SpecialistReturn is somebody who was in the session before they came by a code or link, and can go on.
type SpecialistReturn struct {
	Name   string // as they then gave it
	Token  string // "": it is nobody
	Inside string // the session in which they are; "": they left it
}

// ReturningSpecialist finds, by the guests' tokens that a browser keeps, who of it can go on at this moment: they are in the
// session, by whatever way, or joined by this code or link before and can come back in where a seat is free (F10). It changes
// nothing.
func (s *Store) ReturningSpecialist(ctx context.Context, key SpecialistKey, tokens []string) (SpecialistReturn, error) {
	if p := key.check(); p != nil {
		return SpecialistReturn{}, p
	}
	return read(ctx, s, func(t *tx) (SpecialistReturn, error) {
		e, err := t.specialistEntry(key)
		if err != nil {
			return SpecialistReturn{}, err
		}
		for _, token := range tokens {
			if found, err := t.canReturn(e, token); err != nil || found.Token != "" {
				return found, err
			}
		}
		return SpecialistReturn{}, nil
	})
}

// canReturn says whose the token is, if they can go on.
func (t *tx) canReturn(e specialistEntry, token string) (found SpecialistReturn, err error) {
	e.key.Token = token
	before, err := t.bearerOf(e)
	switch {
	case err != nil || before.ID == "":
		return found, err
	case before.LeftAt == nil:
		return SpecialistReturn{before.Name, token, e.session.ID}, nil
	case before.CameBy != e.inv.ID:
		return found, nil
	}
	err = t.letsIn(e, true)
	if no := new(desk.Problem); errors.As(err, &no) {
		return found, nil
	}
	return SpecialistReturn{Name: before.Name, Token: token}, err
}
