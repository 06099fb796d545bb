# What people type. The build itself is CMake (CMakePresets.json); this file installs what is missing and calls it.
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
SEED ?= 7
PROMPT ?= Once upon a time
BIN := build/release/mlxc

.DEFAULT_GOAL := build
.PHONY: help deps build demo test test-asan test-tsan test-gpu test-array-api bench install format lint clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install what the build needs (apt), if something is missing
	@scripts/install-deps

build: deps ## build/release/mlxc and build/release/libmlxc.so.1
	@scripts/build release mlxc mlxc_cli

demo: build ## build, then stream a story from the model in the repository
	@$(BIN) generate --model tests/models/fable-qwen3 --prompt "$(PROMPT)" --max-tokens 200 --temperature 0.8 --top-p 0.95 --seed $(SEED)

test: deps ## build and run the whole suite: C++, C, Python, Go, installed consumers
	@scripts/test release

test-asan: deps ## the C, C++ and Python tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@scripts/test asan

test-tsan: deps ## the C and C++ tests under ThreadSanitizer
	@scripts/test tsan

test-gpu: build ## the tests of operations and models on a GPU: make test-gpu DEVICE=vulkan:0
	@scripts/test-gpu "$(DEVICE)"

test-array-api: build ## the Python array API's conformance suite: make test-array-api SUITE=folder
	@scripts/test-array-api "$(SUITE)"

bench: deps ## build the benchmarks into build/bench and print their tables
	@scripts/bench

install: build ## install under PREFIX (default /usr/local), below DESTDIR when set
	@cmake --install build/release --prefix "$(PREFIX)" >build/install.log || { cat build/install.log; exit 1; }
	@echo "installed under $(DESTDIR)$(PREFIX)"

format: ## rewrite the C and C++ sources in the house format
	@scripts/sources | xargs clang-format -i

lint: deps ## clang-format in check mode, clang-tidy, the layer check
	@scripts/lint

clean: ## remove the build folder
	@rm -rf build
