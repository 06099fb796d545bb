package mlxc

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import "unsafe"

// KernelSource describes a kernel in GLSL, see mlxc/kernel.h for what its text finds: every input and output is there under its name, x.at[i]
// is element i of x in row-major order, and x_size, x_rank and x_shape[axis] are constants.
type KernelSource struct {
	Name            string // for profiles and messages
	Text            string // with a void main()
	Inputs, Outputs []string
	Group           [3]int // invocations of a workgroup; zero: 256, 1, 1
}

// ArrayType is a shape and an element type.
type ArrayType struct {
	DType DType
	Shape []int
}

// Kernel is an operation from source text, a part of the graph like all others. Any number of goroutines may use one.
type Kernel struct {
	handle
	native *C.mlxc_kernel
}

// NewKernel makes a kernel for a device (nil: the default one), which must be a Vulkan device: the CPU takes no source and gives
// [ErrUnsupported]. The text is compiled when it is applied, as types are known then.
func NewKernel(device *Device, source KernelSource) (*Kernel, error) {
	const op = "NewKernel"
	on, leave, err := enterDevice(device)
	if err != nil {
		return nil, err
	}
	defer leave()
	name, err := newCString(op, source.Name)
	if err != nil {
		return nil, err
	}
	defer name.free()
	names := make([]*C.char, 0, len(source.Inputs)+len(source.Outputs)+1)
	for _, list := range [][]string{source.Inputs, source.Outputs} {
		for _, text := range list {
			operand, err := newCString(op, text)
			if err != nil {
				return nil, err
			}
			defer operand.free()
			names = append(names, operand.data)
		}
	}
	var options *C.mlxc_kernel_options
	if source.Group != [3]int{} {
		options = &C.mlxc_kernel_options{group_x: C.uint32_t(source.Group[0]), group_y: C.uint32_t(source.Group[1]), group_z: C.uint32_t(source.Group[2])}
		options.struct_size = C.uint32_t(unsafe.Sizeof(*options))
	}
	k := &Kernel{}
	e := newNativeError()
	status := C.mlxc_kernel_new(&k.native, on, name.data, textData(source.Text), C.size_t(len(source.Text)), unsafe.SliceData(names),
		C.int64_t(len(source.Inputs)), unsafe.SliceData(names[len(source.Inputs):]), C.int64_t(len(source.Outputs)), options, &e)
	if status != C.MLXC_OK {
		return nil, failure(op, status, &e)
	}
	k.hold(unsafe.Pointer(k.native), func(p unsafe.Pointer) { C.mlxc_kernel_free((*C.mlxc_kernel)(p)) })
	k.watch = newWatch(k, "Kernel")
	return k, nil
}

// Apply gives the arrays that the kernel computes from inputs of its device, lazily: one of each type of results. threads counts the
// invocations along x, y and z; whole workgroups run, so gl_GlobalInvocationID may reach beyond. There is no gradient.
func (k *Kernel) Apply(threads [3]int, results []ArrayType, inputs ...*Array) []*Array {
	const op = "Kernel.Apply"
	if k == nil || !k.enter() {
		return manyFailed(len(results), ErrClosed)
	}
	defer k.leave()
	types := make([]C.mlxc_array_type, len(results))
	for i, result := range results {
		types[i].dtype, types[i].rank = C.int32_t(result.DType), C.int32_t(len(result.Shape))
		if len(result.Shape) == 0 {
			continue
		}
		sizes := unsafe.Slice((*C.int64_t)(C.malloc(C.size_t(len(result.Shape)*8))), len(result.Shape)) // C keeps no pointers into Go's memory
		defer C.free(unsafe.Pointer(unsafe.SliceData(sizes)))
		for axis, size := range result.Shape {
			sizes[axis] = C.int64_t(size)
		}
		types[i].shape = unsafe.SliceData(sizes)
	}
	counts := [3]C.int64_t{C.int64_t(threads[0]), C.int64_t(threads[1]), C.int64_t(threads[2])}
	return many(op, len(results), func(f *frame, out **C.mlxc_array) C.mlxc_status {
		return C.mlxc_kernel_apply(out, k.native, f.first(0), C.int64_t(len(inputs)), unsafe.SliceData(types), C.int64_t(len(types)), &counts[0], &f.e)
	}, inputs...)
}

func manyFailed(count int, err error) []*Array {
	results := make([]*Array, count)
	for i := range results {
		results[i] = failed(nil, err)
	}
	return results
}

// Close frees the kernel; arrays keep what they need of it.
func (k *Kernel) Close() error {
	if k != nil {
		k.close()
	}
	return nil
}
