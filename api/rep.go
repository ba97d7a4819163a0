package api

import (
	"context"
	"time"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

func (s *Server) getMe(ctx context.Context, _ *struct{}) (*Object[desk.Me], error) {
	me, err := s.cfg.Store.Me(ctx, callerFrom(ctx))
	if err != nil {
		return nil, err
	}
	return object(me.Rev, me), nil
}

type updateMeInput struct {
	IfMatch
	Body struct {
		Busy                 *bool   `json:"busy,omitempty" doc:"Whether colleagues see the rep as busy; a busy rep can be invited"`
		ExtendedAvailability *bool   `json:"extended_availability,omitempty" doc:"Whether the rep may be invited by email while not logged in; needs the permission and an email address"`
		ShowOnPublicPage     *bool   `json:"show_on_public_page,omitempty" doc:"Whether customers may choose the rep on a portal's public page"`
		Locale               *string `json:"locale,omitempty" pattern:"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$" maxLength:"35" example:"es" doc:"BCP 47 language tag"`
		TimeZone             *string `json:"time_zone,omitempty" maxLength:"64" example:"Europe/Madrid" doc:"IANA time zone"`

		SpecialistsMayShareScreen *bool             `json:"specialists_may_share_screen,omitempty" doc:"Whether specialists in the rep's sessions may share their own screen"`
		Alerts                    desk.AlertsChange `json:"alerts,omitempty" doc:"What pushes tell the rep of, beside invitations; what is left out stays as it is"`
		QuietHours                *quietHoursChange `json:"quiet_hours,omitempty" doc:"When no invitations go out by email, in the rep's time zone; two empty texts: never"`
	}
}

// quietHoursChange is desk.QuietHours as given: what is left out is found missing by their own check.
type quietHoursChange struct {
	From string `json:"from,omitempty" maxLength:"5" example:"22:00" doc:"When they begin, hh:mm"`
	To   string `json:"to,omitempty" maxLength:"5" example:"07:00" doc:"When they end, hh:mm; earlier than from: on the next day"`
}

func (s *Server) updateMe(ctx context.Context, in *updateMeInput) (*Object[desk.Me], error) {
	if zone := in.Body.TimeZone; zone != nil {
		if _, err := time.LoadLocation(*zone); err != nil || *zone == "" || *zone == "Local" {
			return nil, desk.Invalid("time_zone", "unknown", "is not an IANA time zone")
		}
	}
	change := store.MeChange{Busy: in.Body.Busy, ExtendedAvailability: in.Body.ExtendedAvailability, ShowOnPublicPage: in.Body.ShowOnPublicPage, Locale: in.Body.Locale, TimeZone: in.Body.TimeZone,
		SpecialistsMayShareScreen: in.Body.SpecialistsMayShareScreen, Alerts: in.Body.Alerts, QuietHours: (*desk.QuietHours)(in.Body.QuietHours)}
	me, err := s.cfg.Store.UpdateMe(ctx, callerFrom(ctx), change, in.IfMatch.check)
	if err != nil {
		return nil, err
	}
	return object(me.Rev, me), nil
}

type changePasswordInput struct {
	Body struct {
		CurrentPassword string `json:"current_password" minLength:"1" maxLength:"200" format:"password" doc:"The password as it is"`
		NewPassword     string `json:"new_password" minLength:"8" maxLength:"200" format:"password" doc:"The password as it is to be"`
	}
}

func (s *Server) changePassword(ctx context.Context, in *changePasswordInput) (*struct{}, error) {
	return nil, s.cfg.Store.ChangePassword(ctx, callerFrom(ctx), in.Body.CurrentPassword, in.Body.NewPassword)
}
