package desk

import (
	"strings"
	"testing"
)

func TestTexts(t *testing.T) {
	const max = 10
	for _, c := range []struct {
		name             string
		text             string
		line, text2, req string // the refusal of CheckLine, CheckText, CheckName; empty: taken
	}{
		{"ordinary", "Jo Doe", "", "", ""},
		{"empty", "", "", "", "empty"},
		{"blank", " \t ", "control_character", "", "empty"},
		{"only marks that show nothing", "\u200f\u200b", "", "", "empty"},
		{"only combining marks", "\u0301\u0323", "", "", "empty"},
		{"fillers that show nothing", "\u3164\u2800\u115f", "", "", "empty"},
		{"combining marks on a letter", "e\u0301\u0323", "", "", ""},
		{"spaces at the ends are kept", " Jo ", "", "", ""},
		{"no-break space", "\u00a0", "", "", "empty"},
		{"as long as it may be", strings.Repeat("a", max), "", "", ""},
		{"too long", strings.Repeat("a", max+1), "too_long", "too_long", "too_long"},
		{"characters, not bytes", strings.Repeat("ß", max), "", "", ""},
		{"emoji", strings.Repeat("🖨", max), "", "", ""},
		{"emoji too long", strings.Repeat("🖨", max+1), "too_long", "too_long", "too_long"},
		{"joined emoji count by code point", "👩‍👩‍👧‍👦", "", "", ""},
		{"right to left with its marks", "\u200fיעל\u200e!", "", "", ""},
		{"LF", "a\nb", "control_character", "", "control_character"},
		{"CR", "a\rb", "control_character", "", "control_character"},
		{"CRLF", "a\r\nb", "control_character", "", "control_character"},
		{"tab", "a\tb", "control_character", "", "control_character"},
		{"NUL", "a\x00b", "control_character", "control_character", "control_character"},
		{"escape", "a\x1b[2Jb", "control_character", "control_character", "control_character"},
		{"delete", "a\x7fb", "control_character", "control_character", "control_character"},
		{"next line", "a\u0085b", "control_character", "control_character", "control_character"},
		{"line separator", "a\u2028b", "control_character", "", "control_character"},
		{"paragraph separator", "a\u2029b", "control_character", "", "control_character"},
		{"not UTF-8", "a\xffb", "not_utf8", "not_utf8", "not_utf8"},
		{"half a surrogate", "a\xed\xa0\x80b", "not_utf8", "not_utf8", "not_utf8"},
	} {
		for _, check := range []struct {
			name string
			p    *Problem
			want string
		}{{"CheckLine", CheckLine("f", c.text, max), c.line}, {"CheckText", CheckText("f", c.text, max), c.text2}, {"CheckName", CheckName("f", c.text, max), c.req}} {
			got := ""
			if check.p != nil {
				got = check.p.Errors[0].Code
				if check.p.Code != ValidationFailed || check.p.Errors[0].Field != "f" {
					t.Errorf("%s of %s: %+v", check.name, c.name, check.p)
				}
			}
			if got != check.want {
				t.Errorf("%s of %s: got %q, want %q", check.name, c.name, got, check.want)
			}
		}
	}
}

func TestCustomerCheck(t *testing.T) {
	for _, c := range []struct {
		field    string
		customer Customer
	}{
		{"", Customer{Name: "Jo", Details: "line\nline"}},
		{"customer.name", Customer{}},
		{"customer.name", Customer{Name: "Jo\r\nBcc: x@example.com"}},
		{"customer.company", Customer{Name: "Jo", Company: "a\nb"}},
		{"customer.details", Customer{Name: "Jo", Details: strings.Repeat("x", MaxDetails+1)}},
		{"customer.language", Customer{Name: "Jo", Language: strings.Repeat("x", 36)}},
	} {
		p := c.customer.Check()
		if c.field == "" && p != nil || c.field != "" && (p == nil || p.Errors[0].Field != c.field) {
			t.Errorf("%+v: got %+v, want %q", c.customer, p, c.field)
		}
	}
}
