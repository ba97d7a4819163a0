package push

import (
	"context"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"github.com/repdesk/repdesk/push/pushtest"
	"github.com/repdesk/repdesk/store/desk"
)

// Texts of any length and of any characters: FCM and APNs never refuse the push for its length, and each text is whole, or
// cut at the end of a character as people see it.
func TestG1LongTextsAreCutAndNeverRefused(t *testing.T) {
	server := pushtest.NewFCM(t)
	fcm := newFCM(t, FCMConfig{Endpoint: server.URL})
	characters := []string{"🖨", family, "印", "e\u0301", `"`, `\`, "/", "<", "\u2028", "\u00a0", "a", " ", "🇪🇸", "\u200b"}
	text := rapid.Custom(func(r *rapid.T) string {
		some := rapid.SliceOfN(rapid.SampledFrom(characters), 1, 4).Draw(r, "characters")
		return strings.Repeat(strings.Join(some, ""), rapid.IntRange(0, 600).Draw(r, "times"))
	})
	rapid.Check(t, func(r *rapid.T) {
		jobs := wordy(text.Draw(r, "comment"), rapid.SampledFrom([]int{1, 60, 400}).Draw(r, "names"))
		purposes := []string{"invitation", "transfer", "session", "withdrawal"}
		job := jobs[rapid.SampledFrom(purposes).Draw(r, "purpose")]
		job.Platform = rapid.SampledFrom([]string{"android", "ios"}).Draw(r, "platform")
		job.Invitation.Inviter.Name = text.Draw(r, "inviter")
		if got := fcm.Send(context.Background(), job); got != done {
			r.Fatalf("outcome %+v", got)
		}
		whole, cut := fcmWithin(job, noon, 1<<20).Data, fcmMessage(job, noon).Data
		for key, text := range cut {
			if text != whole[key] && !endsAtCharacter(text, whole[key]) {
				r.Errorf("%s: %q is cut to %q", key, whole[key], text)
			}
		}
	})
}

// endsAtCharacter says whether a text was cut from a whole one as it should be. Spaces before the cut go too.
func endsAtCharacter(text, whole string) bool {
	left, cut := strings.CutSuffix(text, "…")
	if !cut || !strings.HasPrefix(whole, left) {
		return text == ""
	}
	end := 0
	for characters := uniseg.NewGraphemes(whole); end < len(left) && characters.Next(); {
		_, end = characters.Positions()
	}
	return end == len(left)
}

// A push of exactly 4096 bytes goes whole; one byte more, and the text is cut.
func TestG1TheLastByteOfAPayloadIsUsed(t *testing.T) {
	server := pushtest.NewFCM(t)
	fcm := newFCM(t, FCMConfig{Endpoint: server.URL})
	for _, platform := range []string{"android", "ios"} {
		job := with(func(j *desk.Job) { j.Platform = platform })
		fits := func(comment string) bool {
			job.Invitation.Comment = comment
			return payloadSize(fcmWithin(job, noon, 1<<20)) <= maxPayload
		}
		comment := "x"
		for _, more := range []string{"🖨🖨🖨🖨🖨🖨🖨🖨", "🖨", "x"} {
			for fits(comment + more) {
				comment += more
			}
		}
		for more, want := range map[string]bool{"": true, "x": false} {
			job.Invitation.Comment = comment + more
			if got := fcm.Send(t.Context(), job); got != done {
				t.Errorf("%s: outcome %+v", platform, got)
			}
			if whole := server.Next().Data["body"] == "Paper jam: "+job.Invitation.Comment; whole != want { // the longest text is cut first
				t.Errorf("%s: %d bytes more: whole %t, want %t", platform, len(more), whole, want)
			}
		}
	}
}
