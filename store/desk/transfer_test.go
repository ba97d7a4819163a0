package desk

import "testing"

// transferRefusals are the refusals in the order of rule C6, each with the facts that bring it about.
var transferRefusals = []struct {
	code Code
	make func(*TransferFacts)
}{
	{CannotInviteSelf, func(f *TransferFacts) { f.Self = true }},
	{NotReachable, func(f *TransferFacts) { f.Reachable = false }},
	{TransferPending, func(f *TransferFacts) { f.Pending = &Conflict{Kind: "transfer", ID: "trf_1"} }},
	{RepNotAvailable, func(f *TransferFacts) { f.Available = false }},
}

func TestC6TheEarlierRefusalWins(t *testing.T) {
	free := TransferFacts{OneRep: true, Reachable: true, Available: true}
	if p := CheckTransfer(free); p != nil {
		t.Errorf("nothing in the way: %v", p)
	}
	facts := free
	for i := len(transferRefusals) - 1; i >= 0; i-- { // one more each time: always the first of them
		alone := free
		transferRefusals[i].make(&alone)
		transferRefusals[i].make(&facts)
		for what, f := range map[string]TransferFacts{"alone": alone, "with those after it": facts} {
			if p := CheckTransfer(f); p == nil || p.Code != transferRefusals[i].code {
				t.Errorf("%s %s: got %v", transferRefusals[i].code, what, p)
			}
		}
	}
}

func TestC6WhatTheRefusalSays(t *testing.T) {
	if p := CheckTransfer(TransferFacts{Reachable: true}); p == nil || p.Code != TeamNotAvailable {
		t.Errorf("a team of which nobody is there: %v", p)
	}
	pending := Conflict{Kind: "transfer", ID: "trf_1"}
	if p := CheckTransfer(TransferFacts{OneRep: true, Reachable: true, Pending: &pending}); p == nil || p.Conflict == nil || p.Conflict.ID != "trf_1" {
		t.Errorf("the pending one: %+v", p)
	}
	for _, one := range []bool{true, false} { // A7
		kind := map[bool]string{true: "rep", false: "team"}[one]
		if p, want := CheckTransfer(TransferFacts{OneRep: one, CallerEmbassy: true}), Missing(kind); p == nil || p.Error() != want.Error() {
			t.Errorf("an embassy rep is told %v of a %s", p, kind)
		}
	}
}
