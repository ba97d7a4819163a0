package api_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Clients who ask for streams with nonsense, again and again, and never read what is wrong with it, keep nobody else from opening
// one: more of them than may be opened at once.
func TestStreamsOpenBesideClientsWhoReadNothing(t *testing.T) {
	x := newServer(t)
	var query strings.Builder
	for i := range 50 {
		fmt.Fprintf(&query, "&%s%d=", strings.Repeat("a", 190), i)
	}
	request := "GET /v1/events?" + query.String()[1:] + " HTTP/1.1\r\nHost: desk\r\nAuthorization: " + x.auth(t, "ana") + "\r\n\r\n"
	var stuck sync.WaitGroup
	for range 40 {
		conn, err := (&net.Dialer{Control: narrow}).Dial("tcp", strings.TrimPrefix(x.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		stuck.Go(func() {
			for err = nil; err == nil; _, err = conn.Write([]byte(request)) {
				conn.SetWriteDeadline(time.Now().Add(time.Second))
			}
			if !errors.Is(err, os.ErrDeadlineExceeded) { // the server takes no more: it waits for its answers to be read
				t.Error(err)
			}
		})
	}
	stuck.Wait()
	opened := make(chan struct{})
	go func() {
		x.stream(t, "ben", "").until(t, "ready")
		close(opened)
	}()
	select {
	case <-opened:
	case <-time.After(10 * time.Second):
		t.Error("nobody else opens a stream")
	}
}

// narrow has a connection take little before it is read.
func narrow(_, _ string, raw syscall.RawConn) (err error) {
	return errors.Join(raw.Control(func(fd uintptr) {
		err = errors.Join(syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096), syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 536))
	}), err)
}
