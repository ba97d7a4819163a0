package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"github.com/repdesk/repdesk/store/desk"
)

// grantIssuer is who signs join grants: the desk at its own address.
func (s *Server) grantIssuer() string { return cmp.Or(s.cfg.PublicURL, "repdesk") }

func (s *Server) getJoinGrant(ctx context.Context, in *SessionPath) (*Plain[desk.Grant], error) {
	return plainGrant(s.cfg.Store.JoinGrant(ctx, callerFrom(ctx), in.SessionID, s.grantIssuer()))
}

func plainGrant(grant desk.Grant, err error) (*Plain[desk.Grant], error) {
	if err != nil {
		return nil, err
	}
	return &Plain[desk.Grant]{grant}, nil
}

// grantKeys serves the keys with which join grants are checked (RFC 7517). A new key stands there an hour before it signs,
// so they may be kept for a while.
func (s *Server) grantKeys(w http.ResponseWriter, r *http.Request) {
	keys, err := s.cfg.Store.GrantKeys(r.Context())
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=600")
	_ = json.NewEncoder(w).Encode(keys)
}
