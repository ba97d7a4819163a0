//go:build !linux

package bench

import (
	"errors"
	"time"
)

var errNeedsLinux = errors.New("needs Linux, which says what a process uses")

func openFiles() (uint64, error) { return 0, errNeedsLinux }

func (*server) resident() (int64, error) { return 0, errNeedsLinux }

func (*server) processor() (time.Duration, error) { return 0, errNeedsLinux }
