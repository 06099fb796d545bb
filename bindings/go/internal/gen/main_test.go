package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The generated files are in the package's folder, so that it builds where the headers are not: they must follow the headers.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	include := filepath.Join("..", "..", "..", "..", "include")
	if _, err := os.Stat(filepath.Join(include, "mlxc", "mlxc.h")); err != nil {
		t.Skip("outside of the repository: ", err)
	}
	header, source, err := generate(include)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"mlxc_abi.h": header, "mlxc_dlopen.c": source} {
		if have, err := os.ReadFile(filepath.Join("..", "..", name)); err != nil || string(have) != want {
			t.Errorf("%s is not what the headers give (%v): run go generate in bindings/go", name, err)
		}
	}
}

func TestParameterNames(t *testing.T) {
	for list, want := range map[string][]string{
		"void":                               nil,
		"mlxc_model **out, const char *path": {"out", "path"},
		"void (*release)(void *user_data, int32_t why), void *user_data": {"release", "user_data"},
		"uint32_t struct_size": {"struct_size"},
	} {
		if have := parameterNames(list); !slices.Equal(have, want) {
			t.Errorf("%s: %v, expected %v", list, have, want)
		}
	}
}
