package store_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/repdesk/repdesk/store/storetest"
)

func TestMain(m *testing.M) {
	code := storetest.Main(m)
	if err := checkPlans(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func ctx() context.Context { return context.Background() }
