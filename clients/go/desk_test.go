package repdesk_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/repdesk/repdesk/api"
	repdesk "github.com/repdesk/repdesk/clients/go"
	"github.com/repdesk/repdesk/store"
)

const password = "demo password"

const organization = `
portals: [{slug: main, name: Main}]
teams: [{slug: printers, name: Printers}]
reps:
  - {username: ana, password: demo password, name: Ana Ruiz, teams: {printers: member}}
  - {username: ben, password: demo password, name: Ben Okafor, teams: {printers: member}}
`

// desk is a server on its own store. Between it and its clients the way can be troubled.
type desk struct {
	*httptest.Server
	api    *api.Server
	asked  atomic.Int32
	before atomic.Pointer[func(asked int, w http.ResponseWriter, r *http.Request, serve http.Handler)]
	close  func()
}

func openDesk(folder string) (*desk, error) {
	s, err := store.Open(context.Background(), store.Config{Database: filepath.Join(folder, "repdesk.db"), Password: store.PasswordCost{MemoryKiB: 64, Passes: 1}})
	if err != nil {
		return nil, err
	}
	if _, err := s.ImportOrganization(context.Background(), s.Operator(), []byte(organization), false); err != nil {
		return nil, err
	}
	d := &desk{api: api.New(api.Config{Store: s, Heartbeat: time.Second})}
	serve := d.api.Handler()
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if trouble := d.before.Load(); trouble != nil {
			(*trouble)(int(d.asked.Add(1)), w, r, serve)
			return
		}
		serve.ServeHTTP(w, r)
	}))
	d.close = func() {
		d.api.CloseStreams()
		d.CloseClientConnections()
		d.Server.Close()
		s.Close()
	}
	return d, nil
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d, err := openDesk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d
}

// trouble has each request from now on pass through a function, which gets their number.
func (d *desk) trouble(through func(asked int, w http.ResponseWriter, r *http.Request, serve http.Handler)) {
	d.asked.Store(0)
	d.before.Store(&through)
}

// lost does what is asked, and the answer is lost.
func lost(r *http.Request, serve http.Handler) {
	serve.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

func logIn(ctx context.Context, url, username string) (*repdesk.ClientWithResponses, error) {
	nobody, err := repdesk.New(url, "")
	if err != nil {
		return nil, err
	}
	in, err := nobody.LogInWithResponse(ctx, repdesk.LogInRequest{Username: username, Password: password, Device: repdesk.Device{Platform: repdesk.PlatformScript}})
	if err != nil {
		return nil, err
	}
	return repdesk.New(url, in.JSON201.Token)
}

func (d *desk) logIn(t *testing.T, username string) *repdesk.ClientWithResponses {
	t.Helper()
	client, err := logIn(t.Context(), d.URL, username)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// session starts one under an external key.
func session(t *testing.T, client *repdesk.ClientWithResponses, key string) repdesk.Session {
	t.Helper()
	started, err := client.StartSessionWithResponse(t.Context(), repdesk.StartSessionRequest{PortalID: new("@main"), Customer: repdesk.Customer{Name: "Jo Doe"}, ExternalKey: &key})
	if err != nil {
		t.Fatal(err)
	}
	return started.JSON201.Session
}

// demo is a desk for the examples, with a session that Ana has open.
func demo() (url string, end func()) {
	folder, err := os.MkdirTemp("", "repdesk-example-")
	if err != nil {
		panic(err)
	}
	d, err := openDesk(folder)
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	ana, err := logIn(ctx, d.URL, "ana")
	if err != nil {
		panic(err)
	}
	if _, err := logIn(ctx, d.URL, "ben"); err != nil {
		panic(err)
	}
	started, err := ana.StartSessionWithResponse(ctx, repdesk.StartSessionRequest{PortalID: new("@main"), Customer: repdesk.Customer{Name: "Jo Doe"}})
	if err == nil {
		_, err = ana.AcceptSessionWithResponse(ctx, started.JSON201.Session.ID)
	}
	if err != nil {
		panic(fmt.Sprint("a session for the example: ", err))
	}
	return d.URL, func() { d.close(); os.RemoveAll(folder) }
}
