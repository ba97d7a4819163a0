package api

import (
	"context"

	"github.com/repdesk/repdesk/store/desk"
)

type listNotesInput struct {
	SessionPath
	Page
}

func (s *Server) listNotes(ctx context.Context, in *listNotesInput) (*Listed[desk.Note], error) {
	return paged(in.Page, func(n desk.Note) string { return n.ID }, func(after string, limit int) ([]desk.Note, error) {
		return s.cfg.Store.Notes(ctx, callerFrom(ctx), in.SessionID, after, limit)
	}, "notes", in.SessionID)
}

type addNoteInput struct {
	SessionPath
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"4000" example:"The rollers are worn" doc:"What it says; guests never see it"`
	}
}

func (s *Server) addNote(ctx context.Context, in *addNoteInput) (*Posted[desk.Note], error) {
	note, err := s.cfg.Store.AddNote(ctx, callerFrom(ctx), in.SessionID, in.Body.Text)
	return posted("/v1/sessions/"+in.SessionID+"/notes", note, err)
}
