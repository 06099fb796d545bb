package mlxc

// #include "shim.h"
import "C"

import (
	"time"
	"unsafe"
)

// Profile is what a device measures, see mlxc/profile.h for what each costs.
type Profile int32

const (
	ProfileOff      Profile = C.MLXC_PROFILE_OFF
	ProfileKernels  Profile = C.MLXC_PROFILE_KERNELS
	ProfilePrograms Profile = C.MLXC_PROFILE_PROGRAMS
)

// ProfileEntry describes equal launches together.
type ProfileEntry struct {
	Operation  string // of the graph, as in [DOT]
	Kernel     string // that ran it; on the CPU its instruction set
	Device     string // that ran it
	Holds      string // the operations that were joined into the launch, by spaces, in order; cut when it is long
	Reason     string // why it ran there and not on the device that was asked for; empty: it ran where it was asked for
	Operations int    // how many it holds
	Launches   int
	Time       time.Duration // in all; on a GPU its own time
	Bytes      float64       // in all, of the operands: what has to be moved at least
	FLOPs      float64       // in all, about
}

// Profile measures from now on, afresh, or stops.
func (d *Device) Profile(what Profile) error {
	return d.call("Device.Profile", func(e *C.mlxc_error) C.mlxc_status { return C.mlxc_device_profile(d.native, C.int32_t(what), e) })
}

// ProfileEntries is what was timed since [Device.Profile], most time first.
func (d *Device) ProfileEntries() ([]ProfileEntry, error) {
	if d == nil || !d.enter() {
		return nil, ErrClosed
	}
	defer d.leave()
	var list []C.mlxc_profile_entry
	for {
		var needed C.int64_t
		e := newNativeError()
		status := C.mlxc_device_profile_entries(d.native, unsafe.SliceData(list), C.int64_t(len(list)), &needed, &e)
		if status == C.MLXC_BUFFER_TOO_SMALL || status == C.MLXC_OK && int(needed) > len(list) {
			list = make([]C.mlxc_profile_entry, needed)
			continue
		}
		if status != C.MLXC_OK {
			return nil, failure("Device.ProfileEntries", status, &e)
		}
		list = list[:needed]
		break
	}
	entries := make([]ProfileEntry, len(list))
	for i := range list {
		from := &list[i]
		entries[i] = ProfileEntry{
			Operation: C.GoString(&from.operation[0]), Kernel: C.GoString(&from.kernel[0]), Device: C.GoString(&from.device[0]),
			Holds: C.GoString(&from.holds[0]), Reason: C.GoString(&from.reason[0]), Operations: int(from.operations), Launches: int(from.launches),
			Time: time.Duration(from.nanoseconds), Bytes: float64(from.bytes), FLOPs: float64(from.flops),
		}
	}
	return entries, nil
}

// ProfileText is a table for people of what was timed since [Device.Profile].
func (d *Device) ProfileText() (string, error) {
	return d.profile("Device.ProfileText", func(buffer *C.char, capacity C.size_t, needed *C.size_t, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_device_profile_text(d.native, buffer, capacity, needed, e)
	})
}

// ProfileTrace is every launch on a time line: JSON that chrome://tracing and ui.perfetto.dev open.
func (d *Device) ProfileTrace() (string, error) {
	return d.profile("Device.ProfileTrace", func(buffer *C.char, capacity C.size_t, needed *C.size_t, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_device_profile_trace(d.native, buffer, capacity, needed, e)
	})
}

func (d *Device) profile(op string, read func(*C.char, C.size_t, *C.size_t, *C.mlxc_error) C.mlxc_status) (string, error) {
	if d == nil || !d.enter() {
		return "", ErrClosed
	}
	defer d.leave()
	return readText(op, read)
}

// ProfileTrace is [Device.ProfileTrace] of all open devices, one process each.
func ProfileTrace() (string, error) {
	if err := ready(); err != nil {
		return "", err
	}
	return readText("ProfileTrace", func(buffer *C.char, capacity C.size_t, needed *C.size_t, e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_device_profile_trace(nil, buffer, capacity, needed, e)
	})
}
