// Package desk is the domain of a support desk: its words, its limits, its rules and its refusals.
//
// Everything here is a value or a pure function. The store loads what a rule needs, asks the rule, and saves;
// the API shows the same types that the rules speak of, so their JSON form is the wire form. Nothing here reads
// a clock, a database or the network, and nothing outside the standard library is imported.
//
// Rules are cited by their numbers (A1 … I5) in rules.md beside this file; tests carry them in their names.
package desk
