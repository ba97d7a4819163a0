package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// tokenCommand sees to API tokens beside a server that may be running: the first one for a script has to come from
// somewhere.
type tokenCommand struct {
	Create createTokenCommand `cmd:"" help:"Make an API token, and print it this once."`
	List   listTokensCommand  `cmd:"" help:"List API tokens, the newest first."`
	Revoke revokeTokenCommand `cmd:"" help:"Revoke an API token."`
}

type createTokenCommand struct {
	Name     string   `required:"" help:"What the token is for."`
	Scopes   []string `required:"" placeholder:"SCOPE,…" help:"What it may do, of the list above."`
	Rep      string   `placeholder:"USERNAME" help:"The rep as whom it acts; left out, it belongs to nobody."`
	Lifetime lifetime `default:"90d" placeholder:"90d|720h" help:"How long it lives, in days or hours; at most 366d."`
	databaseFlags
	logFlags
}

// Help lists the scopes below what the command is for.
func (createTokenCommand) Help() string {
	return "Scopes: " + strings.ReplaceAll(scopesOf(desk.Scopes), ",", ", ") + "."
}

// Run prints the token alone, for TOKEN=$(repdesk token create …), and says beside it what it may do.
func (c *createTokenCommand) Run(ctx context.Context, to output) error {
	return withStore(ctx, c.databaseFlags, c.logFlags, to, func(s *store.Store) error {
		in := store.NewAPIToken{Name: c.Name, Lifetime: time.Duration(c.Lifetime)}
		if c.Rep != "" {
			in.RepID = "@" + strings.TrimPrefix(c.Rep, "@")
		}
		for _, scope := range c.Scopes {
			in.Scopes = append(in.Scopes, desk.Scope(scope))
		}
		issued, err := s.CreateAPIToken(ctx, s.Operator(), in)
		if desk.IsMissing(err) {
			return fmt.Errorf("--rep %s: there is no such rep", c.Rep)
		}
		if err != nil {
			return wrongFlags(err)
		}
		token := issued.APIToken
		fmt.Fprintf(to.log, "%s %q acts as %s until %s, and may: %s\n", token.ID, token.Name, actsAs(token), token.ExpiresAt.Format(time.RFC3339), scopesOf(token.Scopes))
		_, err = fmt.Fprintln(to.out, issued.Token)
		return err
	})
}

type listTokensCommand struct {
	databaseFlags
	logFlags
}

const tokensAtOnce = 200

func (c *listTokensCommand) Run(ctx context.Context, to output) error {
	return withStore(ctx, c.databaseFlags, c.logFlags, to, func(s *store.Store) error {
		table := tabwriter.NewWriter(to.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ID\tNAME\tACTS AS\tSCOPES\tEXPIRES\tLAST USED")
		for before := ""; ; {
			tokens, err := s.APITokens(ctx, s.Operator(), before, tokensAtOnce)
			if err != nil {
				return err
			}
			for _, token := range tokens {
				tellToken(table, token)
				before = token.ID
			}
			if len(tokens) < tokensAtOnce {
				return table.Flush()
			}
		}
	})
}

func tellToken(w io.Writer, token desk.APIToken) {
	used := "never"
	if token.LastUsedAt != nil {
		used = token.LastUsedAt.Format(time.RFC3339)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", token.ID, token.Name, actsAs(token), scopesOf(token.Scopes), token.ExpiresAt.Format(time.RFC3339), used)
}

type revokeTokenCommand struct {
	ID string `arg:"" help:"The API token's id, as list shows it."`
	databaseFlags
	logFlags
}

func (c *revokeTokenCommand) Run(ctx context.Context, to output) error {
	return withStore(ctx, c.databaseFlags, c.logFlags, to, func(s *store.Store) error {
		err := s.DeleteAPIToken(ctx, s.Operator(), c.ID, nil)
		if desk.IsMissing(err) {
			return fmt.Errorf("there is no API token %s: repdesk token list shows all", c.ID)
		}
		if err == nil {
			fmt.Fprintf(to.log, "%s is revoked\n", c.ID)
		}
		return err
	})
}

// withStore opens the store for one command.
func withStore(ctx context.Context, database databaseFlags, log logFlags, to output, do func(*store.Store) error) error {
	s, err := store.Open(ctx, store.Config{Database: database.Database, Logger: log.logger(to.log)})
	if err != nil {
		return err
	}
	return errors.Join(do(s), s.Close())
}

func actsAs(token desk.APIToken) string {
	if token.Rep == nil {
		return "nobody"
	}
	return token.Rep.Name
}

func scopesOf(scopes []desk.Scope) string {
	words := []string{}
	for _, scope := range scopes {
		words = append(words, string(scope))
	}
	return strings.Join(words, ",")
}

// wrongFlags names the flags where a refusal names the fields of a request.
func wrongFlags(err error) error {
	var refusal *desk.Problem
	if !errors.As(err, &refusal) || len(refusal.Errors) == 0 {
		return err
	}
	wrong := []string{}
	for _, e := range refusal.Errors {
		field, _, _ := strings.Cut(strings.TrimSuffix(e.Field, "_seconds"), "[")
		wrong = append(wrong, fmt.Sprintf("--%s: %s", field, e.Detail))
	}
	return errors.New(strings.Join(wrong, "\n"))
}

// lifetime is a duration that can be given in days too.
type lifetime time.Duration

func (l *lifetime) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return fmt.Errorf("expected a number of days, like 90d")
		}
		*l = lifetime(n) * lifetime(24*time.Hour)
		return notNothing(*l)
	}
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("expected days or hours, like 90d or 720h")
	}
	*l = lifetime(d)
	return notNothing(*l)
}

// notNothing refuses what the store would take for the usual lifetime.
func notNothing(l lifetime) error {
	if l <= 0 {
		return errors.New("a token has to live for a time")
	}
	return nil
}
