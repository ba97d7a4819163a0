package store

import "context"

// UnreadTeamChat counts what a rep has not read in the chat of a team, as its queue shows it.
func UnreadTeamChat(ctx context.Context, s *Store, repID, team string) (int, error) {
	return read(ctx, s, func(t *tx) (int, error) {
		id, err := t.resolve("team", team)
		if err != nil {
			return 0, err
		}
		counts, err := t.unreadTeamChat(repID)
		return counts[id], err
	})
}
