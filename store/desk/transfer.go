package desk

import "time"

// Transfer is an offer to own a session (C6), shown in it while it is pending.
type Transfer struct {
	ID        string    `json:"id" doc:"Opaque id" example:"trf_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev       int64     `json:"rev" doc:"Grows with each change; the same in answers, events and pushes"`
	Sender    Ref       `json:"sender" doc:"Who offers it"`
	Rep       *Ref      `json:"rep,omitempty" doc:"The rep to whom it is offered"`
	Team      *Ref      `json:"team,omitempty" doc:"The team of which any one rep may take it"`
	Comment   string    `json:"comment,omitempty" doc:"What the sender says; customers never see it"`
	Stay      bool      `json:"stay" doc:"Whether the owner stays as a further rep, if a seat is free"`
	CreatedAt time.Time `json:"created_at" doc:"When it was offered"`
}

// Transfer is what a session shows of a pending transfer.
func (i Invitation) Transfer() *Transfer {
	return &Transfer{ID: i.ID, Rev: i.Rev, Sender: i.Inviter, Rep: i.Rep, Team: i.Team, Comment: i.Comment, Stay: i.Stay, CreatedAt: i.CreatedAt}
}

// TransferFacts are what the rule for transferring needs to know.
type TransferFacts struct {
	OneRep        bool      // to a rep, not to a team
	Self          bool      // to the owner
	Reachable     bool      // by A4, with transfer_outside_teams
	CallerEmbassy bool      // A7
	Pending       *Conflict // the transfer that is pending already
	Available     bool      // the rep, or somebody of the team who could take it, is logged in; or the team is persistent
}

// CheckTransfer is rule C6: it refuses in a fixed order.
func CheckTransfer(f TransferFacts) *Problem {
	kind := "team"
	if f.OneRep {
		kind = "rep"
	}
	switch {
	case f.Self:
		return Refuse(CannotInviteSelf, "The rep owns the session.")
	case !f.Reachable && f.CallerEmbassy:
		return Missing(kind)
	case !f.Reachable:
		return Refuse(NotReachable, "The %s is outside your teams.", kind)
	case f.Pending != nil:
		p := Refuse(TransferPending, "The session is being transferred already.")
		p.Conflict = f.Pending
		return p
	case !f.Available && f.OneRep:
		return Refuse(RepNotAvailable, "The rep is not logged in.")
	case !f.Available:
		return Refuse(TeamNotAvailable, "No other rep of the team is logged in.")
	}
	return nil
}
