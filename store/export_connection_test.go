package store

import (
	"context"
	"time"
)

// Housekeeping is what the housekeeping keeps in mind between two looks at what is due.
type Housekeeping struct {
	store  *Store
	looked time.Time
}

// NewHousekeeping begins now.
func NewHousekeeping(s *Store) *Housekeeping { return &Housekeeping{s, s.cfg.Now()} }

// Look is one look at what is due, with all contacts written.
func (h *Housekeeping) Look(ctx context.Context) error {
	if err := h.store.FlushContacts(ctx); err != nil {
		return err
	}
	return h.store.doDue(ctx, &h.looked)
}
