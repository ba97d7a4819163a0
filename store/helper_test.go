package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// watcher reads the log as one rep does, from the moment it was made.
type watcher struct {
	t   *testing.T
	sub *store.Subscription
	at  int64
}

func watch(t *testing.T, d *storetest.Desk, c desk.Caller) *watcher {
	t.Helper()
	w := &watcher{t: t, sub: must(d.Subscribe(t.Context(), c)), at: must(d.LastEvent(t.Context()))}
	t.Cleanup(w.sub.Close)
	return w
}

// events are those since the last call, of as many pages as they take.
func (w *watcher) events() (events []desk.Event) {
	w.t.Helper()
	for more := true; more; {
		found, err := w.sub.Read(w.t.Context(), w.at, nil, 1000)
		if err != nil {
			w.t.Fatalf("read the log after %d: %v", w.at, err)
		}
		events = append(events, found.Items...)
		w.at, more = found.Cursor, found.More
	}
	return events
}

// told are the events since the last call as words: the type and, if there is one, the reason. With prefixes only those
// types that begin so; without, all but those of queues, which say the same of where a session or invitation stands.
func (w *watcher) told(prefixes ...string) []string {
	w.t.Helper()
	words := []string{}
	for _, e := range w.events() {
		if len(prefixes) == 0 && strings.HasPrefix(string(e.Type), "queue") {
			continue
		}
		if len(prefixes) > 0 && !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(string(e.Type), p) }) {
			continue
		}
		words = append(words, strings.TrimSpace(string(e.Type)+" "+e.Reason))
	}
	return words
}

// same checks that two lists hold the same, in the same order.
func same[T comparable](t *testing.T, what string, got []T, want ...T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// refusal checks that err is a refusal with the code, and goes on if not.
func refusal(t *testing.T, what string, err error, code desk.Code) {
	t.Helper()
	if p, ok := err.(*desk.Problem); !ok || p.Code != code {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

// extended switches a rep's extended availability on, has the email sent that confirms it, and logs the rep out.
func extended(t *testing.T, d *storetest.Desk, username string) desk.Caller {
	t.Helper()
	c := d.LogIn(username)
	on := true
	must(d.UpdateMe(t.Context(), c, store.MeChange{ExtendedAvailability: &on}, nil))
	send(t, d, desk.ChannelEmail)
	logOut(t, d, c)
	return c
}

func logOut(t *testing.T, d *storetest.Desk, c desk.Caller) {
	t.Helper()
	if err := d.LogOut(t.Context(), c, "current", true); err != nil {
		t.Fatal(err)
	}
}

// inviteRep, inviteTeam and requestHelp invite without further ado.
func inviteRep(t *testing.T, d *storetest.Desk, owner desk.Caller, s desk.Session, username string) desk.Invitation {
	t.Helper()
	return invite(t, d, owner, s, store.NewInvitation{RepID: "@" + username})
}

func inviteTeam(t *testing.T, d *storetest.Desk, owner desk.Caller, s desk.Session, team string) desk.Invitation {
	t.Helper()
	return invite(t, d, owner, s, store.NewInvitation{TeamID: "@" + team})
}

func requestHelp(t *testing.T, d *storetest.Desk, owner desk.Caller, s desk.Session, issue string) desk.Invitation {
	t.Helper()
	return invite(t, d, owner, s, store.NewInvitation{IssueID: "@" + issue})
}

func invite(t *testing.T, d *storetest.Desk, owner desk.Caller, s desk.Session, in store.NewInvitation) desk.Invitation {
	t.Helper()
	inv, err := d.Invite(t.Context(), owner, s.ID, in)
	if err != nil {
		t.Fatalf("invite %+v: %v", in, err)
	}
	return inv
}

// accept lets the rep in.
func accept(t *testing.T, d *storetest.Desk, c desk.Caller, inv desk.Invitation) {
	t.Helper()
	if _, err := d.AcceptInvitation(t.Context(), c, inv.ID); err != nil {
		t.Fatalf("%s accepts: %v", c.Name, err)
	}
}

// open are the ids of the active invitations that the rep may accept, the newest first.
func open(t *testing.T, d *storetest.Desk, c desk.Caller) []string {
	t.Helper()
	ids := []string{}
	for _, inv := range must(d.MyInvitations(t.Context(), c, "", 50)) {
		ids = append(ids, inv.ID)
	}
	return ids
}

const lease = 30 * time.Second

// claim takes all due deliveries of a channel.
func claim(t *testing.T, d *storetest.Desk, channel desk.Channel) []desk.Job {
	t.Helper()
	return must(d.ClaimDeliveries(t.Context(), channel, 100, lease))
}

// finish records what became of the attempts.
func finish(t *testing.T, d *storetest.Desk, jobs []desk.Job, o desk.Outcome) {
	t.Helper()
	for _, job := range jobs {
		if err := d.FinishDelivery(t.Context(), job, o, 0); err != nil {
			t.Fatal(err)
		}
	}
}

var done = desk.Outcome{Kind: desk.OutcomeDone}

// deliver claims what is due and records it as sent.
func deliver(t *testing.T, d *storetest.Desk, channel desk.Channel) []desk.Job {
	t.Helper()
	jobs := claim(t, d, channel)
	finish(t, d, jobs, done)
	return jobs
}

// send is deliver; it returns what was sent, as "purpose target", sorted.
func send(t *testing.T, d *storetest.Desk, channel desk.Channel) []string {
	t.Helper()
	return targets(deliver(t, d, channel))
}

func targets(jobs []desk.Job) []string {
	words := []string{}
	for _, job := range jobs {
		words = append(words, string(job.Purpose)+" "+job.PushTarget+job.Address)
	}
	slices.Sort(words)
	return words
}

func importYAML(t *testing.T, d *storetest.Desk, yaml string) {
	t.Helper()
	if _, err := d.ImportOrganization(t.Context(), d.Operator(), []byte(yaml), false); err != nil {
		t.Fatal(err)
	}
}
