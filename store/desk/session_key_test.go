package desk

import (
	"strings"
	"testing"
)

func TestE1TheAlphabetHasNoLookAlikes(t *testing.T) {
	for _, alike := range []string{"0OD", "1IL", "2Z", "5S", "6G", "8B", "UV"} {
		found := ""
		for _, r := range alike {
			if strings.ContainsRune(SessionKeyAlphabet, r) {
				found += string(r)
			}
		}
		if len(found) > 1 {
			t.Errorf("%s look alike", found)
		}
	}
	for i, r := range SessionKeyAlphabet {
		if strings.LastIndexByte(SessionKeyAlphabet, byte(r)) != i || r > 'Z' {
			t.Errorf("%q stands twice, or is none for a keyboard", r)
		}
	}
}

func TestE1HowAKeyMayBeWritten(t *testing.T) {
	for _, written := range []string{"7KM4XQ9", "7km4xq9", "7KM-4XQ9", " 7km 4xq9\n", "7 k m 4 x q 9", "7KM‑4XQ9", "7KM–4XQ9", "7KM\u00a04XQ9"} {
		if got := NormalCode(written); got != "7KM4XQ9" {
			t.Errorf("%q is %q", written, got)
		}
	}
	for _, written := range []string{"", "7KM4XQ", "7KM4XQ9A", "7KM_4XQ9", "7KM4XQ9\x00", "７KM4XQ9"} {
		if NormalCode(written) == "7KM4XQ9" {
			t.Errorf("%q is taken for another", written)
		}
	}
}
