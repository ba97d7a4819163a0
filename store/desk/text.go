package desk

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The longest texts, in characters (Unicode code points).
const (
	MaxName     = 200  // names of reps, teams, portals, customers
	MaxTitle    = 200  // titles of issues
	MaxComment  = 500  // B8
	MaxDetails  = 2000 // what the customer wrote about the problem
	MaxLanguage = 35   // a BCP 47 language tag
)

// CheckLine refuses a text that cannot stand on one line: over max characters, not UTF-8, or with a control
// character, of which CR and LF could forge email headers.
func CheckLine(field, text string, max int) *Problem {
	if p := checkText(field, text, max); p != nil {
		return p
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }) {
		return Invalid(field, "control_character", "must be one line without control characters")
	}
	return nil
}

// CheckName is CheckLine for a text that must say something: spaces and marks alone show nothing. What a name has beside
// that is kept as it is, spaces at its ends, emoji, combining and direction marks.
func CheckName(field, text string, max int) *Problem {
	if !strings.ContainsFunc(text, says) {
		return Invalid(field, "empty", "must not be empty")
	}
	return CheckLine(field, text, max)
}

// blank are letters and symbols by their category that show nothing: fillers of Hangul, the Braille pattern without dots.
const blank = "\u115f\u1160\u3164\uffa0\u2800"

func says(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsPunct(r) || unicode.IsSymbol(r)) && !strings.ContainsRune(blank, r)
}

// CheckText refuses a text of several lines that is over max characters, not UTF-8, or holds control characters
// other than line breaks and tabs.
func CheckText(field, text string, max int) *Problem {
	if p := checkText(field, text, max); p != nil {
		return p
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }) {
		return Invalid(field, "control_character", "must not hold control characters")
	}
	return nil
}

func checkText(field, text string, max int) *Problem {
	if !utf8.ValidString(text) {
		return Invalid(field, "not_utf8", "must be valid UTF-8")
	}
	if utf8.RuneCountInString(text) > max {
		return Invalid(field, "too_long", "expected at most %d characters", max)
	}
	return nil
}
