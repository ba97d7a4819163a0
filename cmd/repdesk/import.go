package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

// importCommand loads an organisation file beside a server that may be running.
type importCommand struct {
	File   string `arg:"" type:"existingfile" help:"Organisation file (YAML)."`
	DryRun bool   `help:"Say what would change, and change nothing."`
	databaseFlags
	logFlags
}

func (c *importCommand) Run(ctx context.Context, to output) error {
	s, err := store.Open(ctx, store.Config{Database: c.Database, Logger: c.logger(to.log)})
	if err != nil {
		return err
	}
	report, err := importFile(ctx, s, c.File, c.DryRun)
	if err == nil {
		tellImport(to.out, report)
	}
	return errors.Join(err, s.Close())
}

func importFile(ctx context.Context, s *store.Store, file string, dryRun bool) (desk.ImportReport, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return desk.ImportReport{}, err
	}
	report, err := s.ImportOrganization(ctx, s.Operator(), data, dryRun)
	return report, wrongFile(file, err)
}

// tellImport says in plain words what an import did, or would do.
func tellImport(w io.Writer, r desk.ImportReport) {
	created, changed := "created", "changed"
	if r.DryRun {
		created, changed = "would create", "would change"
	}
	for _, e := range r.Created {
		fmt.Fprintf(w, "%s %s %s\n", created, e.Kind, e.Name)
	}
	for _, e := range r.Changed {
		fmt.Fprintf(w, "%s %s %s: %s\n", changed, e.Kind, e.Name, strings.Join(e.Fields, ", "))
	}
	fmt.Fprintf(w, "%d %s, %d %s, %d unchanged\n", len(r.Created), created, len(r.Changed), changed, r.Unchanged)
}

// place is how the store says where in the file something is.
var place = regexp.MustCompile(`^line (\d+), column (\d+): `)

// wrongFile makes of a refusal one line for each error, in the form that editors jump to: file:line:column: field: reason.
func wrongFile(file string, err error) error {
	var refusal *desk.Problem
	if !errors.As(err, &refusal) || len(refusal.Errors) == 0 {
		return err
	}
	lines := []string{refusal.Detail}
	for _, e := range refusal.Errors {
		at, reason := file, e.Detail
		if found := place.FindStringSubmatch(reason); found != nil {
			at, reason = file+":"+found[1]+":"+found[2], strings.TrimPrefix(reason, found[0])
		}
		lines = append(lines, fmt.Sprintf("%s: %s: %s", at, e.Field, reason))
	}
	return errors.New(strings.Join(lines, "\n"))
}
