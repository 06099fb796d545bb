#!/bin/sh
# Builds and runs a C++ project that says find_package(mlxc): run_cpp.sh SCRATCH MODEL PREFIX CMAKE
set -eu
"$4" -S cpp -B "$1/cpp" -DCMAKE_PREFIX_PATH="$3"
"$4" --build "$1/cpp"
"$1/cpp/consumer" "$2"
