package api

// Guessed is how many wrong keys or codes an entrance counts in the last minute (E6).
func (s *Server) Guessed(entrance string) float64 { return s.attempts.guesses.rate(entrance) }
