package api

import (
	"context"
	"fmt"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

type listEventsInput struct {
	After       string   `query:"after" maxLength:"30" doc:"The cursor of the answer before; without it, the answer is empty and its cursor stands at the end"`
	Types       []string `query:"types" maxItems:"50" doc:"Only events of these types; a reset comes all the same"`
	Limit       int      `query:"limit" default:"50" minimum:"1" maximum:"200" doc:"How many events at most"`
	WaitSeconds int      `query:"wait_seconds" default:"0" minimum:"0" maximum:"60" doc:"How long to wait for an event where there is none yet"`
}

// EventLog is one reading of the event log.
type EventLog struct {
	Items  []desk.Event `json:"items" doc:"The events, the oldest first"`
	Cursor string       `json:"cursor" doc:"Where to go on: after a reset too, once the lists are loaded anew"`
	More   bool         `json:"more" doc:"Whether more wait already"`
}

func (s *Server) listEvents(ctx context.Context, in *listEventsInput) (*Plain[EventLog], error) {
	sub, cursor, err := s.subscribe(ctx, in.After, eventTypes(in.Types))
	if err != nil {
		return nil, err
	}
	defer sub.Close()
	wait, stop := context.WithTimeout(ctx, time.Duration(in.WaitSeconds)*time.Second)
	defer stop()
	for {
		events, err := sub.Read(ctx, cursor, eventTypes(in.Types), in.Limit)
		if err != nil {
			return nil, err
		}
		cursor = events.Cursor
		if len(events.Items) > 0 || !events.More && wait.Err() != nil {
			return &Plain[EventLog]{EventLog{Items: events.Items, Cursor: fmt.Sprint(cursor), More: events.More}}, nil
		}
		if events.More {
			continue
		}
		select {
		case <-wait.Done():
		case <-s.stream.stop:
			stop()
		case <-sub.Woken():
			if err := s.stillCalls(ctx); err != nil {
				return nil, err
			}
		}
	}
}
