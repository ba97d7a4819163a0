package browsertest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
)

// axe-core looks for what keeps people from using a page. It comes as its publisher packed it, is kept beside what other
// programs cache, and is no part of this program.
const (
	axeVersion = "4.11.0"
	axeSum     = "39bed7d72308f6d620789c169d699bfd7e8da80f65b545821a6b2215c3e83107" // SHA-256 of the packed file
	axeFile    = "axe-core-" + axeVersion + ".tgz"
)

// Violation is what axe-core finds wrong.
type Violation struct {
	ID      string   `json:"id"`     // of the rule
	Impact  string   `json:"impact"` // minor, moderate, serious or critical
	Help    string   `json:"help"`
	Targets []string `json:"targets"` // selectors of where it is, at most ten
}

func (v Violation) String() string {
	return fmt.Sprintf("%s (%s): %s: %s", v.ID, v.Impact, v.Help, strings.Join(v.Targets, ", "))
}

// Accessible lets axe-core look at the page, and fails the test for each violation that is serious or critical. Frames
// are not looked into. Where axe-core is not to be had, the test says so and goes on; it fails where CI is set.
func (p *Page) Accessible() {
	p.t.Helper()
	for _, v := range p.violations() {
		if slices.Contains([]string{"serious", "critical"}, v.Impact) {
			p.t.Errorf("%s", v)
		}
	}
}

// axeRun fetches no style sheets anew: pages that may ask for nothing would complain.
const axeRun = `axe.run(document, {resultTypes: ["violations"], iframes: false, preload: false}).then((all) => all.violations.map((v) =>
  ({id: v.id, impact: v.impact, help: v.help, targets: v.nodes.slice(0, 10).map((n) => n.target.join(" "))})))`

func (p *Page) violations() []Violation {
	p.t.Helper()
	source, err := axe()
	if err != nil && os.Getenv("CI") != "" {
		p.t.Fatalf("axe-core is needed in CI: %v", err)
	}
	if err != nil {
		p.t.Logf("nobody looks for what keeps people from using the page: %v", err)
		return nil
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	err = chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](source))
	var found []Violation
	if err == nil {
		found, err = chromedp.Run(ctx, chromedp.Evaluate[[]Violation](axeRun, chromedp.EvalAwaitPromise))
	}
	if err != nil {
		p.t.Fatalf("axe-core: %v", err)
	}
	return found
}

// axe is its source. npm fetches it once for all tests of this machine.
var axe = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	folder := filepath.Join(cache, "repdesk-tests")
	packed, err := axePacked(filepath.Join(folder, axeFile))
	if err != nil {
		packed, err = fetchAxe(folder)
	}
	if err != nil {
		return "", err
	}
	return unpack(packed, "package/axe.min.js")
})

// axePacked reads the packed file, if it is the right one.
func axePacked(path string) ([]byte, error) {
	packed, err := os.ReadFile(path)
	if sum := fmt.Sprintf("%x", sha256.Sum256(packed)); err == nil && sum != axeSum {
		return nil, fmt.Errorf("%s has SHA-256 %s, want %s", path, sum, axeSum)
	}
	return packed, err
}

// fetchAxe works in a folder of its own, for other tests may do the same at this moment.
func fetchAxe(folder string) ([]byte, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return nil, errors.New("no npm on this machine that could fetch axe-core: install it, as .ci/run does by apt")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	own, err := os.MkdirTemp(folder, "fetch-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(own)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if said, err := exec.CommandContext(ctx, npm, "pack", "--ignore-scripts", "--pack-destination", own, "axe-core@"+axeVersion).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm pack: %w: %s", err, said)
	}
	path := filepath.Join(own, axeFile)
	packed, err := axePacked(path)
	if err != nil {
		return nil, err
	}
	return packed, os.Rename(path, filepath.Join(folder, axeFile))
}

func unpack(packed []byte, name string) (string, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", err
	}
	for files := tar.NewReader(unzipped); ; {
		file, err := files.Next()
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		if file.Name == name {
			text, err := io.ReadAll(files)
			return string(text), err
		}
	}
}
