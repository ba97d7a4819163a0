package bench

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// fcm stands in for FCM: it takes every push, after a time, and tells of it at once.
type fcm struct {
	url    string
	after  time.Duration
	took   atomic.Pointer[func(kind string)] // nil: nobody is told
	server *http.Server
}

// newFCM starts the server.
func newFCM(after time.Duration) (*fcm, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &fcm{url: "http://" + listener.Addr().String(), after: after}
	f.server = &http.Server{Handler: http.HandlerFunc(f.take)}
	go func() { _ = f.server.Serve(listener) }()
	return f, nil
}

func (f *fcm) take(w http.ResponseWriter, r *http.Request) {
	if took := f.took.Load(); took != nil {
		var body struct {
			Message struct{ Data map[string]string }
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		(*took)(body.Message.Data["type"])
	}
	_, _ = io.Copy(io.Discard, r.Body)
	time.Sleep(f.after)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"name": "projects/bench/messages/1"}`)
}

func (f *fcm) tell(took func(kind string)) { f.took.Store(&took) }

func (f *fcm) close() { _ = f.server.Close() }
