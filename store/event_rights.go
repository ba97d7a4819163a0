package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/repdesk/repdesk/store/desk"
)

// reader is who reads: a rep, or a guest with their place in a session.
type reader struct {
	caller   desk.Caller
	guest    desk.Guest
	presence bool // asks for that of other reps too
}

// rights are what a reader may read at a moment.
type rights struct {
	topics  topics
	ends    topics // of those that are theirs no longer, the last position that is
	grown   bool   // they grew after the position, which the reader's client may not know
	embassy bool   // A7 holds for the reader
	marks   string // the topic of their rightsMarks
	moved   bool   // the reader's own console came under a portal other than by its log-in
	passing bool   // they come and go with time too
}

// theirs says whether the reader may read what stands at a position of a topic.
func (r rights) theirs(topic string, pos int64) bool {
	since, mine := r.topics[topic]
	end, over := r.ends[topic]
	return mine && pos > since && (!over || pos <= end)
}

// topics are what a caller may read, each with the position after which it is theirs to read.
type topics map[string]int64

// rightsOf are a reader's rights at this moment, to what comes after a position.
func (t *tx) rightsOf(r reader, after int64) (rights, error) {
	if r.guest.AttendeeID != "" {
		return t.guestRights(r.guest)
	}
	mine, err := t.repRights(r.caller, after)
	if r.presence {
		mine.topics[desk.PresenceTopic] = -1
	}
	return mine, err
}

// guestRights are those of a guest in their session, until it has ended. Of who left before, or was put out, that they left
// is the last that they read: their stream ends with it.
func (t *tx) guestRights(g desk.Guest) (rights, error) {
	mine := rights{topics: topics{}, ends: topics{}}
	topic := desk.GuestTopic(g.SessionID)
	var since, leftAt, endedAt int64
	found, err := t.row(`SELECT k.since, a.left_at, s.ended_at FROM guest_tokens k JOIN attendees a ON a.id = k.attendee_id JOIN sessions s ON s.id = a.session_id
		WHERE k.attendee_id = $1 ORDER BY k.since LIMIT 1`, []any{g.AttendeeID}, &since, &leftAt, &endedAt)
	if err == nil && leftAt > 0 && (endedAt == 0 || leftAt < endedAt) {
		var end int64
		_, err = t.row(`SELECT COALESCE(MAX(pos), 0) FROM events WHERE topic = $1 AND type = $2 AND at = $3 AND body LIKE $4`,
			[]any{topic, string(desk.EventAttendeeLeft), leftAt, `%"id":"` + g.AttendeeID + `"%`}, &end)
		mine.ends[topic], found = end, end > 0
	}
	if found {
		mine.topics[topic] = since
	}
	return mine, err
}

// repRights are the topics of a rep: their own, those of their teams since they came, and those of the portals under which
// they are logged in since they came there; portals pass embassy reps by (A7). Of what they lost after the position, that is
// theirs which stands there from before: they may not have read yet that something is over.
func (t *tx) repRights(c desk.Caller, after int64) (rights, error) {
	mine := rights{topics: topics{desk.RepTopic(c.RepID): -1}, ends: topics{}, marks: rightsMarks(c.RepID)}
	portals, marks := topics{}, []rightsMark{}
	err := t.rows(`SELECT 'rep', r.id, -1, r.embassy FROM reps r WHERE r.id = $1
		UNION ALL SELECT 'team', m.team_id, m.since, 1 FROM team_members m WHERE m.rep_id = $1
		UNION ALL SELECT 'portal', c.portal_id, c.portal_since, CASE WHEN c.id = $2 THEN c.portal_moved ELSE 0 END FROM consoles c WHERE c.rep_id = $1 AND c.portal_id <> '' AND (c.id = $2 OR `+consoleHere(`$3`)+`)
		UNION ALL SELECT 'portals', g.above_id, c.portal_since, 0 FROM consoles c JOIN portal_tree g ON g.portal_id = c.portal_id
			WHERE c.rep_id = $1 AND c.portal_id <> '' AND (c.id = $2 OR `+consoleHere(`$3`)+`)
		UNION ALL SELECT 'others', '', -1, 0 FROM consoles c WHERE c.rep_id = $1 AND c.portal_id <> '' AND c.id <> $2
		UNION ALL SELECT 'mark', e.body, e.pos, 0 FROM events e WHERE e.topic = $4 AND e.pos > $5`,
		[]any{c.RepID, c.ConsoleID, ms(t.now), mine.marks, after}, func(scan scanner) error {
			var kind, id string
			var at int64
			var is bool
			if err := scan(&kind, &id, &at, &is); err != nil {
				return err
			}
			switch kind {
			case "rep":
				mine.embassy = is
			case "others":
				mine.passing = true
			case "team":
				mine.topics[desk.TeamTopic(id)] = at
			case "portal":
				portals.keepLeast(desk.PortalTopic(id), at)
				mine.moved = mine.moved || is
			case "portals":
				portals.keepLeast(desk.PortalsTopic(id), at)
			case "mark":
				mark, err := parseMark(at, id)
				marks = append(marks, mark)
				return err
			}
			return nil
		})
	if !mine.embassy {
		maps.Copy(mine.topics, portals)
	}
	for _, mark := range marks {
		mine.apply(mark, c.ConsoleID)
	}
	return mine, err
}

// rightsMark stands in the log where the rights of a rep became others: they lost a topic, a console of theirs came under a
// portal, or, where it says neither, they came into a team or are an embassy rep from now on, or no longer. Where it stands is
// when that was; the end of the log as it was seen when that was begun can lie before what others wrote meanwhile, and before a
// reader's cursor.
type rightsMark struct {
	Lost    string `json:",omitempty"` // the topic
	Since   int64  `json:",omitempty"` // from where on it was theirs
	Console string `json:",omitempty"` // that came under a portal
	pos     int64
}

// rightsMarks is where those of a rep stand. Readers are told of those that let their rights grow, as a reset.
func rightsMarks(repID string) string { return "rights:" + repID }

// rightsKind is what stands in the log as the type of a rightsMark.
const rightsKind = "rights"

func (t *tx) markRights(repID string, mark rightsMark) error {
	body, err := json.Marshal(mark)
	t.events = append(t.events, loggedEvent{topic: rightsMarks(repID), kind: rightsKind, body: string(body)})
	return err
}

func parseMark(pos int64, body string) (mark rightsMark, err error) {
	if err := json.Unmarshal([]byte(body), &mark); err != nil {
		return mark, fmt.Errorf("read event %d: %w", pos, err)
	}
	mark.pos = pos
	return mark, nil
}

// grows says whether a reader has to load anew what there was before. A client loads what it shows when it logs in, so where
// its own console logged in, and did not move, is no growth to it. Whoever leaves a portal loads anew too: unlike a team, it is
// not locked while somebody invites those under it, who may be told of that when it is over for them already.
func (r *rights) grows(mark rightsMark, own string) bool {
	switch {
	case mark.Lost != "":
		return !strings.HasPrefix(mark.Lost, desk.TeamTopic(""))
	case mark.Console != "":
		return mark.Console != own || r.moved
	}
	return true
}

// apply takes in what stands after the reader's position.
func (r *rights) apply(mark rightsMark, own string) {
	r.grown = r.grown || r.grows(mark, own)
	if _, still := r.topics[mark.Lost]; mark.Lost != "" && !still {
		r.topics[mark.Lost], r.ends[mark.Lost] = mark.Since, mark.pos
	}
}

func (m topics) keepLeast(topic string, since int64) {
	if known, there := m[topic]; !there || since < known {
		m[topic] = since
	}
}
