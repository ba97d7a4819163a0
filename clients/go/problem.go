package repdesk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// mostProblem is how many bytes of a refusal are read: those of the desk are far smaller.
const mostProblem = 1 << 20

// Error says what was refused, for a log.
func (p *Problem) Error() string {
	if p.Code == "" {
		return fmt.Sprintf("%d %s", p.Status, p.Title)
	}
	return fmt.Sprintf("%d %s: %s (request %s)", p.Status, p.Code, p.Detail, p.RequestID)
}

// AsProblem returns the refusal that an error is or wraps. Decide by its Code, which never changes its meaning, and where that
// is unknown by Retry and Status. The Code is empty if it was not the desk that answered but a proxy before it.
func AsProblem(err error) (*Problem, bool) {
	return errors.AsType[*Problem](err)
}

// problemOf reads the refusal in an answer.
func problemOf(answer *http.Response) *Problem {
	p := &Problem{}
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostProblem))
	if err != nil || json.Unmarshal(body, p) != nil || p.Code == "" {
		p = &Problem{Title: http.StatusText(answer.StatusCode), Retry: RetryNever}
		switch answer.StatusCode {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			p.Retry = RetrySameKey
		}
	}
	p.Status = int32(answer.StatusCode)
	if seconds, err := strconv.ParseUint(answer.Header.Get("Retry-After"), 10, 31); err == nil && p.RetryAfterSeconds == nil {
		p.RetryAfterSeconds = new(int32(seconds))
	}
	return p
}
