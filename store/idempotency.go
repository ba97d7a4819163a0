package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/repdesk/repdesk/store/desk"
)

// KeptFor is how long the answer to an Idempotency-Key is kept (I5).
const KeptFor = 24 * time.Hour

// Idempotency is a request's Idempotency-Key with what it is bound to. The store keeps the answer in the transaction
// that makes the change, so that there is never one without the other.
type Idempotency struct {
	Caller    string // who asks: an API token's id, a rep's, a guest's, or "public"
	Operation string // method and path
	Key       string
	Body      []byte
	Replayed  bool // set when the answer is a kept one
}

type idempotencyContextKey struct{}

// WithIdempotency makes the next write done with the context keep its answer, or give the kept one.
func WithIdempotency(ctx context.Context, idem *Idempotency) context.Context {
	return context.WithValue(ctx, idempotencyContextKey{}, idem)
}

func idempotencyFrom(ctx context.Context) *Idempotency {
	idem, _ := ctx.Value(idempotencyContextKey{}).(*Idempotency)
	return idem
}

// keptAnswer is what is sealed: the result of the write, or its refusal.
type keptAnswer struct {
	Result  json.RawMessage `json:"result,omitempty"`
	Refusal *desk.Problem   `json:"refusal,omitempty"`
}

// keepsRefusal says which refusals a repetition gets again: those decided inside the operation. What may be different
// the next time (401, 429, 5xx) and what names a fault of the request itself (422 of validation) is not kept.
func keepsRefusal(p *desk.Problem) bool {
	switch status := p.Code.Info().Status; {
	case status == 401 || status == 429 || status >= 499:
		return false
	}
	return p.Code != desk.ValidationFailed && p.Code != desk.IdempotencyKeyReused
}

// keeping runs fn, or answers what was kept for the same key and body. Without a key it only runs fn.
func keeping[T any](t *tx, idem *Idempotency, fn func(*tx) (T, error)) (T, error) {
	if idem == nil {
		return fn(t)
	}
	var result T
	idem.Replayed = false
	kept, err := t.keptFor(idem)
	switch {
	case err != nil:
		return result, err
	case kept != nil:
		return replay[T](idem, kept)
	}
	if result, err = fn(t); err != nil {
		return result, err
	}
	answer, err := json.Marshal(result)
	if err != nil {
		return result, err
	}
	return result, t.keepAnswer(idem, keptAnswer{Result: answer})
}

func replay[T any](idem *Idempotency, kept *keptAnswer) (result T, err error) {
	idem.Replayed = true
	if kept.Refusal != nil {
		return result, kept.Refusal
	}
	return result, json.Unmarshal(kept.Result, &result)
}

// keepRefusal keeps a refusal after its transaction was undone. Whoever was faster with the same key is left alone. Where it cannot
// be kept, the client is told so in its place: a repetition could get another answer.
func (s *Store) keepRefusal(ctx context.Context, idem *Idempotency, refusal *desk.Problem) error {
	if idem.Replayed {
		return refusal
	}
	err := s.engine.write(ctx, s, func(t *tx) error {
		if kept, err := t.keptFor(idem); err != nil || kept != nil {
			return err
		}
		return t.keepAnswer(idem, keptAnswer{Refusal: refusal})
	})
	if err != nil {
		return err
	}
	return refusal
}

// keptFor is the answer kept for the key; nil: the key is new. A second request with the key that comes meanwhile waits here,
// until the first one is decided. It changes nothing: a refusal that follows leaves the transaction as it was.
func (t *tx) keptFor(idem *Idempotency) (*keptAnswer, error) {
	id := idem.id()
	if turns := t.store.dialect.turns; turns != "" {
		if _, err := t.exists(turns, id); err != nil {
			return nil, err
		}
	}
	var bodyMAC, sealed string
	found, err := t.row(`SELECT body_mac, answer FROM idempotency WHERE id = $1 AND created_at > $2`, []any{id, ms(t.now.Add(-KeptFor))}, &bodyMAC, &sealed)
	if err != nil || !found {
		return nil, err
	}
	if !hmac.Equal([]byte(bodyMAC), []byte(idem.bodyMAC())) {
		return nil, desk.Refuse(desk.IdempotencyKeyReused, "The same Idempotency-Key came with another body.")
	}
	plain, err := idem.open(sealed)
	if err != nil {
		return nil, err
	}
	kept := &keptAnswer{}
	return kept, json.Unmarshal(plain, kept)
}

func (t *tx) keepAnswer(idem *Idempotency, answer keptAnswer) error {
	plain, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO idempotency (id, body_mac, answer, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET body_mac = $2, answer = $3, created_at = $4`, idem.id(), idem.bodyMAC(), idem.seal(plain), ms(t.now))
	return err
}

// derive makes keys for different uses from the Idempotency-Key, which is itself kept nowhere.
func (i *Idempotency) derive(use string) []byte {
	key, err := hkdf.Key(sha256.New, []byte(i.Key), nil, "repdesk idempotency "+use, 32)
	if err != nil { // only for lengths over 255 hashes
		panic(err)
	}
	return key
}

func (i *Idempotency) mac(use string, data []byte) string {
	mac := hmac.New(sha256.New, i.derive(use))
	mac.Write(data)
	return hex.EncodeToString(mac.Sum(nil))
}

func (i *Idempotency) id() string { return i.mac("id", []byte(i.Caller+"\n"+i.Operation)) }

func (i *Idempotency) bodyMAC() string { return i.mac("body", i.Body) }

func (i *Idempotency) cipher() cipher.AEAD {
	block, err := aes.NewCipher(i.derive("seal"))
	if err != nil { // only for wrong key lengths
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func (i *Idempotency) seal(plain []byte) string {
	return base64.StdEncoding.EncodeToString(i.cipher().Seal(nil, nil, plain, []byte(i.id())))
}

func (i *Idempotency) open(sealed string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return nil, fmt.Errorf("read kept answer: %w", err)
	}
	return i.cipher().Open(nil, nil, data, []byte(i.id()))
}
