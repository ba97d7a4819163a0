package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// command runs the program in this process, with variables, and returns what it printed.
func command(t *testing.T, variables map[string]string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, func(name string) string { return variables[name] }, &out, t.Output())
	return out.String(), err
}

func TestCommandLine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	db := database(t)
	for _, test := range []struct {
		name      string
		args      string
		variables map[string]string
		prints    string
		fails     string
	}{
		{name: "version", args: "version", prints: "repdesk "},
		{name: "help", args: "serve --help", prints: "(REPDESK_PUBLIC_URL)"},
		{name: "contract", args: "openapi", prints: "openapi: 3.1"},
		{name: "contract for older generators", args: "openapi --3.0", prints: "openapi: 3.0"},
		{name: "no command", fails: "expected one of"},
		{name: "unknown flag", args: "serve --lissten x", fails: "--lissten"},
		{name: "wrong level", args: "serve --log-level loud", fails: "log-level"},
		{name: "port taken", args: "serve --listen " + taken.Addr().String(), fails: "is taken by another program"},
		{name: "port taken, by variable", args: "demo", variables: map[string]string{"REPDESK_LISTEN": taken.Addr().String()}, fails: "is taken by another program"},
		{name: "port of the metrics taken", args: "serve --listen 127.0.0.1:0 --metrics-listen " + taken.Addr().String(), fails: "choose another address with --metrics-listen"},
		{name: "the flag goes first", args: "serve --listen nowhere:x", variables: map[string]string{"REPDESK_LISTEN": taken.Addr().String()}, fails: "nowhere:x"},
		{name: "no variable for what belongs to one call", args: "openapi", variables: map[string]string{"REPDESK_OUTPUT": "nowhere/x"}, prints: "openapi: 3.1"},
		{name: "public URL without a host", args: "serve --listen 127.0.0.1:0 --public-url example.com", fails: "needs http or https"},
		{name: "a proxy that is no network", args: "serve --trusted-proxy 10.0.0.1 --listen 127.0.0.1:0", fails: "--trusted-proxy"},
		{name: "several proxies, by variable", args: "serve --listen " + taken.Addr().String(), variables: map[string]string{"REPDESK_TRUSTED_PROXY": "10.0.0.0/8,2001:db8::/32"}, fails: "is taken by another program"},
		{name: "mail without a sender", args: "serve --listen 127.0.0.1:0 --smtp smtp://127.0.0.1:1 --database " + db, fails: "mail from"},
		{name: "FCM without a project", args: "serve --listen 127.0.0.1:0 --fcm-endpoint http://127.0.0.1:1 --database " + db, fails: "no project"},
		{name: "events kept too short", args: "serve --listen 127.0.0.1:0 --keep-events 59m --database " + db, fails: "at least 1h"},
		{name: "events kept for no time, by variable", args: "serve --listen 127.0.0.1:0 --database " + db, variables: map[string]string{"REPDESK_KEEP_EVENTS": "soon"}, fails: "keep-events"},
		{name: "no such organisation file", args: "serve --listen 127.0.0.1:0 --org nowhere.yaml --database " + db, fails: "nowhere.yaml"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := command(t, test.variables, strings.Fields(test.args)...)
			if !strings.Contains(out, test.prints) {
				t.Errorf("printed %q", out)
			}
			if (err != nil) != (test.fails != "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("failed with %v, want %q", err, test.fails)
			}
		})
	}
}

func TestContractIsWrittenIntoAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "openapi.yaml")
	if _, err := command(t, nil, "openapi", "-o", file); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if printed, _ := command(t, nil, "openapi"); printed != string(written) {
		t.Error("the file is not what is printed")
	}
}

func TestImportTellsWhatItDoes(t *testing.T) {
	db, file := database(t), filepath.Join(t.TempDir(), "desk.yaml")
	imported := func(content string, flags ...string) (string, error) {
		t.Helper()
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return command(t, map[string]string{"REPDESK_DATABASE": db}, append([]string{"import", file}, flags...)...)
	}
	const printers = "teams:\n  - {slug: printers, name: Printers}\n"
	for _, step := range []struct {
		content string
		flags   []string
		prints  string
	}{
		{printers, []string{"--dry-run"}, "would create team printers\n1 would create, 0 would change, 0 unchanged\n"},
		{printers, nil, "created team printers\n1 created, 0 changed, 0 unchanged\n"},
		{printers, nil, "0 created, 0 changed, 1 unchanged\n"},
		{"teams:\n  - {slug: printers, name: Print}\n", nil, "changed team printers: name\n0 created, 1 changed, 0 unchanged\n"},
	} {
		if out, err := imported(step.content, step.flags...); err != nil || out != step.prints {
			t.Errorf("printed %q, %v; want %q", out, err, step.prints)
		}
	}
	out, err := imported("teams:\n  - {slug: network, name: Network}\n  - {slug: Tills, name: Tills}\n")
	if err == nil || !strings.Contains(err.Error(), file+":3:") || !strings.Contains(err.Error(), ": teams[1].slug: ") || out != "" {
		t.Errorf("a wrong file: printed %q, %v", out, err)
	}
	if out, err := imported(printers+"  - {slug: network, name: Network}\n", "--dry-run"); err != nil || !strings.Contains(out, "would create team network") {
		t.Errorf("after the wrong file: %q, %v", out, err)
	}
}
