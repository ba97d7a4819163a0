package desk

import (
	"strings"
	"testing"
)

func TestE4WhatIsAPage(t *testing.T) {
	long := "https://shop.example.com/" + strings.Repeat("ä", MaxPageURL-len("https://shop.example.com/"))
	for _, url := range []string{"", "https://shop.example.com", "http://10.0.0.1:8080/a?b=c#d", "HTTPS://shop.example.com/ñ", "https://[2001:db8::1]/", long} {
		if p := (Page{URL: url, Title: "Your basket 🧺"}).Check(KindBrowser); p != nil {
			t.Errorf("%.60q: %v %+v", url, p, p.Errors)
		}
	}
	for _, url := range []string{"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://a.example", "//a.example", "shop.example.com", "https://", "https:///x", "https://:80/",
		"https://jo:secret@shop.example.com/", "https://shop.example.com/\r\nX: y", "https://a b.example/", " https://shop.example.com", "java\tscript:alert(1)", long + "ä", "https://a\x00.example"} {
		if p := (Page{URL: url}).Check(KindBrowser); p == nil || p.Errors[0].Field != "page_url" {
			t.Errorf("%.60q was taken", url)
		}
	}
	for _, title := range []string{strings.Repeat("x", MaxPageTitle+1), "a\nb", "a\x00b", "\xff"} {
		if p := (Page{Title: title}).Check(KindBrowser); p == nil || p.Errors[0].Field != "page_title" {
			t.Errorf("%.60q was taken", title)
		}
	}
	if (Page{URL: "https://a.example"}).Check(KindSupport) == nil || (Page{Title: "A"}).Check(KindSupport) == nil || (Page{}).Check(KindSupport) != nil {
		t.Error("a page belongs to browser-sharing sessions alone")
	}
}
