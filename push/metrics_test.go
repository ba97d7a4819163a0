package push_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/repdesk/repdesk/push"
	"github.com/repdesk/repdesk/store/desk"
)

// The alarm stands in the metrics from the first refusal of our credentials to the next send that succeeds.
func TestG8MetricsRaiseTheAlarm(t *testing.T) {
	s, registry := newScene(t), prometheus.NewRegistry()
	sender, attempts := asking()
	_, stop := s.start(push.Config{Senders: byFCM(sender), Workers: 1, Metrics: registry})
	cho, dev := s.LogInWithPush("cho", "chos-phone"), s.LogInWithPush("dev", "devs-phone")
	misconfigured := func(what string, want int) {
		t.Helper()
		expect := fmt.Sprintf("# HELP repdesk_channel_misconfigured 1 while the other side refuses our credentials or settings, so that nothing can be sent by the channel.\n"+
			"# TYPE repdesk_channel_misconfigured gauge\nrepdesk_channel_misconfigured{channel=\"fcm\"} %d\n", want)
		if err := testutil.GatherAndCompare(registry, strings.NewReader(expect), "repdesk_channel_misconfigured"); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	misconfigured("at the start", 0)
	s.invite(s.ben)
	(<-attempts).answer <- desk.Outcome{Kind: desk.OutcomeMisconfigured, Error: "not_configured"}
	s.invite(cho)
	next := <-attempts // with one worker, it starts after the outcome before it was recorded
	misconfigured("refused", 1)
	next.answer <- done
	s.invite(dev)
	next = <-attempts
	misconfigured("set right", 0)
	next.answer <- done
	stop()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if n := family.GetMetric()[0].GetHistogram().GetSampleCount(); family.GetName() == "repdesk_delivery_attempt_seconds" && n != 3 {
			t.Errorf("%d attempts were measured", n)
		}
	}
	if found, err := testutil.GatherAndLint(registry); err != nil || len(found) > 0 {
		t.Errorf("against the conventions: %v %v", found, err)
	}
}
