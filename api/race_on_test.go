//go:build race

package api_test

// slowed says that the race detector makes everything take several times as long.
const slowed = true
