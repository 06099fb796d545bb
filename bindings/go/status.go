package mlxc

// #include "shim.h"
import "C"

import (
	"context"
	"strconv"
	"unsafe"
)

// Status says what kind of failure an [Error] is. It is an error itself, so that errors.Is takes it.
type Status int32

// The statuses of the library. The numbers are pinned.
const (
	StatusOK              Status = C.MLXC_OK
	StatusCancelled       Status = C.MLXC_CANCELLED
	StatusInvalidArgument Status = C.MLXC_INVALID_ARGUMENT
	StatusInvalidHandle   Status = C.MLXC_INVALID_HANDLE
	StatusBufferTooSmall  Status = C.MLXC_BUFFER_TOO_SMALL
	StatusOutOfMemory     Status = C.MLXC_OUT_OF_MEMORY
	StatusIO              Status = C.MLXC_IO
	StatusNotFound        Status = C.MLXC_NOT_FOUND
	StatusFormat          Status = C.MLXC_FORMAT
	StatusUnsupported     Status = C.MLXC_UNSUPPORTED
	StatusContextFull     Status = C.MLXC_CONTEXT_FULL
	StatusDeviceLost      Status = C.MLXC_DEVICE_LOST
	StatusTimeout         Status = C.MLXC_TIMEOUT
	StatusBusy            Status = C.MLXC_BUSY
	StatusEnd             Status = C.MLXC_END
	StatusInternal        Status = C.MLXC_INTERNAL
)

// What errors.Is compares with: errors.Is(err, mlxc.ErrNotFound).
var (
	ErrCancelled       error = StatusCancelled       // stopped by the caller
	ErrInvalidArgument error = StatusInvalidArgument // a value, shape, type or text that the call cannot take
	ErrOutOfMemory     error = StatusOutOfMemory     // of the host or the device
	ErrIO              error = StatusIO              // the operating system refused; Error.Native is errno
	ErrNotFound        error = StatusNotFound        // no such file, tensor, token or device
	ErrFormat          error = StatusFormat          // a file's content is malformed
	ErrUnsupported     error = StatusUnsupported     // well-formed, but the library cannot do it
	ErrContextFull     error = StatusContextFull     // longer than the model's context
	ErrDeviceLost      error = StatusDeviceLost
	ErrBusy            error = StatusBusy     // in use by another call
	ErrInternal        error = StatusInternal // a defect of the library: please report the message
)

// ErrClosed is the error of calls on a value whose Close was called, before or meanwhile.
var ErrClosed error = closedError{}

type closedError struct{}

func (closedError) Error() string { return "mlxc: use of a closed model, tokenizer, array or device" }

var statusTexts = [...]string{
	"ok", "cancelled", "invalid argument", "invalid handle", "buffer too small", "out of memory", "input or output failed", "not found",
	"malformed file", "unsupported", "context full", "device lost", "timeout", "busy", "end", "internal error",
}

// Error is the status in words.
func (s Status) Error() string {
	if s >= 0 && int(s) < len(statusTexts) {
		return "mlxc: " + statusTexts[s]
	}
	return "mlxc: status " + strconv.Itoa(int(s))
}

// Error is a failure of the library.
type Error struct {
	Op      string // what was called, for example "LoadModel"
	Status  Status
	Native  int64  // errno or a driver's own code; 0: none
	Message string // one sentence: what, the actual and the expected value, a hint
	ctx     context.Context
}

func (e *Error) Error() string {
	text := "mlxc: " + e.Op + ": "
	if e.Message != "" {
		return text + e.Message
	}
	if e.ctx != nil {
		return text + context.Cause(e.ctx).Error()
	}
	return text + e.Status.Error()
}

// Is reports whether target is the error's status.
func (e *Error) Is(target error) bool {
	status, ok := target.(Status)
	return ok && status == e.Status
}

// Unwrap gives the context's error and its cause when a context ended the call.
func (e *Error) Unwrap() []error {
	if e.ctx == nil {
		return nil
	}
	return []error{e.ctx.Err(), context.Cause(e.ctx)}
}

// contextError is the error of a call that its context ended.
func contextError(op string, ctx context.Context) error {
	return &Error{Op: op, Status: StatusCancelled, ctx: ctx}
}

func newNativeError() (e C.mlxc_error) {
	e.struct_size = C.uint32_t(unsafe.Sizeof(e))
	return e
}

// failure turns a native failure into an error; nil for MLXC_OK.
func failure(op string, status C.mlxc_status, e *C.mlxc_error) error {
	if status == C.MLXC_OK {
		return nil
	}
	return &Error{Op: op, Status: Status(status), Native: int64(e.native), Message: C.GoString(&e.message[0])}
}

func invalid(op, message string) error {
	return &Error{Op: op, Status: StatusInvalidArgument, Message: message}
}
