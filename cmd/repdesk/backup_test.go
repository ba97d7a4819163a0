package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestBackupCommand copies the database of a server that goes on, and another server goes on with the copy: who was logged
// in is, and what was acknowledged is there.
func TestBackupCommand(t *testing.T) {
	folder := t.TempDir()
	file, copied := filepath.Join(folder, "desk.db"), filepath.Join(folder, "copy.db")
	p := start(t, file)
	ana := p.logIn("ana", browser)
	session := ana.openSession()
	variables := map[string]string{"REPDESK_DATABASE": file}
	said, err := command(t, variables, "backup", copied)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, said, copied, "KiB", "tables of version", "checked")
	later := ana.openSession()

	again := start(t, copied)
	other := again.with(ana.token)
	_, err = other.GetSessionWithResponse(t.Context(), session, nil)
	ok(t, err)
	if _, err := other.GetSessionWithResponse(t.Context(), later, nil); err == nil {
		t.Error("what came after the copy is in it")
	}
	_, err = ana.GetSessionWithResponse(t.Context(), later, nil)
	ok(t, err)

	for _, test := range []struct{ database, file, says string }{
		{file, copied, "is there already"},
		{filepath.Join(folder, "none.db"), filepath.Join(folder, "second.db"), "no such file"},
		{"postgres://127.0.0.1/desk", filepath.Join(folder, "second.db"), "pg_dump"},
	} {
		_, err := command(t, map[string]string{"REPDESK_DATABASE": test.database}, "backup", test.file)
		if err == nil {
			t.Fatalf("%s was copied to %s", test.database, test.file)
		}
		contains(t, err.Error(), test.says)
	}
	if _, err := os.Stat(filepath.Join(folder, "second.db")); err == nil {
		t.Error("what was refused left a file")
	}
}
