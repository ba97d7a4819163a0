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

// usesFCM says whether anything about FCM is set; then all that is needed must be.
func (f pushFlags) usesFCM() bool {
	return f.FCMProject != "" || f.FCMCredentials != "" || f.FCMEndpoint != ""
}

func (f pushFlags) fcmConfig(log *slog.Logger) push.FCMConfig {
	return push.FCMConfig{Project: f.FCMProject, CredentialsFile: f.FCMCredentials, Endpoint: f.FCMEndpoint, Logger: log}
}

func (f pushFlags) mailConfig(publicURL, name string, log *slog.Logger) push.MailConfig {
	return push.MailConfig{URL: f.SMTP, From: f.MailFrom, PublicURL: publicURL, Name: name, Logger: log}
}

// senders makes what the settings ask for. A channel without settings keeps its messages to the log.
func (f pushFlags) senders(ctx context.Context, publicURL, name string, log *slog.Logger) (c channels, err error) {
	mail := f.mailConfig(publicURL, name, log)
	kept := &push.Kept{Mail: mail, Logger: log}
	c.byChannel = map[desk.Channel]push.Sender{desk.ChannelFCM: kept, desk.ChannelEmail: kept}
	if f.usesFCM() {
		fcm, err := push.NewFCM(ctx, f.fcmConfig(log))
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
