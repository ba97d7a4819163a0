package api

import (
	"context"
	"slices"

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
	Platform string `json:"platform" enum:"android,ios,web,script" doc:"What kind of client it is"`
	desk.Device
}

func (d Device) device() desk.Device {
	d.Device.Platform = &d.Platform
	return d.Device
}

func (s *Server) logIn(ctx context.Context, in *logInInput) (*Created[store.LoggedIn], error) {
	out, err := s.cfg.Store.LogIn(ctx, store.LogIn{Username: in.Body.Username, Password: in.Body.Password, PortalID: in.Body.PortalID, Device: in.Body.Device.device()})
	if err != nil {
		return nil, err
	}
	if idem := exchangeFrom(ctx).idem; idem == nil || !idem.Replayed { // the token under which it was opened is dead
		s.stream.end(out.Console.ID, StreamClosing{Reason: "console_revoked"})
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

func (s *Server) logOutOthers(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, s.cfg.Store.LogOutOthers(ctx, callerFrom(ctx))
}

type consoleInput struct{ ConsolePath }

func (s *Server) deletePushTarget(ctx context.Context, in *consoleInput) (*struct{}, error) {
	none := ""
	_, err := s.cfg.Store.UpdateConsole(ctx, callerFrom(ctx), in.ConsoleID, store.ConsoleChange{Device: desk.Device{PushTarget: &none}}, nil)
	return nil, err
}

func (s *Server) sendTestPush(ctx context.Context, in *consoleInput) (*Created[desk.Delivery], error) {
	if !slices.Contains(s.cfg.Channels, desk.ChannelFCM) {
		return nil, desk.Refuse(desk.PushNotConfigured, "The server was started without FCM.")
	}
	d, err := s.cfg.Store.SendTestPush(ctx, callerFrom(ctx), in.ConsoleID)
	if err != nil {
		return nil, err
	}
	return created("/v1/deliveries/"+d.ID, d.Rev, d), nil
}

func (s *Server) logOut(ctx context.Context, in *logOutInput) (*struct{}, error) {
	return nil, s.cfg.Store.LogOut(ctx, callerFrom(ctx), in.ConsoleID, in.Force)
}
