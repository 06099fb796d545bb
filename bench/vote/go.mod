module libmlxc.dev/go/bench/vote

go 1.24

require libmlxc.dev/go/mlxc v0.0.0

replace libmlxc.dev/go/mlxc => ../../bindings/go
