package mlxc

// #include "shim.h"
import "C"

import (
	"time"
	"unsafe"
)

// MemoryStats counts bytes of array memory: weights copied in, caches, activations, arrays. Weights mapped from a file are not counted.
type MemoryStats struct {
	Active        int64 // in use
	Cached        int64 // freed and kept for reuse
	Peak          int64 // highest Active
	Requested     int64 // what the live arrays asked for: Active before rounding up
	Reserved      int64 // taken from the operating system or the driver: Active + Cached; of a GPU's memory also the rest of blocks in use
	PeakRequested int64
	PeakReserved  int64
	Limit         int64 // of Active; 0: none
	CacheLimit    int64
	Hits          int64         // allocations that were served from what was freed before
	Misses        int64         // that took new memory from the operating system or the driver
	HitTime       time.Duration // mean of a hit
	MissTime      time.Duration
	Fragmentation float64 // 1 - PeakRequested / PeakReserved: rounding, holes and room that was never used; 0 to 1
}

// Memory is the sum over all open devices.
func Memory() (MemoryStats, error) {
	if err := ready(); err != nil {
		return MemoryStats{}, err
	}
	return readMemory(nil)
}

func readMemory(device *C.mlxc_device) (MemoryStats, error) {
	var s C.mlxc_memory_stats
	s.struct_size = C.uint32_t(unsafe.Sizeof(s))
	e := newNativeError()
	if status := C.mlxc_memory_read(device, &s, &e); status != C.MLXC_OK {
		return MemoryStats{}, failure("Memory", status, &e)
	}
	return MemoryStats{
		Active: int64(s.active_bytes), Cached: int64(s.cached_bytes), Peak: int64(s.peak_bytes), Requested: int64(s.requested_bytes),
		Reserved: int64(s.reserved_bytes), PeakRequested: int64(s.peak_requested_bytes), PeakReserved: int64(s.peak_reserved_bytes),
		Limit: int64(s.limit_bytes), CacheLimit: int64(s.cache_limit_bytes), Hits: int64(s.hits), Misses: int64(s.misses),
		HitTime: time.Duration(s.hit_nanoseconds), MissTime: time.Duration(s.miss_nanoseconds), Fragmentation: float64(s.fragmentation),
	}, nil
}

// ReleaseCache gives memory kept for reuse back to the operating system or the driver, on all open devices. Of a GPU's memory, what shares a
// block with live arrays stays.
func ReleaseCache() error {
	if err := ready(); err != nil {
		return err
	}
	e := newNativeError()
	return failure("ReleaseCache", C.mlxc_memory_release_cache(nil, &e), &e)
}

// Memory is the array memory of this device.
func (d *Device) Memory() (MemoryStats, error) {
	if d == nil || !d.enter() {
		return MemoryStats{}, ErrClosed
	}
	defer d.leave()
	return readMemory(d.native)
}

// ResetPeak sets [MemoryStats].Peak, PeakRequested and PeakReserved to what there is now.
func (d *Device) ResetPeak() error {
	return d.call("Device.ResetPeak", func(e *C.mlxc_error) C.mlxc_status { return C.mlxc_memory_reset_peak(d.native, e) })
}

// Trim gives memory kept for reuse back until at most so many bytes are left, as far as whole blocks are free.
func (d *Device) Trim(keep int64) error {
	return d.call("Device.Trim", func(e *C.mlxc_error) C.mlxc_status { return C.mlxc_memory_trim(d.native, C.int64_t(keep), e) })
}

// SetMemoryLimit limits what arrays may hold together, in bytes; 0: no limit but the device's own. What would exceed it is [ErrOutOfMemory],
// which changes nothing: smaller requests go on. What is held already stays.
func (d *Device) SetMemoryLimit(bytes int64) error {
	return d.call("Device.SetMemoryLimit", func(e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_memory_set_limit(d.native, C.int64_t(bytes), e)
	})
}

// SetCacheLimit limits the memory kept for reuse, in bytes; 0 keeps none. At first it is a quarter of the device's memory.
func (d *Device) SetCacheLimit(bytes int64) error {
	return d.call("Device.SetCacheLimit", func(e *C.mlxc_error) C.mlxc_status {
		return C.mlxc_memory_set_cache_limit(d.native, C.int64_t(bytes), e)
	})
}
