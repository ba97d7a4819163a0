package desk

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
)

// Each setting has a default, so that no rule finds a nil.
func TestB18EverySettingHasADefault(t *testing.T) {
	defaults := reflect.ValueOf(DefaultPortalSettings())
	for i := range defaults.NumField() {
		if defaults.Field(i).IsNil() {
			t.Errorf("%s has none", defaults.Type().Field(i).Name)
		}
	}
}

// What is read over the defaults of one portal changes those of no other.
func TestC9DefaultsAreNobodyElses(t *testing.T) {
	before := slices.Clone(LostSteps)
	settings := DefaultPortalSettings()
	if err := json.Unmarshal([]byte(`{"lost_steps": ["fallback_team"], "modes": ["phone"], "sharing": "off", "lost_after_seconds": 7}`), &settings); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(LostSteps, before) {
		t.Errorf("the steps are %v now", LostSteps)
	}
	fresh := DefaultPortalSettings()
	if !slices.Equal(*fresh.LostSteps, before) || len(*fresh.Modes) != 3 || *fresh.Sharing != SharingTeams || *fresh.LostAfterSeconds != 120 {
		t.Errorf("the defaults are %+v now", fresh)
	}
}

func TestB18WhatASubPortalInherits(t *testing.T) {
	effective := EffectivePortals([]PortalEntry{
		{Slug: "deep", Parent: "low", PortalSettings: PortalSettings{Sharing: ptr(SharingAll)}},
		{Slug: "low", Parent: "top", PortalSettings: PortalSettings{InviteCeiling: ptr(View), LostSteps: ptr([]LostStep{})}},
		{Slug: "top", PortalSettings: PortalSettings{Sharing: ptr(SharingOffHere), MaxInvitedReps: ptr(2), Modes: ptr([]string{ModePhone})}},
	})
	deep, top := effective["deep"], effective["top"]
	if *deep.Sharing != SharingAll || *deep.InviteCeiling != View || *deep.MaxInvitedReps != 2 || len(*deep.LostSteps) != 0 || !slices.Equal(*deep.Modes, []string{ModePhone}) {
		t.Errorf("deep: %+v", deep)
	}
	if *top.Sharing != SharingOffHere || *top.InviteCeiling != Control || len(*top.LostSteps) != 4 {
		t.Errorf("top: %+v", top)
	}
}

func TestB18WhereASettingComesFrom(t *testing.T) {
	up := []PortalLevel{
		{Ref{ID: "prt_1", Name: "Low"}, PortalSettings{InviteCeiling: ptr(View)}},
		{Ref{ID: "prt_2", Name: "Top"}, PortalSettings{InviteCeiling: ptr(Control), Sharing: ptr(SharingAll)}},
	}
	found := map[string]string{}
	for _, source := range SettingSources(up) {
		found[source.Setting] = "default"
		if source.Portal != nil {
			found[source.Setting] = source.Portal.Name
		}
	}
	if found["invite_ceiling"] != "Low" || found["sharing"] != "Top" || found["max_invited_reps"] != "default" || len(found) != reflect.TypeFor[PortalSettings]().NumField() {
		t.Errorf("sources: %v", found)
	}
}
