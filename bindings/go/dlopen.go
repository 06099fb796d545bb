//go:build mlxc_dlopen

package mlxc

/*
#cgo CFLAGS: -DMLXC_GO_DLOPEN
#cgo LDFLAGS: -ldl
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"
)

const libraryName = "libmlxc.so.1"

var library struct {
	sync.Mutex
	chosen string // by UseLibrary
	opened string
}

func useLibrary(path string) error {
	library.Lock()
	defer library.Unlock()
	if library.opened != "" {
		return &Error{Op: "UseLibrary", Status: StatusBusy, Message: "the library is in use already: " + library.opened}
	}
	library.chosen = path
	return nil
}

// libraryCandidates lists what to try; a file that was named is tried alone.
func libraryCandidates() []string {
	if library.chosen != "" {
		return []string{library.chosen}
	}
	if path := os.Getenv("MLXC_LIBRARY"); path != "" {
		return []string{path}
	}
	var candidates []string
	if program, err := os.Executable(); err == nil {
		if path := filepath.Join(filepath.Dir(program), libraryName); fileExists(path) {
			candidates = append(candidates, path)
		}
	}
	return append(candidates, libraryName)
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func openLibrary() error {
	library.Lock()
	defer library.Unlock()
	if library.opened != "" {
		return nil
	}
	var tried []string
	for _, path := range libraryCandidates() {
		text := C.CString(path)
		var reason [512]C.char
		ok := C.mlxc_go_open(text, &reason[0], C.size_t(len(reason)))
		C.free(unsafe.Pointer(text))
		if ok != 0 {
			library.opened = path
			return nil
		}
		tried = append(tried, path+" ("+C.GoString(&reason[0])+")")
	}
	return &Error{Op: "open the library", Status: StatusNotFound,
		Message: "tried " + strings.Join(tried, ", ") + "; set MLXC_LIBRARY to the file, or install libmlxc where the system looks"}
}
