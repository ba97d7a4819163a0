package api_test

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var webLink = regexp.MustCompile(`<([^>]*)>; rel="([^"]*)"; type="([^"]*)"`)

// Whoever knows the server's address alone finds the contract, the reference and how it is (RFC 8631).
func TestIndexLeadsToAllElse(t *testing.T) {
	x := newServer(t)
	base, err := url.Parse(x.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/v1", "/v1/"} {
		answer := fetch(t, x.url+path)
		var relations []string
		for _, link := range webLink.FindAllStringSubmatch(answer.Header.Get("Link"), -1) {
			target, err := base.Parse(link[1])
			if err != nil {
				t.Fatal(err)
			}
			there := fetch(t, target.String())
			kind, _, err := mime.ParseMediaType(link[3])
			plain := strings.NewReplacer("vnd.oai.openapi+json", "json", "vnd.oai.openapi", "yaml").Replace(kind)
			if !strings.HasPrefix(there.Header.Get("Content-Type"), plain) || err != nil {
				t.Errorf("%s is %s, and the link says %s, %v", target, there.Header.Get("Content-Type"), link[3], err)
			}
			relations = append(relations, link[2])
		}
		if !slices.Equal(relations, []string{"service-desc", "service-desc", "service-doc", "status"}) {
			t.Errorf("%s links to %v", path, relations)
		}
	}
	text, err := io.ReadAll(fetch(t, x.url+"/").Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if path := regexp.MustCompile(`^\S*/\S*`).FindString(line); path != "" {
			target, err := base.Parse(path)
			if err != nil {
				t.Fatal(err)
			}
			fetch(t, target.String())
		}
	}
}

// fetch gets what has to be there.
func fetch(t *testing.T, address string) *http.Response {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	if answer.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", address, answer.Status)
	}
	return answer
}
