package desk

import "encoding/json"

// PushVersion is raised when a client could misread what a push says.
const PushVersion = "1"

// PushType is what a push tells: a purpose that goes by FCM.
type PushType string

const (
	PushInvitation = PushType(PurposeInvitation)
	PushTransfer   = PushType(PurposeTransfer)
	PushQueue      = PushType(PurposeQueue)
	PushChat       = PushType(PurposeMessage) // unread chat; PushMessage is any push whole
	PushSession    = PushType(PurposeSession)
	PushWithdrawal = PushType(PurposeWithdrawal)
	PushSignedOut  = PushType(PurposeSignedOut)
	PushTest       = PushType(PurposeTest)
)

// PushMessage is what the app on a device gets of a push: the data of an FCM message, which knows strings alone. It says nothing
// about the customer (G1). What a type does not carry is left out.
type PushMessage struct {
	V          string   `json:"v" doc:"Version of the payload; a message of another version is ignored" example:"1"`
	Type       PushType `json:"type" doc:"What it tells; of a type that it does not know a client shows nothing" values:"PushType"`
	Key        string   `json:"key" doc:"What the notification stands for, and its tag on the device: the id of the invitation, transfer, queue entry or console; of a session's chat and state its id with .chat and .state; test" example:"inv_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Rev        string   `json:"rev" doc:"Revision of what key names, a whole number: a message is ignored whose rev is not above the one kept for its key" example:"3"`
	ServerID   string   `json:"server_id" doc:"The desk that it comes from" example:"srv_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	RepID      string   `json:"rep_id" doc:"The rep that it is for" example:"rep_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	DeliveryID string   `json:"delivery_id" doc:"What to acknowledge by ack-delivery" example:"dlv_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	SentAt     string   `json:"sent_at" format:"date-time" doc:"When it was sent" example:"2026-03-02T09:00:00Z"`
	Badge      string   `json:"badge" doc:"How many active invitations the rep may accept, a whole number" example:"2"`
	Title      string   `json:"title" doc:"What to show, in the console's language" example:"Ana Ruiz invites you to a session"`
	Body       string   `json:"body" doc:"What to show below the title" example:"Paper jam: Could you look at the tray with me?"`

	InvitationID string          `json:"invitation_id,omitempty" doc:"Of invitation: its id" example:"inv_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	TransferID   string          `json:"transfer_id,omitempty" doc:"Of transfer: its id" example:"trf_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	QueueEntryID string          `json:"queue_entry_id,omitempty" doc:"Of queue: the entry's id" example:"qen_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	ConsoleID    string          `json:"console_id,omitempty" doc:"Of signed_out: the console whose log-in was ended" example:"con_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	SessionID    string          `json:"session_id,omitempty" doc:"Of invitation, transfer, queue, message and session: the session" example:"ses_0192d3f4a5b67c8d9e0f1a2b3c4d5e6f"`
	Kind         InvitationKind  `json:"kind,omitempty" doc:"Of invitation: whom it is for" values:"InvitationKind"`
	Inviter      string          `json:"inviter,omitempty" doc:"Of invitation: the name of who invites" example:"Ana Ruiz"`
	Sender       string          `json:"sender,omitempty" doc:"Of transfer: the name of who offers it" example:"Ana Ruiz"`
	Target       string          `json:"target,omitempty" doc:"Of invitation and transfer: the name of the rep, team or portal that it is for" example:"Printers"`
	QueueID      string          `json:"queue_id,omitempty" doc:"Of queue: personal, or a team's id" example:"personal"`
	Queue        string          `json:"queue,omitempty" doc:"Of queue: its name" example:"Your queue"`
	Issue        string          `json:"issue,omitempty" doc:"Of invitation, transfer, queue and message: the title of the issue, where there is one" example:"Paper jam"`
	Comment      string          `json:"comment,omitempty" doc:"Of invitation and transfer: what the sender says, where they said anything" example:"Could you look at the tray with me?"`
	Access       Access          `json:"access,omitempty" doc:"Of invitation: what the rep may do on the shared screen" values:"Access"`
	Masked       string          `json:"masked,omitempty" doc:"Of invitation: true if the rep joins hidden from the customer, else false" example:"false"`
	Count        string          `json:"count,omitempty" doc:"Of message: how many messages of the session's chat the rep has not read, a whole number" example:"3"`
	AuthorRole   AttendeeRole    `json:"author_role,omitempty" doc:"Of message: who wrote the last of them" values:"AttendeeRole"`
	Ends         PushType        `json:"ends,omitempty" doc:"Of withdrawal: the type that it ends" values:"PushType"`
	State        InvitationState `json:"state,omitempty" doc:"Of withdrawal: what it has become" values:"InvitationState"`
	Reason       string          `json:"reason,omitempty" doc:"Of queue: whether it entered, is overdue, or returned. Of session: what happened to it. Of signed_out: what ended the log-in. Of withdrawal: why it is over" values:"PushReason"`
	By           string          `json:"by,omitempty" doc:"Of withdrawal: the name of who ended it, if a person did" example:"Ben Okafor"`
}

// Data is the message as FCM takes it, each field under its name in the contract.
func (m PushMessage) Data() map[string]string {
	data := map[string]string{}
	text, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(text, &data)
	}
	if err != nil {
		panic(err) // a struct of strings always is a map of strings
	}
	return data
}
