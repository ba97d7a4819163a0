package store

import (
	"context"
	"errors"

	"github.com/repdesk/repdesk/store/desk"
)

// SpecialistReturn is somebody who joined by a code or link before, and can go on by it.
type SpecialistReturn struct {
	Name  string // as they then gave it
	Token string // "": it is nobody
}

// ReturningSpecialist finds, by the guests' tokens that a browser keeps, who of it joined by a code or link before and can go on
// at this moment: they are in, or can come back in where a seat is free (F10). It changes nothing.
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

// canReturn says who came by the invitation with the token, if they can go on.
func (t *tx) canReturn(e specialistEntry, token string) (found SpecialistReturn, err error) {
	e.key.Token = token
	before, err := t.cameBefore(e)
	if err != nil || before.ID == "" {
		return found, err
	}
	if before.LeftAt != nil {
		err = t.letsIn(e, true)
	}
	if no := new(desk.Problem); errors.As(err, &no) {
		return found, nil
	}
	return SpecialistReturn{before.Name, token}, err
}
