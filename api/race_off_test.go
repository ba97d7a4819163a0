//go:build !race

package api_test

const slowed = false
