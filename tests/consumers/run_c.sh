#!/bin/sh
# Builds and runs a C program against the installed tree through pkg-config alone: run_c.sh SCRATCH MODEL
set -eu
mkdir -p "$1/c"
# shellcheck disable=SC2046
"${CC:-cc}" -std=c11 -Wall -Wextra -pedantic -Werror c/main.c $(pkg-config --cflags --libs mlxc) -o "$1/c/main"
"$1/c/main" "$2"
