package desk

import "time"

const (
	// ConnectedFor is how long a request keeps a console connected.
	ConnectedFor = 60 * time.Second
	// PresenceGrace is added to it, so that presence does not flap and contacts may be written in batches: what is
	// stored of a console's last contact is never older than this.
	PresenceGrace = 20 * time.Second
	// ReachableFor is how long a console with a working push target stays logged in after its last contact.
	ReachableFor = 12 * time.Hour
	// TokenUnusedFor is how long a console's token lives without use.
	TokenUnusedFor = 60 * 24 * time.Hour
	// ConsoleForgottenAfter is how long a console is kept that is not seen: FCM takes a registration that was not used for as
	// long for dead (firebase.google.com/docs/cloud-messaging/manage-tokens).
	ConsoleForgottenAfter = 270 * 24 * time.Hour
)

// SignedOut says why a console's log-in was ended from elsewhere, which its device is told (G10).
type SignedOut string

const (
	SignedOutHere     SignedOut = ""                 // by the device itself, which knows
	SignedOutLogOut   SignedOut = "logged_out"       // by the rep, on another console
	SignedOutRevoked  SignedOut = "revoked"          // by an administrator
	SignedOutPassword SignedOut = "password_changed" // by the rep or an administrator
	SignedOutDisabled SignedOut = "account_disabled"
)

// LoggedInUntil says until when a console that was last seen at seen keeps its rep logged in.
func LoggedInUntil(seen time.Time, pushTarget bool) time.Time {
	if pushTarget {
		return seen.Add(ReachableFor)
	}
	return seen.Add(ConnectedFor + PresenceGrace)
}

// Device is what a console says of the installation it runs on. In a change, nil leaves a field as it is.
type Device struct {
	Platform      *string `json:"platform,omitempty" enum:"android,ios,web,script" doc:"What kind of client it is"`
	DeviceID      *string `json:"device_id,omitempty" maxLength:"100" doc:"A random UUID per installation; registering it again replaces the earlier log-in on it" example:"2f1c7a52-5f4e-4f0e-9a38-0a4a5b1c2d3e"`
	Name          *string `json:"name,omitempty" maxLength:"200" doc:"What the user calls the device" example:"Ana's Pixel"`
	AppVersion    *string `json:"app_version,omitempty" maxLength:"100" example:"1.4.0" doc:"The client's version"`
	OSVersion     *string `json:"os_version,omitempty" maxLength:"100" example:"Android 16" doc:"The operating system's version"`
	Locale        *string `json:"locale,omitempty" maxLength:"35" example:"en" doc:"BCP 47 language tag of the texts that this console shows"`
	Notifications *string `json:"notifications,omitempty" enum:"allowed,denied" doc:"Whether the user lets the app notify"`
	PushKind      *string `json:"push_kind,omitempty" enum:"fcm_token,fcm_fid" doc:"What push_target is: an FCM registration token or a Firebase installation id"`
	PushTarget    *string `json:"push_target,omitempty" maxLength:"2048" pattern:"^[!-~]*$" doc:"Where pushes go; a secret that no answer shows. An empty text removes it"`
}

// Check refuses texts that no list or message should carry. The fields are named as the request has them: within, say,
// "device.".
func (d Device) Check(within string) *Problem {
	for _, text := range []struct {
		field string
		value *string
		max   int
	}{{"device_id", d.DeviceID, 100}, {"name", d.Name, MaxName}, {"app_version", d.AppVersion, 100}, {"os_version", d.OSVersion, 100},
		{"locale", d.Locale, 35}, {"push_target", d.PushTarget, 2048}} {
		if text.value == nil {
			continue
		}
		if p := CheckLine(within+text.field, *text.value, text.max); p != nil {
			return p
		}
	}
	return nil
}

// Console is one installation of a client that a rep is logged in on.
type Console struct {
	ID            string    `json:"id" doc:"Opaque id" example:"con_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev           int64     `json:"rev" doc:"Grows with each change of this object"`
	RepID         string    `json:"rep_id" doc:"Whose it is"`
	Platform      string    `json:"platform" doc:"What kind of client it is" values:"Platform"`
	DeviceID      string    `json:"device_id,omitempty" doc:"The installation's own id"`
	Name          string    `json:"name,omitempty" doc:"What the user calls the device"`
	AppVersion    string    `json:"app_version,omitempty" doc:"The client's version"`
	OSVersion     string    `json:"os_version,omitempty" doc:"The operating system's version"`
	Locale        string    `json:"locale,omitempty" doc:"BCP 47 language tag"`
	Notifications string    `json:"notifications,omitempty" doc:"Whether the user lets the app notify" values:"NotificationPermission"`
	PushKind      string    `json:"push_kind,omitempty" doc:"The kind of its push target; absent without one" values:"PushKind"`
	Portal        *Ref      `json:"portal,omitempty" doc:"The portal it is logged in under"`
	Connected     bool      `json:"connected" doc:"Whether it is connected now"`
	Current       bool      `json:"current" doc:"Whether it is the console that asks"`
	CreatedAt     time.Time `json:"created_at" doc:"When it logged in"`
	SeenAt        time.Time `json:"seen_at" doc:"Its last contact, to within 20 seconds"`
}
