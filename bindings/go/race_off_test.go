//go:build !race

package mlxc_test

const raceEnabled = false
