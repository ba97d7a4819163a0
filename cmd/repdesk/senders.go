package main

import (
	"context"
	"log/slog"

	"github.com/repdesk/repdesk/push"
	"github.com/repdesk/repdesk/store/desk"
)

// channels are the ways by which the desk tells people.
type channels struct {
	byChannel map[desk.Channel]push.Sender
	setUp     []desk.Channel // those that send; the others keep
	closers   []func()
}

func (c channels) close() {
	for _, closeSender := range c.closers {
		closeSender()
	}
}

// senders makes what the settings ask for. A channel without settings keeps its messages to the log.
func (f pushFlags) senders(ctx context.Context, publicURL, name string, log *slog.Logger) (c channels, err error) {
	mail := push.MailConfig{URL: f.SMTP, From: f.MailFrom, PublicURL: publicURL, Name: name, Logger: log}
	kept := &push.Kept{Mail: mail, Logger: log}
	c.byChannel = map[desk.Channel]push.Sender{desk.ChannelFCM: kept, desk.ChannelEmail: kept}
	if f.FCMProject != "" || f.FCMCredentials != "" || f.FCMEndpoint != "" {
		fcm, err := push.NewFCM(ctx, push.FCMConfig{Project: f.FCMProject, CredentialsFile: f.FCMCredentials, Endpoint: f.FCMEndpoint, Logger: log})
		if err != nil {
			return c, err
		}
		c.byChannel[desk.ChannelFCM], c.setUp, c.closers = fcm, append(c.setUp, desk.ChannelFCM), append(c.closers, fcm.Close)
	}
	if f.SMTP != "" {
		sender, err := push.NewMail(mail)
		if err != nil {
			c.close()
			return c, err
		}
		c.byChannel[desk.ChannelEmail], c.setUp, c.closers = sender, append(c.setUp, desk.ChannelEmail), append(c.closers, sender.Close)
	}
	return c, nil
}
