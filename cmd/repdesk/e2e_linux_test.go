package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	repdesk "github.com/repdesk/repdesk/clients/go"
)

// A file system of 6 MiB stands in for a disk.
func TestFullDiskRefusesAndServiceResumes(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("needs a small file system of its own, and this process may not mount one: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	ana := start(t, filepath.Join(disk, "repdesk.db")).logIn("ana", browser)
	ballast := filepath.Join(disk, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 6<<20), 0o600); err == nil {
		t.Fatal("the ballast fits on the disk")
	}

	session := func() error {
		patience, stop := context.WithTimeout(t.Context(), time.Second) // the client would wait for the disk
		defer stop()
		_, err := ana.StartSessionWithResponse(patience, repdesk.StartSessionRequest{Customer: repdesk.Customer{Name: "Jo Doe", Details: new(strings.Repeat("full ", 400))}})
		return err
	}
	var err error
	for i := 0; i < 1000 && err == nil; i++ { // the log has some room of its own
		err = session()
	}
	if refusal, refused := repdesk.AsProblem(err); !refused || refusal.Code != repdesk.ProblemCodeStorageFull || refusal.RetryAfterSeconds == nil {
		t.Errorf("on a full disk: %v", err)
	}
	_, err = ana.GetMeWithResponse(t.Context(), nil)
	ok(t, err)

	ok(t, os.Remove(ballast))
	ok(t, session())
}
