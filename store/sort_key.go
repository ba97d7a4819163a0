package store

import (
	"encoding/hex"
	"strings"
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// maxSortKey bounds what an index holds of a text: more than the first twenty letters decide in no list that people read.
const maxSortKey = 48

var collators = sync.Pool{New: func() any { return collate.New(language.Und, collate.Loose, collate.Numeric) }}

// sortKey is what a text is sorted by: as people expect it, whatever its letters' case and accents, and the same on both
// engines, whose own ways to sort texts differ. A text without letters is sorted like one left out.
func sortKey(text string) string {
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	c := collators.Get().(*collate.Collator)
	defer collators.Put(c)
	key := c.KeyFromString(&collate.Buffer{}, text)
	return hex.EncodeToString(key[:min(len(key), maxSortKey)])
}
