package desk

import "testing"

func TestE3HowACodeMayBeWritten(t *testing.T) {
	for written, want := range map[string]bool{
		"7K2MQ9XWD4HTBR3V": true, "7k2m q9xw d4ht br3v": true, " 7K2M-Q9XW‑D4HT–BR3V\n": true,
		"": false, "7K2MQ9XWD4HTBR3": false, "7K2MQ9XWD4HTBR3VV": false, "7K2MQ9XWD4HTBR30": false, "7K2MQ9XWD4HTBR3\x00": false, "7K2MQ9XWD4HTBR3Ω": false,
	} {
		if code, ok := ReadEntranceCode(written); ok != want || ok && code != "7K2MQ9XWD4HTBR3V" {
			t.Errorf("%q is %q, %t", written, code, ok)
		}
	}
}
