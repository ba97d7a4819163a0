package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/api"
)

// I2: a token is made beside the server, printed once and alone, and works at once on the server that runs.
func TestI2TokenCommand(t *testing.T) {
	file := database(t)
	sample, err := openSample(t.Context(), file, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(api.New(api.Config{Store: sample.store}).Handler())
	t.Cleanup(func() { server.Close(); sample.store.Close() })
	url, db := server.URL, map[string]string{"REPDESK_DATABASE": file}
	var printed, told strings.Builder
	err = run(t.Context(), []string{"token", "create", "--name", "Ticket system", "--scopes", "sessions:start,directory:read", "--rep", "ben", "--lifetime", "720h"},
		func(name string) string { return db[name] }, &printed, &told)
	out := printed.String()
	if err != nil || !regexp.MustCompile(`^rda_[A-Za-z0-9_-]{43}\n$`).MatchString(out) {
		t.Fatalf("printed %q, %v", out, err)
	}
	token := strings.TrimSpace(out)
	contains(t, told.String(), `"Ticket system" acts as Ben Okafor until `, "may: sessions:start,directory:read")
	if strings.Contains(told.String(), token) {
		t.Error("the token stands in what is said beside it")
	}
	if status := getMe(t, url, token); status != http.StatusOK {
		t.Errorf("get-me with the token: %d", status)
	}
	list, err := command(t, db, "token", "list")
	if err != nil || strings.Contains(list, "rda_") {
		t.Errorf("listed %q, %v", list, err)
	}
	contains(t, list, "Ticket system", "Ben Okafor", "sessions:start,directory:read")
	id := regexp.MustCompile(`tok_\w+`).FindString(list)
	if out, err := command(t, db, "token", "revoke", id); err != nil || out != "" {
		t.Errorf("revoked: %q, %v", out, err)
	}
	if status := eventuallyRefused(t, url, token); status != http.StatusUnauthorized {
		t.Errorf("get-me with the revoked token: %d", status)
	}
}

// TestI2TokenCommandRefuses what is wrong, in the words of its flags, and leaves no token behind.
func TestI2TokenCommandRefuses(t *testing.T) {
	db := map[string]string{"REPDESK_DATABASE": database(t)}
	for _, test := range []struct {
		args  []string
		fails string
	}{
		{[]string{"create", "--name", "x"}, "--scopes"},
		{[]string{"create", "--scopes", "sessions:read"}, "--name"},
		{[]string{"create", "--name", "x", "--scopes", "sessions:read,everything"}, "--scopes: expected one of"},
		{[]string{"create", "--name", strings.Repeat(" ", 10_000), "--scopes", "sessions:read"}, "--name: must not be empty"},
		{[]string{"create", "--name", strings.Repeat("x", 201), "--scopes", "sessions:read"}, "--name: expected at most 200"},
		{[]string{"create", "--name", "x", "--scopes", "sessions:read", "--rep", "nobody"}, "--rep nobody: there is no such rep"},
		{[]string{"create", "--name", "x", "--scopes", "sessions:read", "--lifetime", "367d"}, "--lifetime: a token lives for 366 days at most"},
		{[]string{"create", "--name", "x", "--scopes", "sessions:read", "--lifetime", "0d"}, "a token has to live for a time"},
		{[]string{"create", "--name", "x", "--scopes", "sessions:read", "--lifetime=-1h"}, "a token has to live for a time"},
		{[]string{"create", "--name", "x", "--scopes", "sessions:read", "--lifetime", "soon"}, "like 90d or 720h"},
		{[]string{"create", "--name", "x", "--scopes", "sessions:read", "--lifetime", "xd"}, "like 90d"},
		{[]string{"revoke", "tok_nothing"}, "repdesk token list shows all"},
		{[]string{"revoke"}, "<id>"},
	} {
		if out, err := command(t, db, append([]string{"token"}, test.args...)...); err == nil || !strings.Contains(err.Error(), test.fails) || out != "" {
			t.Errorf("%.80q: printed %q, %v; want %q", test.args, out, err, test.fails)
		}
	}
	if list, err := command(t, db, "token", "list"); err != nil || strings.Contains(list, "tok_") {
		t.Errorf("listed %q, %v", list, err)
	}
}

func getMe(t *testing.T, url, token string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// eventuallyRefused asks until the answer is no success: of another process a server knows after a second.
func eventuallyRefused(t *testing.T, url, token string) (status int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		if status = getMe(t, url, token); status != http.StatusOK {
			break
		}
	}
	return status
}
