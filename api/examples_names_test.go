package api_test

import (
	"crypto/sha512"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/repdesk/repdesk/store/desk"
	"github.com/repdesk/repdesk/store/storetest"
)

// pseudonyms are what stands for ids, tokens and whatever else is another in each run: the same in each run, by order of
// appearance, and of the same form.
type pseudonyms struct {
	given   map[string]string
	secrets []*regexp.Regexp // keys and codes
}

var (
	secretText  = regexp.MustCompile(`"(?:key|code)":"([0-9A-Z -]{6,})"`)
	tokenText   = regexp.MustCompile(`(rd[acg]_|/join/)[\w-]{43}`)
	idText      = regexp.MustCompile(`([a-z]{3,4}_)[0-9a-f]{32}`)
	requestText = regexp.MustCompile(`()request-\d{8}`)
	jwtText     = regexp.MustCompile(`(eyJ[\w-]+)\.([\w-]+)\.([\w-]+)`)
	cursorText  = regexp.MustCompile(`"next":"([\w-]+)"`)
	scopeText   = regexp.MustCompile(`"s":\d+`)
)

// unseparated is a key or code without what separates its parts for people.
var unseparated = strings.NewReplacer(" ", "", "-", "")

// in puts them into a text.
func (p *pseudonyms) in(text string) string {
	for _, found := range secretText.FindAllStringSubmatch(text, -1) {
		p.learn(found[1])
	}
	for _, secret := range p.secrets {
		text = secret.ReplaceAllStringFunc(text, p.secret)
	}
	text = p.replace(text, tokenText, func(random []byte) string { return base64.RawURLEncoding.EncodeToString(random[:32]) })
	text = p.replace(text, requestText, func(random []byte) string { return base32.StdEncoding.EncodeToString(random)[:26] })
	text = p.replace(text, idText, p.id)
	text = jwtText.ReplaceAllStringFunc(text, p.jwt)
	return cursorText.ReplaceAllStringFunc(text, func(found string) string {
		cursor := cursorText.FindStringSubmatch(found)[1]
		return strings.Replace(found, cursor, p.decoded(cursor), 1)
	})
}

// replace puts a name for each text of a form, behind the prefix that the form's first group is.
func (p *pseudonyms) replace(text string, form *regexp.Regexp, name func(random []byte) string) string {
	return form.ReplaceAllStringFunc(text, func(found string) string {
		if p.given[found] == "" {
			p.given[found] = form.FindStringSubmatch(found)[1] + name(p.random())
		}
		return p.given[found]
	})
}

// random is what looks random, and is the same in each run.
func (p *pseudonyms) random() []byte {
	sum := sha512.Sum512(fmt.Append(nil, "repdesk example ", len(p.given)))
	return sum[:]
}

// id is a UUID of version 7, of the time of the story.
func (p *pseudonyms) id(random []byte) string {
	at := storetest.NewClock().Now().Add(time.Duration(len(p.given)) * time.Second)
	id := fmt.Sprintf("%012x%s", at.UnixMilli(), hex.EncodeToString(random[:10]))
	return id[:12] + "7" + id[13:16] + "8" + id[17:]
}

// learn takes in a key or code, which stands in addresses and emails too, with and without what separates its parts.
func (p *pseudonyms) learn(secret string) {
	secret = unseparated.Replace(secret)
	if p.given[secret] != "" {
		return
	}
	alphabet := desk.SessionKeyAlphabet // which all but numbers are made of
	if strings.Trim(secret, desk.CodeAlphabet) == "" {
		alphabet = desk.CodeAlphabet
	}
	name := p.random()[:len(secret)]
	for i, b := range name {
		name[i] = alphabet[int(b)%len(alphabet)]
	}
	p.given[secret] = string(name)
	p.secrets = append(p.secrets, regexp.MustCompile(strings.Join(strings.Split(secret, ""), "[ -]?")))
}

// secret is what stands for a key or code, its parts separated as they are.
func (p *pseudonyms) secret(found string) string {
	name := p.given[unseparated.Replace(found)]
	return strings.Map(func(r rune) (stands rune) {
		if r == ' ' || r == '-' {
			return r
		}
		stands, name = rune(name[0]), name[1:]
		return stands
	}, found)
}

// jwt is a token that says the same, and that nobody signed.
func (p *pseudonyms) jwt(token string) string {
	parts := jwtText.FindStringSubmatch(token)
	signature := base64.RawURLEncoding.EncodeToString(p.random())
	return p.decoded(parts[1]) + "." + p.decoded(parts[2]) + "." + signature
}

// decoded puts names into JSON that stands in base64.
func (p *pseudonyms) decoded(text string) string {
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return text
	}
	plain = scopeText.ReplaceAll(plain, []byte(`"s":4711`))
	return base64.RawURLEncoding.EncodeToString([]byte(p.in(string(plain))))
}
