package store_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// I5: a connection that breaks after PostgreSQL got the COMMIT and before it answered leaves in doubt what was done. The refusal
// does not say that nothing was; what came of it is told; and the store goes on.
func TestI5CommitWithoutAnswerIsInDoubt(t *testing.T) {
	database := storetest.Postgres(t)
	cable := newCable(t, database)
	d := storetest.NewDesk(t, storetest.Open(t, cable.url, storetest.NewClock()))
	ana := d.LogIn("ana")
	log := watch(t, d, ana)
	post := func() error { return try(d.PostTeamMessage(t.Context(), ana, "@printers", "Lunch?", "")) }
	var err error
	posted := 0
	for ; err == nil && posted < 10; posted++ { // what the store commits by itself may come between
		cable.cuts.Store(true)
		err = post()
	}
	if p := refused(t, err, desk.Unavailable); !strings.Contains(p.Detail, "may have been made") || strings.Contains(p.Detail, "Nothing") {
		t.Errorf("refused with %q", p.Detail)
	}
	ok(t, post())
	if texts := log.texts(); len(texts) != posted+1 {
		t.Errorf("%d were posted, the last but one in doubt, and told of are %d", posted+1, len(texts))
	}
}

// cable carries connections to PostgreSQL, and cuts one.
type cable struct {
	url  string
	cuts atomic.Bool // the next connection on which a COMMIT goes, once it is answered
}

func newCable(t *testing.T, database string) *cable {
	t.Helper()
	server := must(pgconn.ParseConfig(database))
	listening := must(net.Listen("tcp", "127.0.0.1:0"))
	t.Cleanup(func() { _ = listening.Close() })
	w := &cable{url: fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", server.User, server.Password, listening.Addr(), server.Database)}
	go func() {
		for {
			client, err := listening.Accept()
			if err != nil {
				return
			}
			network, address := pgconn.NetworkAddress(server.Host, server.Port)
			behind, err := net.Dial(network, address)
			if err != nil {
				t.Error(err)
				return
			}
			go w.carry(client, behind)
		}
	}()
	return w
}

func (w *cable) carry(client, server net.Conn) {
	var last atomic.Bool // what the server says next is its last word
	go func() {
		defer client.Close()
		answer := make([]byte, 64<<10)
		for {
			n, err := server.Read(answer)
			if err != nil || last.Load() {
				return
			}
			if _, err := client.Write(answer[:n]); err != nil {
				return
			}
		}
	}()
	defer server.Close()
	asked := make([]byte, 64<<10)
	for {
		n, err := client.Read(asked)
		if err != nil {
			return
		}
		if bytes.Contains(asked[:n], []byte("commit\x00")) && w.cuts.CompareAndSwap(true, false) {
			last.Store(true)
		}
		if _, err := io.Copy(server, bytes.NewReader(asked[:n])); err != nil {
			return
		}
	}
}
