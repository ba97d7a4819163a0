package desk

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// outlookForTest is that of a rep of team_own, to whom rep_in is a colleague and rep_out an outsider.
func outlookForTest() *Outlook {
	return &Outlook{Teams: []string{"team_own"}, PublicName: func(id string) (string, bool) { return "Public", id == "rep_out" }}
}

// sent is one of each kind of thing, with outsiders, colleagues, own and other teams wherever there can be some.
func sent() map[string]Seen {
	out, in, other, own := Ref{"rep_out", "Private"}, Ref{"rep_in", "Colleague"}, Ref{"team_other", "Other team"}, Ref{"team_own", "Own team"}
	at := time.Unix(0, 0)
	attendee := Attendee{RepID: out.ID, Name: out.Name}
	session := Session{Owner: &out, Team: &other, Transfer: &Transfer{Sender: out, Rep: &out, Team: &other}, Attendees: []Attendee{attendee, {RepID: in.ID, Name: in.Name}}}
	invitation := Invitation{Inviter: out, Rep: &out, Team: &other, AcceptedBy: &out, DeclinedBy: []Ref{out, in}, EndedAt: &at}
	delivery := Delivery{Rep: out, Console: &Ref{"con_1", "Private's phone"}}
	message := Message{AuthorRepID: out.ID, Author: Ref{"att_1", out.Name}}
	return map[string]Seen{
		"session": &session, "attendee": &attendee, "invitation": &invitation, "delivery": &delivery, "message": &message, "note": &Note{Author: out},
		"own team": &Session{Team: &own, Transfer: &Transfer{Sender: in, Team: &own}},
		"share":    &ShareOptions{Invitations: []Invitation{invitation}},
		"refusal":  &Problem{Conflict: &Conflict{By: &out}},
		"event":    &Event{Actor: &out, TeamID: other.ID, Session: &session, Attendee: &attendee, Invitation: &invitation, Delivery: &delivery, Message: &message},
	}
}

func TestA7EverythingSentShowsItself(t *testing.T) {
	for name, thing := range sent() {
		thing.SeenThrough(outlookForTest())
		text, err := json.Marshal(thing)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"Private", "Other team", "team_other"} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s shows %s: %s", name, secret, text)
			}
		}
		if name == "own team" && (!strings.Contains(string(text), "Own team") || !strings.Contains(string(text), "Colleague")) {
			t.Errorf("%s hides what is known: %s", name, text)
		}
		if name == "session" && !strings.Contains(string(text), "Colleague") {
			t.Errorf("%s hides a colleague: %s", name, text)
		}
	}
}

// A view is not to change what others see of the same thing.
func TestA7AViewIsACopy(t *testing.T) {
	out := Ref{"rep_out", "Private"}
	transfer := Transfer{Sender: out, Rep: &out}
	attendees, declined := []Attendee{{RepID: out.ID, Name: out.Name}}, []Ref{out}
	conflict := Conflict{By: &out}
	for _, view := range []Seen{&Session{Owner: &out, Transfer: &transfer, Attendees: attendees}, &Invitation{Rep: &out, DeclinedBy: declined}, &Problem{Conflict: &conflict}, &Event{Actor: &out}} {
		view.SeenThrough(outlookForTest())
	}
	if out.Name != "Private" || transfer.Sender.Name != "Private" || attendees[0].Name != "Private" || declined[0].Name != "Private" || conflict.By.Name != "Private" {
		t.Errorf("changed: %+v %+v %+v %+v", out, transfer, attendees, declined)
	}
}

// A refusal names a team that stands in the way to its own reps alone.
func TestA7ATeamInTheWay(t *testing.T) {
	o := &Outlook{Teams: []string{"team_own"}, PublicName: func(string) (string, bool) { return "", false }}
	for team, named := range map[string]bool{"team_own": true, "team_other": false} {
		p := &Problem{Code: TeamNotAvailable, Conflict: &Conflict{Kind: "team", ID: team}}
		p.SeenThrough(o)
		if (p.Conflict != nil) != named {
			t.Errorf("%s: %+v", team, p.Conflict)
		}
	}
}
