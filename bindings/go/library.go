package mlxc

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"unsafe"
)

// UseLibrary names the library's file for programs built with -tags mlxc_dlopen. Call it before anything else of this package.
func UseLibrary(path string) error { return useLibrary(path) }

// ready opens the library where it is not linked, and refuses one older than the headers.
func ready() error {
	if err := openLibrary(); err != nil {
		return err
	}
	if have := int(C.mlxc_abi_version()); have < C.MLXC_ABI_VERSION {
		return &Error{Op: "open the library", Status: StatusUnsupported, Message: fmt.Sprintf(
			"libmlxc %s has ABI %d, this program needs %d: install a newer library", C.GoString(C.mlxc_version()), have, C.MLXC_ABI_VERSION)}
	}
	return nil
}

// Version is that of the library, "major.minor.patch"; empty when there is none to open.
func Version() string {
	if ready() != nil {
		return ""
	}
	return C.GoString(C.mlxc_version())
}

// HasFeature reports whether the library can do something: "vulkan", "embed", "family:qwen3" (see mlxc/version.h).
func HasFeature(name string) bool {
	text, err := newCString("HasFeature", name)
	if err != nil || ready() != nil {
		return false
	}
	defer text.free()
	return C.mlxc_has_feature(text.data) != 0
}

// BuildInfo is JSON about the library: how it was built and what it found. For bug reports.
func BuildInfo() (string, error) {
	if err := ready(); err != nil {
		return "", err
	}
	return readText("BuildInfo", func(buffer *C.char, capacity C.size_t, needed *C.size_t, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_build_info(buffer, capacity, needed, e)
	})
}

// LiveHandles is how many native handles are open in the process. For leak tests.
func LiveHandles() int {
	if ready() != nil {
		return 0
	}
	return int(C.mlxc_handle_count(C.MLXC_HANDLE_ANY))
}

var logger atomic.Pointer[slog.Logger]

// SetLogger sends the library's log to a logger; nil turns it off, as it is at first. The logger's handler decides the level, now.
func SetLogger(to *slog.Logger) error {
	if err := ready(); err != nil {
		return err
	}
	e := newNativeError()
	if to == nil {
		err := failure("SetLogger", C.mlxc_go_log(0, C.MLXC_LOG_ERROR, &e), &e)
		logger.Store(nil)
		return err
	}
	logger.Store(to)
	least := C.int32_t(C.MLXC_LOG_ERROR)
	for least > C.MLXC_LOG_DEBUG && to.Enabled(context.Background(), slogLevels[least-1]) {
		least--
	}
	return failure("SetLogger", C.mlxc_go_log(1, least, &e), &e)
}

var slogLevels = [...]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

//export mlxcGoLog
func mlxcGoLog(level C.int32_t, message *C.char) {
	to := logger.Load()
	if to == nil || level < 0 || int(level) >= len(slogLevels) {
		return
	}
	defer func() { _ = recover() }() // a handler that panics must not unwind through the library
	to.Log(context.Background(), slogLevels[level], C.GoString(message), slog.String("source", "libmlxc"))
}

var noText byte

// textData is the address of a string's bytes, which are not NUL-terminated. It is never nil: no text and an empty text differ.
func textData(text string) *C.char {
	if text == "" {
		return (*C.char)(unsafe.Pointer(&noText))
	}
	return (*C.char)(unsafe.Pointer(unsafe.StringData(text)))
}

// cString is text for the library that ends with NUL, in C memory.
type cString struct{ data *C.char }

func newCString(op, text string) (cString, error) {
	if strings.IndexByte(text, 0) >= 0 {
		return cString{}, invalid(op, fmt.Sprintf("%q has a NUL byte inside", text))
	}
	return cString{C.CString(text)}, nil
}

func (s cString) free() { C.free(unsafe.Pointer(s.data)) }

// readText asks for a text's size and then for the text.
func readText(op string, read func(*C.char, C.size_t, *C.size_t, *C.mlxc_error) C.mlxc_status) (string, error) {
	buffer := make([]byte, 256)
	for {
		var needed C.size_t
		e := newNativeError()
		status := read((*C.char)(unsafe.Pointer(&buffer[0])), C.size_t(len(buffer)), &needed, &e)
		if status == C.MLXC_OK {
			return string(buffer[:max(int(needed), 1)-1]), nil
		}
		if status != C.MLXC_BUFFER_TOO_SMALL || int(needed) <= len(buffer) {
			return "", failure(op, status, &e)
		}
		buffer = make([]byte, needed)
	}
}

// goString copies borrowed text.
func goString(data *C.char, bytes C.size_t) string {
	if bytes == 0 {
		return ""
	}
	return string(unsafe.Slice((*byte)(unsafe.Pointer(data)), int(bytes)))
}

// copySlice copies a borrowed list; nil for an empty one.
func copySlice[To, From any](data *From, count C.int64_t) []To {
	if count <= 0 || data == nil {
		return nil
	}
	return append([]To(nil), unsafe.Slice((*To)(unsafe.Pointer(data)), int(count))...)
}
