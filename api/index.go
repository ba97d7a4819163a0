package api

import (
	"fmt"
	"net/http"
)

// serveIndex answers whoever knows no more than the server's address: people by a text, programs by links (RFC 8631).
func (s *Server) serveIndex() {
	links := fmt.Sprintf(`<%[1]s/openapi.json>; rel="service-desc"; type="application/vnd.oai.openapi+json;version=3.1", `+
		`<%[1]s/openapi.yaml>; rel="service-desc"; type="application/vnd.oai.openapi;version=3.1", `+
		`<%[1]s/docs>; rel="service-doc"; type="text/html", <%[1]s/readyz>; rel="status"; type="text/plain"`, s.cfg.PublicURL)
	text := fmt.Sprintf(`%s, a desk that runs repdesk %s

%[3]s/docs           all operations
%[3]s/docs/problems  why requests are refused
%[3]s/openapi.json   the contract; also openapi.yaml, and openapi-3.0.json for older tools
%[3]s/v1/server      what this server can do
%[3]s/p/             the page for customers
`, s.cfg.Name, s.cfg.Version, s.cfg.PublicURL)
	for _, path := range []string{"/", "/v1", "/v1/"} {
		s.router.Get(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", links)
			plain(w, text)
		})
	}
}
