//go:build !mlxc_dlopen

package mlxc

// #cgo pkg-config: mlxc
import "C"

func openLibrary() error { return nil }

func useLibrary(string) error {
	return &Error{Op: "UseLibrary", Status: StatusUnsupported,
		Message: "this program is linked to the library; build it with -tags mlxc_dlopen to choose the file at run time"}
}
