package desk

import "slices"

// QueueColumns are what a queue can show of its entries, QueueSorts what it can be sorted by, and QueueOrders how (D4, D5).
var (
	QueueColumns = []string{"waiting", "customer", "company", "details", "issue", "priority", "language", "came_by", "place"}
	QueueSorts   = []string{"waiting", "customer", "company", "issue", "priority", "language"}
	QueueOrders  = []string{"asc", "desc"}
)

// Preferences are how a rep wants queues shown, on every console (D7).
type Preferences struct {
	Rev          int64    `json:"rev" doc:"Grows with each change of this object"`
	QueueColumns []string `json:"queue_columns" doc:"The columns to show, in their order; empty: as the client likes" values:"QueueColumn"`
	QueueSort    string   `json:"queue_sort" doc:"What queues are sorted by" values:"SortKey"`
	QueueOrder   string   `json:"queue_order" doc:"In which order" values:"SortOrder"`
}

// DefaultPreferences are those of a rep who never chose any.
func DefaultPreferences() Preferences {
	return Preferences{QueueColumns: []string{}, QueueSort: "waiting", QueueOrder: "asc"}
}

// Same says whether both ask for the same.
func (p Preferences) Same(o Preferences) bool {
	return slices.Equal(p.QueueColumns, o.QueueColumns) && p.QueueSort == o.QueueSort && p.QueueOrder == o.QueueOrder
}

// Check refuses what no queue can show, and a column that would stand there twice (D7).
func (p Preferences) Check() *Problem {
	for i, column := range p.QueueColumns {
		if !slices.Contains(QueueColumns, column) {
			return Invalid("queue_columns", "unknown_value", "holds a column that there is not")
		}
		if slices.Contains(p.QueueColumns[:i], column) {
			return Invalid("queue_columns", "not_unique", "names %s twice", column)
		}
	}
	if !slices.Contains(QueueSorts, p.QueueSort) {
		return Invalid("queue_sort", "unknown_value", "is not what queues are sorted by")
	}
	if !slices.Contains(QueueOrders, p.QueueOrder) {
		return Invalid("queue_order", "unknown_value", "must be asc or desc")
	}
	return nil
}
