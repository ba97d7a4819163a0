package api

import (
	"context"
	"slices"
	"time"

	"github.com/repdesk/repdesk/push/texts"
	"github.com/repdesk/repdesk/store/desk"
)

// Info is what the server says of itself.
type Info struct {
	ServerID     string    `json:"server_id" doc:"Tells this desk from others that a client knows" example:"srv_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Name         string    `json:"name" doc:"What the desk is called" example:"repdesk"`
	Version      string    `json:"version" doc:"The program's version" example:"0.1.0"`
	LogInMethods []string  `json:"log_in_methods" doc:"How reps log in" values:"LogInMethod"`
	Languages    []string  `json:"languages" doc:"Languages of pushes, emails and pages" example:"[\"en\",\"es\",\"de\",\"fr\"]"`
	Features     []string  `json:"features" doc:"What this server can do beyond what every server can: push to devices, send emails" values:"Feature"`
	Limits       Limits    `json:"limits" doc:"The longest texts and the most items"`
	ServerTime   time.Time `json:"server_time" doc:"Now, by the server's clock"`
}

// Limits are bounds that clients want to know before they run into them.
type Limits struct {
	CommentCharacters int `json:"comment_characters" doc:"Characters of an invitation's comment"`
	DetailsCharacters int `json:"details_characters" doc:"Characters of a customer's details"`
	MessageCharacters int `json:"message_characters" doc:"Characters of a chat message or a note"`
	InvitesAMinute    int `json:"invites_a_minute" doc:"Invitations that an owner may make in a minute"`
	InvitedReps       int `json:"invited_reps" doc:"Reps beside the owner, joined and invited together; a portal may allow fewer"`
	PageItems         int `json:"page_items" doc:"Items of one page of a list"`
	BodyBytes         int `json:"body_bytes" doc:"Bytes of a request's body"`
}

// features are what depends on how the server was set up.
func (s *Server) features() []string {
	features := []string{}
	for channel, feature := range map[desk.Channel]string{desk.ChannelFCM: "push", desk.ChannelEmail: "email"} {
		if slices.Contains(s.cfg.Channels, channel) {
			features = append(features, feature)
		}
	}
	slices.Sort(features)
	return features
}

func (s *Server) getServer(context.Context, *struct{}) (*Plain[Info], error) {
	return &Plain[Info]{Info{
		ServerID: s.cfg.Store.ServerID(), Name: s.cfg.Name, Version: s.cfg.Version, LogInMethods: []string{"password"},
		Languages: texts.Languages, Features: s.features(), ServerTime: desk.Time(s.cfg.Now().UnixMilli()),
		Limits: Limits{CommentCharacters: desk.MaxComment, DetailsCharacters: desk.MaxDetails, MessageCharacters: desk.MaxMessage, InvitesAMinute: desk.InvitesAMinute, InvitedReps: desk.MaxInvitedReps, PageItems: 200, BodyBytes: maxBody},
	}}, nil
}
