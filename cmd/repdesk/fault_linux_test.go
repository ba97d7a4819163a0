package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	repdesk "github.com/repdesk/repdesk/clients/go"
)

// diskSize is of the file system that stands in for a disk, in MiB: SQLite's log alone takes 64 before it begins anew, and the desk
// grows with each time that the disk is filled.
func diskSize() int { return 64 + 16*often(2) }

// TestFaultFullDisk fills the disk under load and makes room again. Whoever would write is told that it is full, who reads is
// answered, and the server goes on by itself once there is room; what was answered is there.
func TestFaultFullDisk(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%dm", diskSize())); err != nil {
		t.Skipf("needs a small file system of its own, and this process may not mount one: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	b := newBusyDesk(t, filepath.Join(disk, "repdesk.db"), 1)
	ana := b.servers[0].logIn("ana", browser)
	b.during(t, func() {
		for range often(2) {
			b.awaitAnswers(t, 100)
			ballast := filepath.Join(disk, "ballast")
			fill(t, ballast)
			await(t, "who writes is told that the disk is full", func() bool { return toldFull(t, ana) })
			_, err := ana.GetMeWithResponse(t.Context(), nil)
			ok(t, err)
			ok(t, os.Remove(ballast))
		}
		b.awaitAnswers(t, 100)
	})
	b.check(t, true)
}

// fill writes a file until the disk is full.
func fill(t *testing.T, file string) {
	t.Helper()
	ballast, err := os.Create(file)
	ok(t, err)
	for err == nil {
		_, err = ballast.Write(make([]byte, 64<<10))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	ok(t, ballast.Close())
}

// toldFull says whether a client who writes is refused because the disk is full.
func toldFull(t *testing.T, c console) bool {
	once, stop := context.WithTimeout(t.Context(), time.Second) // the client would wait for the disk
	defer stop()
	_, err := c.StartSessionWithResponse(once, repdesk.StartSessionRequest{Customer: repdesk.Customer{Name: "Jo Doe", Details: new(strings.Repeat("full ", 400))}})
	refusal, refused := repdesk.AsProblem(err)
	return refused && refusal.Code == repdesk.ProblemCodeStorageFull && refusal.RetryAfterSeconds != nil
}

const (
	slowReaders = 1000
	fastReaders = 20
	// streamPatience is how long the server waits for a reader who takes nothing (package api).
	streamPatience = 10 * time.Second
	// slowMemory is what a reader who takes nothing may cost the server, in bytes: one part of the log, 128 KiB, as it was read and
	// as it is written, and as much again until it is collected.
	slowMemory = 512 << 10
)

// TestFaultSlowReaders opens 1,000 streams of which nobody reads anything, while much is told to all. They are cut off; the others
// are told meanwhile as if these were not there, and the server keeps nothing of them.
func TestFaultSlowReaders(t *testing.T) {
	file := database(t)
	tokens := streamReaders(t, file, slowReaders+fastReaders)
	p := start(t, file)
	streams := func(n int) func() bool {
		return func() bool { return p.metric(`repdesk_open_streams{reader="rep"}`) == float64(n) }
	}
	fast := openReaders(t, p, tokens[:fastReaders])
	goroutines, files := p.metric("go_goroutines"), p.openFiles()
	eachOf(slowReaders, func(i int) { openSlow(t, p, tokens[fastReaders+i]) })
	await(t, "all streams are open", streams(slowReaders+fastReaders))

	text, begun, memory := strings.Repeat("👩", 4000), time.Now(), p.resident()
	var took []time.Duration
	var most int64
	pace := time.NewTicker(200 * time.Millisecond) // 5,000 writes a second: else it would be the machine that is slow
	defer pace.Stop()
	for cutOff := streams(fastReaders); !cutOff(); <-pace.C {
		took = append(took, fast.tell(text))
		most = max(most, p.resident()-memory)
		if time.Since(begun) > 2*patience {
			t.Fatalf("after %s %v streams are open", 2*patience, p.metric(`repdesk_open_streams{reader="rep"}`))
		}
	}
	slices.Sort(took)
	t.Logf("cut off after %s; %d events, told after %s, at most %s; %d KiB for each slow reader", time.Since(begun), len(took), took[len(took)/2], took[len(took)-1], most/slowReaders/1024)
	if since := time.Since(begun); since < streamPatience {
		t.Errorf("cut off after %s", since)
	}
	if slowest := took[len(took)-1]; slowest > streamPatience/2 { // one whom the slow held up would wait as long as they are waited for
		t.Errorf("others were told after %s", slowest)
	}
	if most > slowReaders*slowMemory {
		t.Errorf("%d slow readers cost %d MiB", slowReaders, most>>20)
	}
	await(t, "nothing is left of the slow", func() bool { return p.metric("go_goroutines") <= goroutines+10 && p.openFiles() <= files+10 })
}

// openSlow opens a stream of which nobody reads anything, on a connection that holds little that was not read: by a small buffer
// on the reader's side, and small packets, after which the server's system measures its own.
func openSlow(t *testing.T, p *process, token string) {
	narrow := func(_, _ string, raw syscall.RawConn) (err error) {
		return errors.Join(raw.Control(func(fd uintptr) {
			err = errors.Join(syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096), syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 536))
		}), err)
	}
	conn, err := (&net.Dialer{Control: narrow}).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Error(err)
		return
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET /v1/events HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer %s\r\n\r\n", token)
}

// dropped is how many connections a test run opens and drops, and leastRate how many a minute it has to be at least.
const (
	dropped   = 1000
	leastRate = 5000
)

// TestFaultDroppedConnections opens and drops connections, 5,000 a minute and more, at every point of a request, while others work.
// Those are served as ever, and nothing is left of the dropped.
func TestFaultDroppedConnections(t *testing.T) {
	b := newBusyDesk(t, database(t), 1)
	p := b.servers[0]
	begins := dropsBy(p.logIn("ana", browser).token)
	b.idle.CloseIdleConnections()
	goroutines, files := p.metric("go_goroutines"), p.openFiles()
	b.during(t, func() {
		b.awaitAnswers(t, 50)
		n, begun := often(dropped), time.Now()
		eachOf(n, func(i int) { drop(t, p, begins[i%len(begins)], i%3 == 0) })
		rate := float64(n) / time.Since(begun).Minutes()
		if t.Logf("%.0f a minute", rate); rate < leastRate {
			t.Errorf("only %.0f a minute were dropped", rate)
		}
		b.awaitAnswers(t, 50)
	})
	if refused := b.answers.refused.Load(); refused > 0 {
		t.Errorf("%d requests were refused", refused)
	}
	await(t, "nothing is left of the dropped", func() bool { // but for the connections on which pushes go out, which are kept
		b.idle.CloseIdleConnections()
		return p.openFiles() <= files+fcmWorkers+10 && p.metric("go_goroutines") <= goroutines+2*fcmWorkers+20 && p.metric(`repdesk_open_streams{reader="rep"}`) == desks
	})
	b.check(t, true)
}

// begin is what is sent of a request before the connection is dropped, and whether the answer has begun by then.
type begin struct {
	sends    string
	answered bool
}

// dropsBy are all points at which a client may drop a connection.
func dropsBy(token string) []begin {
	const host, stream = "Host: desk\r\n", "GET /v1/events HTTP/1.1\r\n"
	authorized := host + "Authorization: Bearer " + token + "\r\n"
	post := "POST /v1/sessions HTTP/1.1\r\n" + authorized + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
	return []begin{
		{"", false}, {"\x16\x03\x01\x02\x00", false}, {"GET /v1", false}, {"GET /v1/me HTTP/1.1\r\nHos", false},
		{"GET /v1/me HTTP/1.1\r\n" + authorized + "\r\n", false}, {"GET /v1/me HTTP/1.1\r\n" + authorized + "\r\n", true},
		{post, false}, {post + `{"customer": {"na`, false}, {post + "{]" + strings.Repeat(" ", 998), true},
		{stream + authorized + "\r\n", false}, {stream + authorized + "\r\n", true}, {stream + host + "\r\n", true},
	}
}

// drop opens a connection and drops it. A reset does not even say that it ends.
func drop(t *testing.T, p *process, at begin, reset bool) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	if reset {
		err = conn.(*net.TCPConn).SetLinger(0)
	}
	if _, writeErr := io.WriteString(conn, at.sends); err != nil || writeErr != nil {
		t.Error(err, writeErr)
	}
	if at.answered {
		if _, err := conn.Read(make([]byte, 16)); err != nil {
			t.Error(err)
		}
	}
}

// openFiles is how many files and connections the process has open.
func (p *process) openFiles() int {
	p.t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	ok(p.t, err)
	return len(files)
}
