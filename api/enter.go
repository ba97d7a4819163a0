package api

import (
	"context"

	"github.com/repdesk/repdesk/store"
	"github.com/repdesk/repdesk/store/desk"
)

type enterInput struct {
	Body struct {
		PortalID          string        `json:"portal_id,omitempty" maxLength:"100" example:"@main" doc:"The portal by whose page the customer comes; needed with issue_id and rep_id"`
		SessionKey        string        `json:"session_key,omitempty" maxLength:"100" example:"7km-4xq9" doc:"A key that a rep gave the customer, in any case, with spaces and hyphens as they like; the customer waits for that rep"`
		IssueID           string        `json:"issue_id,omitempty" maxLength:"100" example:"@paper-jam" doc:"An issue that the page offers; the customer waits for the team that owns it"`
		RepID             string        `json:"rep_id,omitempty" maxLength:"100" example:"@ben" doc:"A rep whom the page shows; the customer waits for that rep"`
		SupportButtonCode string        `json:"support_button_code,omitempty" maxLength:"200" example:"7K2MQ9XWD4HTBR3V" doc:"The code of a support button; spaces, hyphens and small letters do not matter"`
		HelpLinkCode      string        `json:"help_link_code,omitempty" maxLength:"200" example:"7K2MQ9XWD4HTBR3V" doc:"The code of a help link: the session is about a web page"`
		Customer          desk.Customer `json:"customer" doc:"Who is being helped"`
		PageURL           string        `json:"page_url,omitempty" maxLength:"2000" example:"https://shop.example.com/basket" doc:"With a help link: the page's address, http or https"`
		PageTitle         string        `json:"page_title,omitempty" maxLength:"500" example:"Your basket" doc:"With a help link: the page's title"`
	}
}

func (in *enterInput) entry() store.Enter {
	b := in.Body
	return store.Enter{PortalID: b.PortalID, SessionKey: b.SessionKey, IssueID: b.IssueID, RepID: b.RepID, ButtonCode: b.SupportButtonCode, LinkCode: b.HelpLinkCode,
		Customer: b.Customer, Page: desk.Page{URL: b.PageURL, Title: b.PageTitle}}
}

func (s *Server) enter(ctx context.Context, in *enterInput) (*Came, error) {
	return came(s.letIn(ctx, in.entry()))
}

// Came is the answer to a guest who came in. Their session is at get-guest-session, under the same ETag as long as it says the same.
type Came struct {
	Location string `header:"Location" doc:"Where the session is read"`
	ETag     string `header:"ETag" doc:"That of get-guest-session, for If-None-Match" example:"\"h-Zm9vYmFyYmF6cXV4Zm9v\""`
	Body     store.Entered
}

func came(entered store.Entered, err error) (*Came, error) {
	if err != nil {
		return nil, err
	}
	shown, err := content(entered.Session)
	if err != nil {
		return nil, err
	}
	return &Came{"/v1/guest/session", shown.ETag, entered}, nil
}

// letIn lets a customer in. What could be guessed goes through the attempts, which count the wrong ones. A key is good in any
// portal, so that all portals are one entrance to it.
func (s *Server) letIn(ctx context.Context, entry store.Enter) (entered store.Entered, err error) {
	entrance := entranceOf(entry)
	if entrance == "" {
		return s.cfg.Store.Enter(ctx, entry)
	}
	err = s.attempts.try(ctx, exchangeFrom(ctx).address, entrance, func() error {
		entered, err = s.cfg.Store.Enter(ctx, entry)
		return err
	})
	return entered, err
}

// entranceOf names the entrance that takes a key or a code; "" where nothing can be guessed.
func entranceOf(e store.Enter) string {
	switch {
	case e.SessionKey != "":
		return "session_key"
	case e.ButtonCode != "":
		return string(desk.SupportButton)
	case e.LinkCode != "":
		return string(desk.HelpLink)
	}
	return ""
}
