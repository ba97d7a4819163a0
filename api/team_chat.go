package api

import (
	"context"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

type listTeamMessagesInput struct {
	TeamPath
	Messages
}

func (s *Server) listTeamMessages(ctx context.Context, in *listTeamMessagesInput) (*Listed[desk.TeamMessage], error) {
	id := func(m desk.TeamMessage) string { return m.ID }
	return pageOf(in.Messages, "team "+in.TeamID, id, func(q store.MessageQuery) ([]desk.TeamMessage, error) {
		return s.cfg.Store.TeamMessages(ctx, callerFrom(ctx), in.TeamID, q)
	})
}

type postTeamMessageInput struct {
	TeamPath
	Body struct {
		Text      string `json:"text" minLength:"1" maxLength:"4000" example:"Who has a spare toner?" doc:"What it says"`
		ClientRef string `json:"client_ref,omitempty" maxLength:"200" doc:"The client's own reference: the same again is the same message"`
	}
}

func (s *Server) postTeamMessage(ctx context.Context, in *postTeamMessageInput) (*Posted[desk.TeamMessage], error) {
	m, err := s.cfg.Store.PostTeamMessage(ctx, callerFrom(ctx), in.TeamID, in.Body.Text, in.Body.ClientRef)
	return posted("/v1/teams/"+m.TeamID+"/messages", m, err)
}

type markTeamChatReadInput struct {
	TeamPath
	Body struct {
		MessageID string `json:"message_id" minLength:"1" maxLength:"100" doc:"The last message that was read"`
	}
}

func (s *Server) markTeamChatRead(ctx context.Context, in *markTeamChatReadInput) (*Plain[desk.TeamChat], error) {
	chat, err := s.cfg.Store.MarkTeamChatRead(ctx, callerFrom(ctx), in.TeamID, in.Body.MessageID)
	return &Plain[desk.TeamChat]{chat}, err
}
