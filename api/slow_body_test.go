package api

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A body that does not come holds nobody: whatever is asked, it is answered when the time is up, and the connection ends.
func TestSlowBody(t *testing.T) {
	server := httptest.NewServer(newServer(Config{BodyTime: 50 * time.Millisecond}, func(s *Server) { s.linkPages() }).Handler())
	defer server.Close()
	for request, want := range map[string]int{"GET /healthz": 200, "POST /nowhere": 404, "POST /i/x": 422} {
		t.Run(request, func(t *testing.T) {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: desk\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\na", request)
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != want {
				t.Errorf("%s, want %d", answer.Status, want)
			}
		})
	}
}
