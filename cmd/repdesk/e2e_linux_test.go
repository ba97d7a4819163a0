package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A file system of 6 MiB stands in for a disk.
func TestFullDiskRefusesAndServiceResumes(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("needs a small file system of its own, and this process may not mount one: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	p := start(t, filepath.Join(disk, "repdesk.db"))
	ana := p.logIn("ana", browser)
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 6<<20), 0o600); err == nil {
		t.Fatal("the ballast fits on the disk")
	}

	session := fmt.Sprintf(`{"customer": {"name": "Jo Doe", "details": %q}}`, strings.Repeat("full ", 400))
	status, answer := http.StatusCreated, object{}
	for i := 0; i < 1000 && status == http.StatusCreated; i++ { // the log has some room of its own
		status, answer = ana.ask("POST", "/v1/sessions", session)
	}
	if status != http.StatusServiceUnavailable || answer.at("code") != "storage_full" || answer.at("retry_after_seconds") == "" {
		t.Errorf("on a full disk: %d %v", status, answer)
	}
	ana.must(http.StatusOK, "GET", "/v1/me", "")

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	ana.must(http.StatusCreated, "POST", "/v1/sessions", session)
}
