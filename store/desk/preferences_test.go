package desk

import "testing"

func TestD7WhatCanBePreferred(t *testing.T) {
	for name, c := range map[string]struct {
		p           Preferences
		field, code string
	}{
		"the defaults":           {DefaultPreferences(), "", ""},
		"all columns":            {Preferences{QueueColumns: QueueColumns, QueueSort: "language", QueueOrder: "desc"}, "", ""},
		"an unknown column":      {Preferences{QueueColumns: []string{"waiting", "shoe size"}, QueueSort: "waiting", QueueOrder: "asc"}, "queue_columns", "unknown_value"},
		"a column in capitals":   {Preferences{QueueColumns: []string{"Waiting"}, QueueSort: "waiting", QueueOrder: "asc"}, "queue_columns", "unknown_value"},
		"an empty column":        {Preferences{QueueColumns: []string{""}, QueueSort: "waiting", QueueOrder: "asc"}, "queue_columns", "unknown_value"},
		"a column twice":         {Preferences{QueueColumns: []string{"place", "issue", "place"}, QueueSort: "waiting", QueueOrder: "asc"}, "queue_columns", "not_unique"},
		"a column to show alone": {Preferences{QueueSort: "details", QueueOrder: "asc"}, "queue_sort", "unknown_value"},
		"no sort":                {Preferences{QueueOrder: "asc"}, "queue_sort", "unknown_value"},
		"no order":               {Preferences{QueueSort: "waiting", QueueOrder: "up"}, "queue_order", "unknown_value"},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.p.Check()
			if c.field == "" {
				if p != nil {
					t.Errorf("refused: %+v", p.Errors)
				}
				return
			}
			if p == nil || p.Errors[0].Field != c.field || p.Errors[0].Code != c.code {
				t.Errorf("got %+v, want %s at %s", p, c.code, c.field)
			}
		})
	}
}

func TestD7TheOrderOfColumnsCounts(t *testing.T) {
	one := Preferences{QueueColumns: []string{"issue", "place"}, QueueSort: "waiting", QueueOrder: "asc"}
	for name, c := range map[string]struct {
		other Preferences
		same  bool
	}{
		"the same, of another revision": {Preferences{Rev: 9, QueueColumns: []string{"issue", "place"}, QueueSort: "waiting", QueueOrder: "asc"}, true},
		"another order of columns":      {Preferences{QueueColumns: []string{"place", "issue"}, QueueSort: "waiting", QueueOrder: "asc"}, false},
		"another sort":                  {Preferences{QueueColumns: []string{"issue", "place"}, QueueSort: "issue", QueueOrder: "asc"}, false},
		"another order":                 {Preferences{QueueColumns: []string{"issue", "place"}, QueueSort: "waiting", QueueOrder: "desc"}, false},
	} {
		if one.Same(c.other) != c.same {
			t.Errorf("%s: same is %v", name, !c.same)
		}
	}
}
