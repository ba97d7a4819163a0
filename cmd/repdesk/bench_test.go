package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// smallBench is a benchmark that takes seconds, and whose figures say nothing.
var smallBench = []string{"bench", "--reps", "60", "--teams", "4", "--clients", "4", "--sessions", "1", "--seconds", "0.05", "--streams", "50", "--sizes", "30,60", "--past", "1000"}

// benched runs the benchmark in this process, and its servers from this executable. Nothing may be left of it.
func benched(t *testing.T, ctx context.Context, log *benchLog, flags ...string) (string, error) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	var out bytes.Buffer
	err := run(ctx, slices.Concat(smallBench, flags), func(string) string { return "" }, &out, log)
	if left, readErr := os.ReadDir(os.TempDir()); len(left) > 0 || readErr != nil {
		t.Errorf("left in the folder of temporary files: %v %v", left, readErr)
	}
	for _, server := range log.servers() {
		process, findErr := os.FindProcess(server)
		ok(t, findErr)
		if signalErr := process.Signal(syscall.Signal(0)); !errors.Is(signalErr, os.ErrProcessDone) {
			t.Errorf("server %d: %v", server, signalErr)
		}
	}
	return out.String(), err
}

// benchLog is what a benchmark says that it is doing.
type benchLog struct {
	mu      sync.Mutex
	said    strings.Builder
	await   string // what it is to say, and
	reached func() // who is to know
}

func (l *benchLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said.Write(p)
	if l.await != "" && strings.Contains(l.said.String(), l.await) {
		l.reached()
	}
	return len(p), nil
}

// servers are the processes that it has started.
func (l *benchLog) servers() (ids []int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, found := range regexp.MustCompile(`the server is process (\d+)`).FindAllStringSubmatch(l.said.String(), -1) {
		id, _ := strconv.Atoi(found[1])
		ids = append(ids, id)
	}
	return ids
}

// benchRows are the rows of the table, as patterns.
var benchRows = func() (all []string) {
	for range 2 { // one client, and many
		all = append(all, "healthz", "get-me", "get-share-options", "invite", "invite, with push", "accept", "cancel")
	}
	return append(all, "invitation at an open stream, p50", "invitation at an open stream, p99", "invitation at FCM, p50", "invitation at FCM, p99", "invitation in a mailbox, p50", "invitation in a mailbox, p99",
		"pushes, at 30 ms each", "pushes beside what there could be",
		"store, invitations without HTTP", `bare SQLite, the same statements, \d+ in a commit`, "store beside bare SQLite",
		"open streams, memory of each", "event to half of the streams, for each", "event to half of the streams, processor time for each",
		"get-share-options, 30 reps", "get-share-options, 60 reps", "get-share-options, growth",
		"get-share-options, outside teams, 30 reps", "get-share-options, outside teams, 60 reps", "get-share-options, outside teams, growth",
		"list-queue-entries, 30 entries", "list-queue-entries, 60 entries", "list-queue-entries, growth",
		"invite, no past", "invite, 1000 past invitations", "invite with the past beside without", "start to the first answer, no past", "start to the first answer, 1000 past invitations")
}()

// theseMayBeNone can be too small to measure: what came before the answer, and hundredths of a second.
var theseMayBeNone = []string{"invitation at an open stream, p50", "invitation at an open stream, p99", "invitation at FCM, p50", "invitation in a mailbox, p50", "event to half of the streams, processor time for each"}

func TestBenchMeasuresEverything(t *testing.T) {
	for _, engine := range []struct {
		name     string
		database func(*testing.T) string
		parts    string
		rows     []string
		targets  int
	}{
		{"SQLite", database, "requests,told,pushes,commit,streams,growth,past", benchRows, 9},
		{"PostgreSQL", postgres, "requests,past", slices.Concat(benchRows[:14], benchRows[len(benchRows)-5:]), 0},
	} {
		t.Run(engine.name, func(t *testing.T) {
			db := engine.database(t)
			out, err := benched(t, t.Context(), &benchLog{}, "--json", "--database", db, "--only", engine.parts)
			ok(t, err)
			var table struct {
				Machine struct {
					CPU, OS, Go, Database, Repdesk, Date string
					Cores                                int
				}
				Rows []struct {
					Name, Unit, Target, Skipped string
					Value                       float64
					Ratio                       float64 `json:"ratio_to_healthz"`
					Met                         *bool
				}
			}
			ok(t, json.Unmarshal([]byte(out), &table))
			if m := table.Machine; m.Cores != runtime.NumCPU() || !strings.HasPrefix(m.Database, engine.name) || slices.Contains([]string{m.CPU, m.OS, m.Go, m.Repdesk, m.Date}, "") {
				t.Errorf("measured on %+v", m)
			}
			if len(table.Rows) != len(engine.rows) {
				t.Fatalf("%d rows, not %d: %s", len(table.Rows), len(engine.rows), out)
			}
			targets := 0
			for i, row := range table.Rows {
				if !regexp.MustCompile("^" + engine.rows[i] + "$").MatchString(row.Name) {
					t.Errorf("row %q, want %q", row.Name, engine.rows[i])
				}
				if skipped := row.Skipped != "" && runtime.GOOS != "linux"; row.Value <= 0 && !slices.Contains(theseMayBeNone, row.Name) && !skipped {
					t.Errorf("without a figure: %+v", row)
				}
				if row.Target != "" && row.Met != nil {
					targets++
				}
			}
			if targets != engine.targets {
				t.Errorf("%d targets, not %d", targets, engine.targets)
			}
			if _, err := benched(t, t.Context(), &benchLog{}, "--database", db); err == nil || !strings.Contains(err.Error(), "holds 64 reps, teams and portals") {
				t.Errorf("on a database with reps: %v", err)
			}
		})
	}
}

func TestBenchPrintsATable(t *testing.T) {
	out, err := benched(t, t.Context(), &benchLog{}, "--only", "requests")
	ok(t, err)
	contains(t, out, runtime.Version(), "SQLite", "clients", "× healthz", "≥ 0.2 × healthz")
	for _, name := range benchRows[:14] {
		if !regexp.MustCompile(`(?m)^` + name + ` +4 +\d+(\.\d+)? /s +\d+\.\d+ ms +\d+\.\d+ ms +\d+\.\d+ `).MatchString(out) {
			t.Errorf("no row of %s by 4 clients in:\n%s", name, out)
		}
	}
	for flags, says := range map[string]string{"--only everything": "there is no part", "--teams 3": "3 teams for 4 clients", "--reps 59": "a team needs 15", "--sizes 60,30": "the smallest first", "--past 0": "1 past invitation"} {
		if _, err := benched(t, t.Context(), &benchLog{}, strings.Fields(flags)...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", flags, err)
		}
	}
}

func TestBenchCanBeInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	log := &benchLog{await: "requests: 1 at a time", reached: stop}
	if out, err := benched(t, ctx, log, "--seconds", "60", "--only", "requests"); err == nil || err.Error() != "interrupted" || out != "" {
		t.Errorf("printed %q, %v", out, err)
	}
	if len(log.servers()) != 1 {
		t.Errorf("servers %v", log.servers())
	}
}
