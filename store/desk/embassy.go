package desk

import "slices"

// Outlook is what an embassy rep may know of others (A7): the public names of outsiders, and of teams only its own. A nil
// Outlook hides nothing.
type Outlook struct {
	Teams      []string                          // ids of the rep's own teams
	PublicName func(repID string) (string, bool) // of an outsider; false for a colleague
}

func (o *Outlook) name(repID string, name *string) {
	if public, outside := o.PublicName(repID); outside {
		*name = public
	}
}

// refs shows outsiders by their public names. Refs may be shared between things, so each is replaced and not written to.
func (o *Outlook) refs(all ...**Ref) {
	for _, r := range all {
		if *r != nil {
			shown := **r
			o.name(shown.ID, &shown.Name)
			*r = &shown
		}
	}
}

// teams takes out those that are not the rep's own.
func (o *Outlook) teams(all ...**Ref) {
	for _, r := range all {
		if *r != nil && !slices.Contains(o.Teams, (*r).ID) {
			*r = nil
		}
	}
}

// Seen is what answers and events are made of: it shows itself through an outlook.
type Seen interface{ SeenThrough(o *Outlook) }

func (s *Session) SeenThrough(o *Outlook) {
	o.refs(&s.Owner)
	o.teams(&s.Team)
	if s.Transfer != nil {
		shown := *s.Transfer
		o.name(shown.Sender.ID, &shown.Sender.Name)
		o.refs(&shown.Rep)
		o.teams(&shown.Team)
		s.Transfer = &shown
	}
	s.Attendees = slices.Clone(s.Attendees)
	for i := range s.Attendees {
		s.Attendees[i].SeenThrough(o)
	}
}

func (a *Attendee) SeenThrough(o *Outlook) { o.name(a.RepID, &a.Name) }

func (i *Invitation) SeenThrough(o *Outlook) {
	o.name(i.Inviter.ID, &i.Inviter.Name)
	o.refs(&i.Rep, &i.AcceptedBy)
	o.teams(&i.Team)
	i.DeclinedBy = slices.Clone(i.DeclinedBy)
	for n := range i.DeclinedBy {
		o.name(i.DeclinedBy[n].ID, &i.DeclinedBy[n].Name)
	}
}

func (i *SpecialistInvitation) SeenThrough(o *Outlook) { o.name(i.Inviter.ID, &i.Inviter.Name) }

func (j *Job) SeenThrough(o *Outlook) {
	j.Invitation.SeenThrough(o)
	o.refs(&j.By)
}

// SeenThrough leaves an outsider's device without its name: people name devices after themselves.
func (d *Delivery) SeenThrough(o *Outlook) {
	if public, outside := o.PublicName(d.Rep.ID); outside {
		d.Rep.Name = public
		if d.Console != nil {
			d.Console = &Ref{ID: d.Console.ID}
		}
	}
}

func (m *Message) SeenThrough(o *Outlook) { o.name(m.AuthorRepID, &m.Author.Name) }

func (n *Note) SeenThrough(o *Outlook) { o.name(n.Author.ID, &n.Author.Name) }

func (m *ShareOptions) SeenThrough(o *Outlook) {
	for i := range m.Invitations {
		m.Invitations[i].SeenThrough(o)
	}
}

func (e *Event) SeenThrough(o *Outlook) {
	o.refs(&e.Actor)
	if e.TeamID != "" && !slices.Contains(o.Teams, e.TeamID) {
		e.TeamID = ""
	}
	if e.Session != nil {
		e.Session.SeenThrough(o)
	}
	if e.Invitation != nil {
		e.Invitation.SeenThrough(o)
	}
	if e.Attendee != nil {
		e.Attendee.SeenThrough(o)
	}
	if e.Delivery != nil {
		e.Delivery.SeenThrough(o)
	}
	if e.SpecialistInvitation != nil {
		e.SpecialistInvitation.SeenThrough(o)
	}
	if e.Message != nil {
		e.Message.SeenThrough(o)
	}
	if e.Entry != nil {
		e.Entry.SeenThrough(o)
	}
	if e.TeamMessage != nil {
		e.TeamMessage.SeenThrough(o)
	}
	if e.Rep != nil {
		o.name(e.Rep.ID, &e.Rep.Name)
	}
}

func (q *QueueEntry) SeenThrough(o *Outlook) { o.refs(&q.Inviter) }

func (m *TeamMessage) SeenThrough(o *Outlook) { o.name(m.Author.ID, &m.Author.Name) }

// SeenThrough shows the person in a refusal as the reader may know them, and no team but their own.
func (p *Problem) SeenThrough(o *Outlook) {
	if p.Conflict != nil && p.Conflict.Kind == "team" && !slices.Contains(o.Teams, p.Conflict.ID) {
		p.Conflict = nil
	}
	if p.Conflict != nil {
		shown := *p.Conflict
		o.refs(&shown.By)
		p.Conflict = &shown
	}
}
