package store

import (
	"context"
	"errors"
)

// UndoNext is the same store on a database that undoes the next write, whose function then runs again; between is what
// happens in between. It lives as long as the store itself.
func UndoNext(s *Store, between func()) *Store {
	return &Store{cfg: s.cfg, log: s.log, dialect: s.dialect, serverID: s.serverID, secret: s.secret, hub: s.hub, ready: s.ready, metrics: s.metrics,
		engine: &undoingEngine{engine: s.engine, between: between}}
}

type undoingEngine struct {
	engine
	between func()
}

func (e *undoingEngine) write(ctx context.Context, s *Store, fn func(*tx) error) error {
	between := e.between
	if e.between = nil; between == nil {
		return e.engine.write(ctx, s, fn)
	}
	undone := errors.New("undone")
	err := e.engine.write(ctx, s, func(t *tx) error {
		if err := fn(t); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) {
		return err
	}
	between()
	return e.engine.write(ctx, s, fn)
}
