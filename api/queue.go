package api

import (
	"context"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

func (s *Server) listQueues(ctx context.Context, _ *struct{}) (*Listed[desk.Queue], error) {
	queues, err := s.cfg.Store.Queues(ctx, callerFrom(ctx))
	if err != nil {
		return nil, err
	}
	return listed(queues, ""), nil
}

// QueuePath is embedded in the input of operations on one queue.
type QueuePath struct {
	QueueID string `path:"queue_id" maxLength:"100" example:"personal" doc:"The caller's own queue (personal), or the team whose it is"`
}

type listQueueEntriesInput struct {
	QueuePath
	Page
	Sort    string `query:"sort" enum:"waiting,customer,company,issue,priority,language" default:"waiting" doc:"What to sort by; waiting is by when they came into the queue. Entries without the value come last, those with the same in the order in which they came"`
	Order   string `query:"order" enum:"asc,desc" default:"asc" doc:"asc: the earliest, the least, the first of the alphabet first"`
	Query   string `query:"q" maxLength:"200" doc:"Part of the customer's, the company's or the issue's name, or of the details"`
	Kind    string `query:"kind" enum:"session,invitation" doc:"Only entries of this kind"`
	IssueID string `query:"issue_id" maxLength:"100" example:"@paper-jam" doc:"Only those with this issue"`
	CameBy  string `query:"came_by" enum:"issue,session_key,rep_chosen,support_button,help_link,api,transfer,waiting_rule,lost_connection,held,invitation" doc:"Only entries that came in this way"`
}

func (s *Server) listQueueEntries(ctx context.Context, in *listQueueEntriesInput) (*Listed[desk.QueueEntry], error) {
	q := store.EntryQuery{Sort: in.Sort, Descending: in.Order == "desc", Query: in.Query, Kind: in.Kind, IssueID: in.IssueID, CameBy: in.CameBy}
	return paged(in.Page, func(e desk.QueueEntry) string { return e.Position }, func(after string, limit int) ([]desk.QueueEntry, error) {
		q.After, q.Limit = after, limit
		return s.cfg.Store.QueueEntries(ctx, callerFrom(ctx), in.QueueID, q)
	}, "entries", in.QueueID, in.Sort, in.Order, in.Query, in.Kind, in.IssueID, in.CameBy)
}

type acceptNextInput struct {
	Body *struct {
		TeamID string `json:"team_id,omitempty" maxLength:"100" example:"@printers" doc:"Only from this team's queue"`
	} `required:"false"`
}

func (s *Server) acceptNext(ctx context.Context, in *acceptNextInput) (*Plain[store.Next], error) {
	team := ""
	if in.Body != nil {
		team = in.Body.TeamID
	}
	next, err := s.cfg.Store.AcceptNext(ctx, callerFrom(ctx), team)
	if err != nil {
		return nil, err
	}
	return &Plain[store.Next]{next}, nil
}
