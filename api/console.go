package api

import (
	"context"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

type logInInput struct {
	Body struct {
		Username string `json:"username" minLength:"1" maxLength:"100" example:"ana" doc:"The log-in name"`
		Password string `json:"password" minLength:"1" maxLength:"200" format:"password" doc:"The password"`
		PortalID string `json:"portal_id,omitempty" maxLength:"100" example:"@main" doc:"The portal to log in under"`
		Device   Device `json:"device" doc:"What the client says of the installation it runs on"`
	}
}

// Device is desk.Device as a log-in gives it: the platform is needed.
type Device struct {
	Platform      string  `json:"platform" enum:"android,ios,web,script" doc:"What kind of client it is"`
	DeviceID      *string `json:"device_id,omitempty" maxLength:"100" doc:"A random UUID per installation; logging in with it again replaces the earlier log-in there" example:"2f1c7a52-5f4e-4f0e-9a38-0a4a5b1c2d3e"`
	Name          *string `json:"name,omitempty" maxLength:"200" doc:"What the user calls the device" example:"Ana's phone"`
	AppVersion    *string `json:"app_version,omitempty" maxLength:"100" example:"1.4.0" doc:"The client's version"`
	OSVersion     *string `json:"os_version,omitempty" maxLength:"100" example:"16" doc:"The operating system's version"`
	Locale        *string `json:"locale,omitempty" maxLength:"35" example:"en" doc:"BCP 47 language tag of the texts that this console shows"`
	Notifications *string `json:"notifications,omitempty" enum:"allowed,denied" doc:"Whether the user lets the app notify"`
	PushKind      *string `json:"push_kind,omitempty" enum:"fcm_token,fcm_fid" doc:"What push_target is; fcm_token where it is left out"`
	PushTarget    *string `json:"push_target,omitempty" maxLength:"4096" doc:"Where pushes go; a secret that no answer shows"`
}

func (d Device) device() desk.Device {
	return desk.Device{Platform: &d.Platform, DeviceID: d.DeviceID, Name: d.Name, AppVersion: d.AppVersion, OSVersion: d.OSVersion,
		Locale: d.Locale, Notifications: d.Notifications, PushKind: d.PushKind, PushTarget: d.PushTarget}
}

func (s *Server) logIn(ctx context.Context, in *logInInput) (*Created[store.LoggedIn], error) {
	out, err := s.cfg.Store.LogIn(ctx, store.LogIn{Username: in.Body.Username, Password: in.Body.Password, PortalID: in.Body.PortalID, Device: in.Body.Device.device()})
	if err != nil {
		return nil, err
	}
	if idem := exchangeFrom(ctx).idem; idem == nil || !idem.Replayed { // the token under which it was opened is dead
		s.stream.end(out.Console.ID, Closing{Reason: "console_revoked"})
	}
	return created("/v1/me/consoles/"+out.Console.ID, out.Console.Rev, out), nil
}

func (s *Server) listMyConsoles(ctx context.Context, _ *struct{}) (*Listed[desk.Console], error) {
	consoles, err := s.cfg.Store.Consoles(ctx, callerFrom(ctx))
	if err != nil {
		return nil, err
	}
	return listed(consoles, ""), nil
}

// ConsolePath is embedded in the input of operations on one console.
type ConsolePath struct {
	ConsoleID string `path:"console_id" maxLength:"100" example:"current" doc:"The console; current is the one that asks"`
}

type updateConsoleInput struct {
	ConsolePath
	IfMatch
	Body struct {
		desk.Device
		PortalID *string `json:"portal_id,omitempty" maxLength:"100" doc:"The portal to be logged in under; an empty text leaves it"`
	}
}

func (s *Server) updateConsole(ctx context.Context, in *updateConsoleInput) (*Object[desk.Console], error) {
	change := store.ConsoleChange{Device: in.Body.Device, PortalID: in.Body.PortalID}
	c, err := s.cfg.Store.UpdateConsole(ctx, callerFrom(ctx), in.ConsoleID, change, in.IfMatch.check)
	if err != nil {
		return nil, err
	}
	return object(c.Rev, c), nil
}

type logOutInput struct {
	ConsolePath
	Force bool `query:"force" doc:"Log out even where active sessions of the caller are left without a console"`
}

func (s *Server) logOut(ctx context.Context, in *logOutInput) (*struct{}, error) {
	return nil, s.cfg.Store.LogOut(ctx, callerFrom(ctx), in.ConsoleID, in.Force)
}
