package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"
)

// Report is the table.
type Report struct {
	Machine Machine `json:"machine"`
	Rows    []Row   `json:"rows"`
}

// Row is one figure. Which fields it has depends on what it is of.
type Row struct {
	Name    string  `json:"name"`
	Clients int     `json:"clients,omitempty"` // that asked at the same time
	Value   float64 `json:"value"`
	Unit    string  `json:"unit,omitempty"`
	P50     float64 `json:"p50_ms,omitempty"`
	P99     float64 `json:"p99_ms,omitempty"`
	Ratio   float64 `json:"ratio_to_healthz,omitempty"` // of a rate to the empty request's rate, of a time to its time
	Target  string  `json:"target,omitempty"`
	Met     *bool   `json:"met,omitempty"`
	Skipped string  `json:"skipped,omitempty"` // why there is no figure
}

// rated is the row of a load. Its percentiles are of single requests.
func rated(name string, clients int, f figures) Row {
	return Row{Name: name, Clients: clients, Value: f.rate(), Unit: "/s", P50: milliseconds(f.percentile(50)), P99: milliseconds(f.percentile(99))}
}

// beside sets a row's rate beside that of the empty request.
func (r Row) beside(healthz float64) Row {
	r.Ratio = r.Value / healthz
	return r
}

// atLeast and atMost hold a figure of the row against its target.
func (r Row) atLeast(figure, target float64, unit string) Row {
	return r.against(figure >= target, "≥", target, unit)
}

func (r Row) atMost(figure, target float64, unit string) Row {
	return r.against(figure <= target, "≤", target, unit)
}

func (r Row) against(met bool, how string, target float64, unit string) Row {
	r.Target, r.Met = fmt.Sprintf("%s %s %s", how, strconv.FormatFloat(target, 'f', -1, 64), unit), &met
	return r
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// WriteJSON writes the table for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// WriteText writes the table for people.
func (r *Report) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s\n\n", r.Machine)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\tclients\tfigure\tp50\tp99\t× healthz\ttarget\t")
	for _, row := range r.Rows {
		if row.Skipped != "" {
			fmt.Fprintf(table, "%s\t\tskipped: %s\n", row.Name, row.Skipped)
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Name, number(row.Clients), row.figure(), latency(row.P50), latency(row.P99), multiple(row.Ratio), row.Target, row.outcome())
	}
	return table.Flush()
}

func (r Row) figure() string {
	precision := 2
	if r.Value >= 100 {
		precision = 0
	}
	return strconv.FormatFloat(r.Value, 'f', precision, 64) + " " + r.Unit
}

func (r Row) outcome() string {
	switch {
	case r.Met == nil:
		return ""
	case *r.Met:
		return "met"
	}
	return "missed"
}

// number, latency and multiple are empty where there is none.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func latency(ms float64) string {
	if ms == 0 {
		return ""
	}
	return strconv.FormatFloat(ms, 'f', 2, 64) + " ms"
}

func multiple(ratio float64) string {
	if ratio == 0 {
		return ""
	}
	return strconv.FormatFloat(ratio, 'f', 2, 64)
}
