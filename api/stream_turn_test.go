package api_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

// TestStreamsOpenBesideSlowBodies: requests for streams whose bodies do not come hold up none that has no body.
func TestStreamsOpenBesideSlowBodies(t *testing.T) {
	x := newServer(t)
	token := x.auth(t, "ana")
	for range 50 { // more than may be opened at once
		conn, err := net.Dial("tcp", strings.TrimPrefix(x.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET /v1/events HTTP/1.1\r\nHost: desk\r\nAuthorization: %s\r\nContent-Length: 1000\r\n\r\na", token)
	}
	x.eventually(t, "all wait for their bodies", func() bool { return running("Server).readBody") == 50 })
	x.stream(t, "ben", "").until(t, "ready")
}
