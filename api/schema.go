package api

import (
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// schemaAbouts say what the schemas of the contract are. Bodies of requests and pages of lists say so by themselves.
var schemaAbouts = map[string]string{
	"APIToken":             "What a program calls with, as administrators see it: never with the token's own text",
	"AcceptedInvitation":   "The answer to accepting an invitation",
	"Alerts":               "What pushes tell a rep of, beside invitations, which always come",
	"AlertsChange":         "What a rep changes of their alerts; what is left out stays as it is",
	"Attendee":             "Somebody who is in a session, or was: its customer, its owner, a further rep, or a specialist",
	"Conflict":             "The thing that stands in the way of a request",
	"Console":              "One installation of a client on which a rep is logged in",
	"Customer":             "Who is being helped",
	"Delivery":             "One message to one device or address, and how far it came",
	"Device":               "What a client says of the installation that it runs on",
	"EnteredSession":       "The answer to a customer or specialist who was let in",
	"Entrance":             "A support button or a help link: a fixed code by which customers come in, as administrators see it",
	"EntranceEntry":        "A support button or a help link in an organisation file",
	"EntranceUpdate":       "What is to change of a support button or a help link; what is left out stays as it is",
	"Event":                "One thing that happened, as one reader may see it: with the one object that its type names, whole",
	"EventLog":             "One reading of the event log",
	"FieldError":           "What is wrong with one field or parameter",
	"ImportReport":         "What an organisation file changed, or would change",
	"ImportedEntry":        "One thing that an organisation file made or changed",
	"Invitation":           "An offer to join a session, to one rep or to whoever of many comes first",
	"InvitationLink":       "What an email's link leads to",
	"InvitationSession":    "What an invitation says of its session; title and issue are left out for whoever may not see the session any more",
	"Issue":                "A kind of problem, which one team owns",
	"IssueEntry":           "An issue in an organisation file",
	"IssuedAPIToken":       "The answer to making an API token, with its text, which is shown this once",
	"JoinGrant":            "What lets an attendee onto the shared screen, for a minute",
	"JoinOffer":            "What a specialist's code or link leads to, as the specialist sees it before joining",
	"Limits":               "Bounds that clients want to know before they run into them",
	"LoggedIn":             "The answer to a log-in, with the console's token, which is shown this once",
	"Me":                   "A rep as they see themselves",
	"Member":               "A rep's place in a team, as the team's list shows it",
	"Membership":           "A rep's place in a team, as the rep's account shows it",
	"Message":              "One message of a session's chat. It never changes",
	"NewEntrance":          "A support button or a help link that is to be made",
	"NextEntry":            "What a rep took from the queues of their teams",
	"Note":                 "What a rep left on a session for other reps; it stays after the end, and guests never see it",
	"Organization":         "An organisation file. What it does not name stays as it is; what it names it describes whole",
	"Portal":               "An entrance for customers, which may stand below another and inherit its settings",
	"PortalEntry":          "A portal in an organisation file",
	"PortalSettings":       "How sessions that come by a portal go; what is left out is inherited from the portal above",
	"Preferences":          "How a rep wants queues shown, on every console",
	"Problem":              "A refusal or a fault (RFC 9457). Programs decide by its code; the texts are for developers",
	"PublicIssue":          "An issue, as customers choose it on a portal's page",
	"PublicPortal":         "What a portal's page shows to everybody",
	"PushMessage":          "What the app on a device gets of a push: the data of an FCM message, all of it texts. It says nothing about the customer",
	"Queue":                "A rep's own queue or that of a team, as one rep sees it",
	"QueueEntry":           "A session or an invitation that stands in a queue",
	"QuietHours":           "The part of the day in which no invitations go out by email, in the rep's time zone. It may go over midnight",
	"QuietHoursChange":     "What quiet hours are to be; both left out or empty: there are none",
	"Ref":                  "The name of a thing that another thing's answer speaks of",
	"Rep":                  "An account, as administrators see it; its teams are also those out of use",
	"RepEntry":             "An account in an organisation file",
	"RepPresence":          "Whether a rep can be reached, as colleagues see it",
	"Seats":                "How many may still come into a session",
	"ServerInfo":           "What the server says of itself",
	"Session":              "One piece of support for one customer, from the first wait to the end",
	"SessionKey":           "A key that lets one customer in, who then waits for the rep who made it",
	"SettingSource":        "Where a setting of a portal comes from",
	"ShareOptions":         "All that the Share menu of a session shows",
	"SharePortal":          "A portal in the Share menu",
	"ShareRep":             "A rep in the Share menu",
	"ShareTeam":            "A team, or an embassy, in the Share menu",
	"Snapshot":             "What a console shows when it starts, as all of it stood at one moment",
	"SpecialistEmail":      "What an email to a specialist says",
	"SpecialistInvitation": "A code and a link that let people without an account into one session, as the session's owner sees it",
	"StartedSession":       "The answer to starting a session, with the customer's token, which is shown this once",
	"StreamClosing":        "Says on a stream why the server closes it",
	"StreamReady":          "Says on a stream that everything missed has been told",
	"StreamReset":          "Says on a stream that everything has to be loaded anew; the stream then closes",
	"Team":                 "A team, as the directory shows it; its settings are shown to administrators",
	"TeamChat":             "The chat of a team, as one rep stands to it",
	"TeamEntry":            "A team in an organisation file",
	"TeamMessage":          "One message of a team's chat. It never changes",
	"TeamPlace":            "A rep's place in a team, as an account is to have it",
	"Transfer":             "An offer to own a session, shown in it while it is pending",
	"WaitingRule":          "What becomes of a session that waits too long in a team's queue",
	"WaitingRuleChange":    "What a team's waiting rule is to be",
	"WaitingRuleEntry":     "A team's waiting rule in an organisation file",
}

// idPrefixes are those of ids in fields and parameters of these names.
var idPrefixes = map[string]string{
	"api_token_id": "tok_", "attendee_id": "att_", "author_rep_id": "rep_", "console_id": "con_", "delivery_id": "dlv_", "invitation_id": "inv_", "message_id": "msg_", "parent_id": "prt_",
	"rep_id": "rep_", "session_id": "ses_", "session_key_id": "key_", "specialist_invitation_id": "spi_", "team_id": "team_", "transfer_id": "trf_",
}

// showValue gives an id or a time an example, where it has none.
func showValue(name string, schema *huma.Schema) {
	switch {
	case len(schema.Examples) > 0:
	case schema.Format == "date-time":
		schema.Examples = []any{"2026-03-02T09:00:00Z"}
	case idPrefixes[name] != "":
		schema.Examples = []any{idPrefixes[name] + "0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"}
	}
}

// describeSchemas says of each schema what it is, and shows what ids and times look like.
func describeSchemas(doc *huma.OpenAPI) {
	schemas := doc.Components.Schemas.Map()
	for name, schema := range schemas {
		schema.Description = schemaAbouts[name]
		for field, property := range schema.Properties {
			showValue(field, property)
		}
		if things, ok := strings.CutSuffix(name, "Page"); ok && schemas[things] != nil {
			schema.Description = fmt.Sprintf("One page of a list of `%s`", things)
		}
	}
	for _, item := range doc.Paths {
		for _, op := range operations(item) {
			for _, parameter := range op.Parameters {
				showValue(parameter.Name, parameter.Schema)
			}
			if schema := bodySchema(doc, op); schema != nil && schema.Description == "" {
				schema.Description = fmt.Sprintf("The body of `%s`: %s", op.OperationID, op.Summary)
			}
		}
	}
}

// bodySchema is that of a request's JSON body; nil without one.
func bodySchema(doc *huma.OpenAPI, op *huma.Operation) *huma.Schema {
	if op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil {
		return nil
	}
	return doc.Components.Schemas.SchemaFromRef(op.RequestBody.Content["application/json"].Schema.Ref)
}
