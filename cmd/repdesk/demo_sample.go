package main

import (
	"context"
	"fmt"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

const demoPassword = "demo password"

// demoPasswords hashes cheaply: the passwords are printed on the screen, and the demo is to start at once.
var demoPasswords = store.PasswordCost{MemoryKiB: 1024, Passes: 1}

// sample is the sample desk: people on their devices, and a session that one of them has open.
type sample struct {
	store    *store.Store
	ana, ben store.LoggedIn
	callers  map[string]desk.Caller // by rep: those who hold a phone
	session  desk.Session
}

func newSample(ctx context.Context, s *store.Store) (*sample, error) {
	d := &sample{store: s, callers: map[string]desk.Caller{}}
	organization, err := demoFiles.ReadFile("demo/organization.yaml")
	if err != nil {
		return nil, err
	}
	if _, err := s.ImportOrganization(ctx, s.Operator(), organization, false); err != nil {
		return nil, fmt.Errorf("sample organisation: %w", err)
	}
	for _, step := range []func(context.Context) error{d.logPeopleIn, d.letChoBeMailed, d.openSession} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("sample desk: %w", err)
		}
	}
	return d, nil
}

// logPeopleIn gives three people a phone.
func (d *sample) logPeopleIn(ctx context.Context) (err error) {
	if d.ana, err = d.logIn(ctx, "ana", "android", "Ana's Pixel"); err != nil {
		return err
	}
	if d.ben, err = d.logIn(ctx, "ben", "ios", "Ben's iPhone"); err != nil {
		return err
	}
	_, err = d.logIn(ctx, "dev", "android", "Dev's tablet")
	return err
}

func (d *sample) logIn(ctx context.Context, username, platform, name string) (store.LoggedIn, error) {
	target, allowed := "demo-"+username, "allowed"
	in, err := d.store.LogIn(ctx, store.LogIn{Username: username, Password: demoPassword, PortalID: "@main",
		Device: desk.Device{Platform: &platform, Name: &name, PushTarget: &target, Notifications: &allowed}})
	if err != nil {
		return in, err
	}
	d.callers[in.Rep.ID], err = d.store.Authenticate(ctx, in.Token)
	return in, err
}

// letChoBeMailed switches Cho's extended availability on, and leaves no console of hers behind.
func (d *sample) letChoBeMailed(ctx context.Context) error {
	platform, on := "web", true
	in, err := d.store.LogIn(ctx, store.LogIn{Username: "cho", Password: demoPassword, Device: desk.Device{Platform: &platform}})
	if err != nil {
		return err
	}
	cho, err := d.store.Authenticate(ctx, in.Token)
	if err != nil {
		return err
	}
	if _, err := d.store.UpdateMe(ctx, cho, store.MeChange{ExtendedAvailability: &on}, nil); err != nil {
		return err
	}
	return d.store.LogOut(ctx, cho, "current", false)
}

// openSession has a customer come to the printers' queue, and Ana take it.
func (d *sample) openSession(ctx context.Context) error {
	ana := d.callers[d.ana.Rep.ID]
	waiting, err := d.store.StartSession(ctx, ana, store.NewSession{PortalID: "@shops-north", IssueID: "@paper-jam", Kind: "support",
		Customer: desk.Customer{Name: "Jo Doe", Company: "Doe Bakery", Details: "The receipt printer jams at every second customer", Language: "en"}})
	if err != nil {
		return err
	}
	d.session, err = d.store.AcceptSession(ctx, ana, waiting.Session.ID)
	return err
}
