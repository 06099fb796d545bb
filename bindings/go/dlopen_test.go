//go:build mlxc_dlopen

package mlxc_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"libmlxc.dev/go/mlxc"
)

// The library is opened once in a process, so what opening does is asked of a new one: this test binary, told by a variable.
func TestOpening(t *testing.T) {
	if os.Getenv("MLXC_TEST_OPENING") != "" {
		if use := os.Getenv("MLXC_TEST_USE"); use != "" {
			if err := mlxc.UseLibrary(use); err != nil {
				t.Fatal(err)
			}
		}
		_, err := mlxc.Devices()
		t.Logf("opened: %v, not found: %v, version %q: %v", err == nil, errors.Is(err, mlxc.ErrNotFound), mlxc.Version(), err)
		if err == nil && !errors.Is(mlxc.UseLibrary("/another"), mlxc.ErrBusy) {
			t.Error("the library in use could be exchanged")
		}
		return
	}
	real := os.Getenv("MLXC_LIBRARY")
	stranger := filepath.Join(t.TempDir(), "libmlxc.so.1")
	if out, err := exec.Command("sh", "-c", "echo 'int mlx_array_new(void) { return 0; }' | ${CC:-cc} -shared -fPIC -x c - -o "+stranger).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, c := range map[string]struct {
		environment, use string
		parts            []string
	}{
		"a missing file":   {"/no/such/libmlxc.so", "", []string{"opened: false", "not found: true", "/no/such/libmlxc.so", "MLXC_LIBRARY"}},
		"another library":  {stranger, "", []string{"opened: false", "another library of that name"}},
		"UseLibrary first": {"/no/such/libmlxc.so", real, []string{"opened: true", `version "`}},
	} {
		if c.use == "" && strings.Contains(name, "UseLibrary") {
			continue // MLXC_LIBRARY is not set: the system's own is in use
		}
		command := exec.Command(os.Args[0], "-test.run=^TestOpening$", "-test.v")
		command.Env = append(os.Environ(), "MLXC_TEST_OPENING=1", "MLXC_TEST_USE="+c.use, "MLXC_LIBRARY="+c.environment)
		out, err := command.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		for _, part := range c.parts {
			if !strings.Contains(string(out), part) {
				t.Errorf("%s: %q is missing in\n%s", name, part, out)
			}
		}
	}
}
