#!/bin/sh
# Builds and runs a Go module that requires package mlxc, against the installed library: run_go.sh SCRATCH MODEL GO
# The module is written below SCRATCH, so that it stands outside this repository's own modules.
set -eu
package=$(cd ../../bindings/go && pwd)
module=$(sed -n 's/^module //p' "$package/go.mod")
mkdir -p "$1/go"
cp go/main.go "$1/go/main.go"
cd "$1/go"
printf 'module example.com/consumer\n\ngo 1.24\n\nrequire %s v0.0.0\n\nreplace %s => %s\n' "$module" "$module" "$package" >go.mod
"$3" build -o consumer .
./consumer "$2"
