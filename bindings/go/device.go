package mlxc

// #include "shim.h"
import "C"

import "unsafe"

// DeviceInfo describes a place to compute.
type DeviceInfo struct {
	Name        string // "cpu", "vulkan:0": what OpenDevice takes
	Description string // the hardware's own name and the kernels chosen for it
	Available   bool
	Reason      string // why it is not available
	Memory      int64  // bytes in all; 0 when unknown
	MemoryLeft  int64  // of these, what this process may still take: an estimate; 0 when unknown
	Threads     int    // CPU: cores this process may use
	Software    bool   // a CPU that plays a GPU; OpenDevice("auto") takes none of these
}

func newDeviceInfo(info *C.mlxc_device_info) DeviceInfo {
	return DeviceInfo{
		Name: C.GoString(&info.name[0]), Description: C.GoString(&info.description[0]), Available: info.available != 0,
		Reason: C.GoString(&info.reason[0]), Memory: int64(info.memory_bytes), MemoryLeft: int64(info.available_bytes),
		Threads: int(info.threads), Software: info.software != 0,
	}
}

// Devices lists what the library knows of, also what cannot be used here, with the reason.
func Devices() ([]DeviceInfo, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	e := newNativeError()
	var count C.int32_t
	if status := C.mlxc_device_count(&count, &e); status != C.MLXC_OK {
		return nil, failure("Devices", status, &e)
	}
	devices := make([]DeviceInfo, 0, count)
	for i := range count {
		var info C.mlxc_device_info
		info.struct_size = C.uint32_t(unsafe.Sizeof(info))
		if status := C.mlxc_device_list(i, &info, &e); status != C.MLXC_OK {
			return nil, failure("Devices", status, &e)
		}
		devices = append(devices, newDeviceInfo(&info))
	}
	return devices, nil
}

// Device is an open device, for [WithDevice] and [NewArrayOn].
type Device struct {
	handle
	native *C.mlxc_device
}

// OpenDevice opens a device by name: "cpu"; "vulkan:0" and so on; "auto" for the first Vulkan device of real hardware, else the CPU.
// Without [WithDevice] or an array's own device, the environment variable MLXC_DEVICE names it, else it is the CPU. A device exists once in a
// process; every call gives another handle of it. A device that was lost ([ErrDeviceLost]) stays lost for its models and arrays; opening its
// name again gives a new one.
func OpenDevice(name string) (*Device, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	text, err := newCString("OpenDevice", name)
	if err != nil {
		return nil, err
	}
	defer text.free()
	e := newNativeError()
	d := &Device{}
	if status := C.mlxc_device_open(&d.native, text.data, &e); status != C.MLXC_OK {
		return nil, failure("OpenDevice", status, &e)
	}
	return d.take(), nil
}

func (d *Device) take() *Device {
	d.hold(unsafe.Pointer(d.native), func(p unsafe.Pointer) { C.mlxc_device_free((*C.mlxc_device)(p)) })
	d.watch = newWatch(d, "Device")
	return d
}

func (d *Device) call(op string, call func(e *C.mlxc_error) C.mlxc_status) error {
	if d == nil || !d.enter() {
		return ErrClosed
	}
	defer d.leave()
	e := newNativeError()
	return failure(op, call(&e), &e)
}

// CalibratePlacement measures launches, bandwidth, products and copies of every available device and writes them to a file, for
// [Device.EnablePlacement]. An empty path: placement.json in the library's cache folder. It takes seconds; let nothing else run.
func CalibratePlacement(path string) error {
	const op = "CalibratePlacement"
	if err := ready(); err != nil {
		return err
	}
	e := newNativeError()
	text, err := optionalPath(op, path)
	if err != nil {
		return err
	}
	defer text.free()
	return failure(op, C.mlxc_placement_calibrate(text.data, &e), &e)
}

// EnablePlacement lets evaluations and functions of this device run from now on where they are estimated to be done first, by the file of
// [CalibratePlacement]; results are arrays of this device all the same, and profiles say why each launch runs where it does.
func (d *Device) EnablePlacement(path string) error {
	const op = "Device.EnablePlacement"
	text, err := optionalPath(op, path)
	if err != nil {
		return err
	}
	defer text.free()
	return d.call(op, func(e *C.mlxc_error) C.mlxc_status { return C.mlxc_placement_enable(d.native, text.data, e) })
}

// DisablePlacement lets evaluations of this device run there again.
func (d *Device) DisablePlacement() error {
	return d.call("Device.DisablePlacement", func(e *C.mlxc_error) C.mlxc_status { return C.mlxc_placement_disable(d.native, e) })
}

// optionalPath is NULL for an empty path.
func optionalPath(op, path string) (cString, error) {
	if path == "" {
		return cString{}, nil
	}
	return newCString(op, path)
}

// Close frees the handle; models and arrays do not need it.
func (d *Device) Close() error {
	if d != nil {
		d.close()
	}
	return nil
}

// Info describes the device.
func (d *Device) Info() (DeviceInfo, error) {
	if d == nil || !d.enter() {
		return DeviceInfo{}, ErrClosed
	}
	defer d.leave()
	var info C.mlxc_device_info
	info.struct_size = C.uint32_t(unsafe.Sizeof(info))
	e := newNativeError()
	if status := C.mlxc_device_inspect(d.native, &info, &e); status != C.MLXC_OK {
		return DeviceInfo{}, failure("Device.Info", status, &e)
	}
	return newDeviceInfo(&info), nil
}

// enterDevice gives the native device, nil for the default one, and what to call afterwards.
func enterDevice(device *Device) (on *C.mlxc_device, leave func(), err error) {
	if device == nil {
		return nil, func() {}, ready()
	}
	if !device.enter() {
		return nil, nil, ErrClosed
	}
	return device.native, device.leave, nil
}
