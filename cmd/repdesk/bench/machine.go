package bench

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/repdesk/repdesk/store"
)

// Machine says on what was measured: figures of two machines are not to be compared.
type Machine struct {
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	OS       string `json:"os"`
	Go       string `json:"go"`
	Database string `json:"database"`
	Version  string `json:"repdesk"`
	Date     string `json:"date"`
}

func (b *bench) machine(ctx context.Context) (Machine, error) {
	found, err := store.Inspect(ctx, b.Database)
	return Machine{CPU: processorName(), Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Database: found.Engine,
		Version: b.Version, Date: time.Now().UTC().Format(time.RFC3339)}, err
}

// processorName is what Linux calls the processor; elsewhere its architecture has to do.
func processorName() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// String is the heading of the table.
func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s, %s\nrepdesk %s on %s, %s", m.CPU, m.Cores, m.OS, m.Go, m.Version, m.Database, m.Date)
}
