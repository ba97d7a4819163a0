package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// requestTime bounds one request: a server that hangs must not hang the benchmark.
const requestTime = 2 * time.Minute

// load asks a server, by the standard library's client, with connections that stay open.
type load struct {
	url    string
	client *http.Client
}

func newLoad(s *server, clients int) *load {
	return &load{url: s.url, client: &http.Client{Timeout: requestTime, Transport: &http.Transport{MaxIdleConnsPerHost: clients}}}
}

func (l *load) close() { l.client.CloseIdleConnections() }

// call is a request, with the status that it has to be answered with.
type call struct {
	method, path, token, body string
	status                    int
	then                      func(answer []byte) // is given the answer; nil: nobody
}

func get(path, token string) call {
	return call{method: http.MethodGet, path: path, token: token, status: http.StatusOK}
}

func post(path, token string) call {
	return call{method: http.MethodPost, path: path, token: token, status: http.StatusOK}
}

func (l *load) do(ctx context.Context, c call) error {
	req, err := http.NewRequestWithContext(ctx, c.method, l.url+c.path, strings.NewReader(c.body))
	if err != nil {
		return err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	answer, err := l.client.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != c.status {
		return fmt.Errorf("%s %s: %s %s", c.method, c.path, answer.Status, body)
	}
	if c.then != nil {
		c.then(body)
	}
	return nil
}

// idOf is the id in an answer that begins with it.
func idOf(answer []byte) string {
	_, after, _ := bytes.Cut(answer, []byte(`"id":"`))
	id, _, _ := bytes.Cut(after, []byte(`"`))
	return string(id)
}

// figures are how long requests took, each, and how long all of them together.
type figures struct {
	took []time.Duration
	wall time.Duration
}

func (f *figures) add(more figures) {
	f.took = append(f.took, more.took...)
	f.wall += more.wall
}

func (f figures) rate() float64 { return float64(len(f.took)) / f.wall.Seconds() }

// percentile is what p of a hundred did not exceed.
func (f figures) percentile(p int) time.Duration {
	slices.Sort(f.took)
	return f.took[(len(f.took)-1)*p/100]
}

// work is the n-th call of a client; false: there are no more.
type work func(client, n int) (call, bool)

// repeated asks the same until a time has passed, and once at least.
func repeated(lasts time.Duration, what func(client int) call) work {
	end := time.Now().Add(lasts)
	return func(client, n int) (call, bool) { return what(client), n == 0 || time.Now().Before(end) }
}

// listed asks what a list says for each client.
func listed(calls [][]call) work {
	return func(client, n int) (c call, more bool) {
		if more = n < len(calls[client]); more {
			c = calls[client][n]
		}
		return c, more
	}
}

// run has so many clients work at the same time, each one call after the other. The first that fails ends it.
func (l *load) run(ctx context.Context, clients int, w work) (figures, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	took := make([][]time.Duration, clients)
	var all sync.WaitGroup
	begun := time.Now()
	for client := range clients {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				c, more := w(client, n)
				if !more {
					return
				}
				asked := time.Now()
				if err := l.do(ctx, c); err != nil {
					stop(err)
					return
				}
				took[client] = append(took[client], time.Since(asked))
			}
		})
	}
	all.Wait()
	return figures{slices.Concat(took...), time.Since(begun)}, context.Cause(ctx)
}
