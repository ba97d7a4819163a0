package desk

import "net/url"

// The longest address and title of a page that is shared, in characters.
const (
	MaxPageURL   = 2000
	MaxPageTitle = 500
)

// Page is the web page that a browser-sharing session is about (E4).
type Page struct{ URL, Title string }

// Check refuses what is no page's address, and a page where no page is shared. A rep will click on the address: nothing
// but http and https belongs there, nor does somebody's password.
func (p Page) Check(kind string) *Problem {
	if p != (Page{}) && kind != KindBrowser {
		return Invalid("page_url", "not_browser", "only a browser-sharing session has a page")
	}
	if problem := CheckLine("page_title", p.Title, MaxPageTitle); problem != nil {
		return problem
	}
	if p.URL == "" {
		return nil
	}
	if problem := CheckLine("page_url", p.URL, MaxPageURL); problem != nil {
		return problem
	}
	u, err := url.Parse(p.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return Invalid("page_url", "bad_format", "must be an http or https address, without a user name")
	}
	return nil
}
