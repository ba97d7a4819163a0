package api

import (
	"context"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// Messages is embedded in the input of lists of messages.
type Messages struct {
	Page
	After  string `query:"after" maxLength:"100" doc:"Only messages after this one, by its id"`
	Before string `query:"before" maxLength:"100" doc:"Only messages before this one, by its id"`
	Order  string `query:"order" enum:"asc,desc" default:"asc" doc:"The oldest first, or the newest"`
}

// pageOf fetches one page of messages in the order asked for. chat names the list.
func pageOf[T any](m Messages, chat string, id func(T) string, fetch func(store.MessageQuery) ([]T, error)) (*Listed[T], error) {
	return paged(m.Page, id, func(from string, limit int) ([]T, error) {
		return fetch(store.MessageQuery{After: m.After, Before: m.Before, Descending: m.Order == "desc", From: from, Limit: limit})
	}, "messages", chat, m.After, m.Before, m.Order)
}

func messageID(m desk.Message) string { return m.ID }

type listMessagesInput struct {
	SessionPath
	Messages
}

func (s *Server) listMessages(ctx context.Context, in *listMessagesInput) (*Listed[desk.Message], error) {
	return pageOf(in.Messages, in.SessionID, messageID, func(q store.MessageQuery) ([]desk.Message, error) {
		return s.cfg.Store.Messages(ctx, callerFrom(ctx), in.SessionID, q)
	})
}

// Posted is the answer to writing something that never changes, and so has no revision.
type Posted[T any] struct {
	Location string `header:"Location" doc:"The path of the list that it stands in"`
	Body     T
}

func posted[T any](location string, body T, err error) (*Posted[T], error) {
	if err != nil {
		return nil, err
	}
	return &Posted[T]{location, body}, nil
}

type postMessageInput struct {
	SessionPath
	Body struct {
		Text      string `json:"text" minLength:"1" maxLength:"4000" example:"Try the other tray" doc:"What it says"`
		Audience  string `json:"audience,omitempty" enum:"everyone,reps" doc:"Who may read it; left out: everyone, and of a masked rep the reps"`
		ClientRef string `json:"client_ref,omitempty" maxLength:"200" doc:"The client's own reference: the same again is the same message"`
	}
}

func (s *Server) postMessage(ctx context.Context, in *postMessageInput) (*Posted[desk.Message], error) {
	m, err := s.cfg.Store.PostMessage(ctx, callerFrom(ctx), in.SessionID,
		store.NewMessage{Text: in.Body.Text, Audience: desk.Audience(in.Body.Audience), ClientRef: in.Body.ClientRef})
	return posted("/v1/sessions/"+in.SessionID+"/messages", m, err)
}

type markSessionReadInput struct {
	SessionPath
	Body struct {
		MessageID string `json:"message_id" minLength:"1" maxLength:"100" doc:"The last message that was read"`
	}
}

func (s *Server) markSessionRead(ctx context.Context, in *markSessionReadInput) (*Object[desk.Session], error) {
	return sessionObject(s.cfg.Store.MarkSessionRead(ctx, callerFrom(ctx), in.SessionID, in.Body.MessageID))
}
