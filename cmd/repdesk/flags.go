package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/alecthomas/kong"
)

// The flags of a group are settings of the desk, and each has a variable: --public-url is REPDESK_PUBLIC_URL too.
// The other flags belong to one call of one command.

type listenFlags struct {
	Listen string `group:"Server" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to listen on."`
}

type databaseFlags struct {
	Database string `group:"Server" default:"repdesk.db" placeholder:"FILE|URL" help:"SQLite file, or a postgres:// URL."`
}

type pushFlags struct {
	FCMProject     string `name:"fcm-project" group:"Push and email" placeholder:"ID" help:"Firebase project; without it pushes are only logged."`
	FCMCredentials string `name:"fcm-credentials" group:"Push and email" type:"path" placeholder:"FILE" help:"Service account's JSON key; without it, the environment's default credentials."`
	FCMEndpoint    string `name:"fcm-endpoint" group:"Push and email" placeholder:"URL" help:"Scheme and host of another server in FCM's place, for tests."`
	SMTP           string `name:"smtp" group:"Push and email" placeholder:"URL" help:"smtp://user:password@host:587 or smtps://…; without it emails are only logged."`
	MailFrom       string `group:"Push and email" placeholder:"ADDRESS" help:"Sender of emails; needed with --smtp."`
}

type logFlags struct {
	LogFormat string     `group:"Log" enum:"text,json" default:"text" help:"Form of the log: ${enum}."`
	LogLevel  slog.Level `group:"Log" default:"info" help:"Least level that is logged: debug, info, warn, error."`
}

func (f logFlags) logger(to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: f.LogLevel}
	if f.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}

// variable names the variable of a setting; "" where the flag has none.
func variable(flag *kong.Flag) string {
	if flag == nil || flag.Group == nil {
		return ""
	}
	return "REPDESK_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
}

// variables reads settings that the command line does not give.
func variables(getenv func(string) string) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if name := variable(flag); name != "" && getenv(name) != "" {
			return getenv(name), nil
		}
		return nil, nil
	})
}

// withVariable shows the variable in the help.
func withVariable(value *kong.Value) string {
	if name := variable(value.Flag); name != "" {
		return fmt.Sprintf("%s (%s)", value.Help, name)
	}
	return value.Help
}
