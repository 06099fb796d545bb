module libmlxc.dev/go/mlxc

go 1.24
