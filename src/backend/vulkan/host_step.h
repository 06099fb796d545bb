// A launch that runs on another device, because this one has no kernel for it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "backend/backend.h"

namespace mlxc::vulkan {

class HostStep {
 public:
  // Throws Error(unsupported) when the fallback has no kernel either.
  HostStep(const LaunchPlan& launch, Device& device, Device& fallback);
  // Whether a launch may move at all: kernels from source are written for this device.
  static bool can_move(const Primitive& primitive);

  // Copies the operands over, runs, copies the results back. `stream` is the fallback's.
  void run(Stream& stream, std::span<const Binding> buffers, const std::atomic<bool>* cancel) const;

 private:
  // A piece of a binding and the host storage that stands for it.
  struct Piece {
    int buffer;
    int64_t offset, bytes;
    bool read, written;
    bool pages = false;
  };
  // Keys and values: of all pages only those move that the launch's tokens reach, in the order that the fallback reads them.
  struct Pages {
    size_t keys, values, table, sequences, positions;  // pieces
    TensorType type;
    int64_t tokens, table_rows, table_width;
    bool attends;  // reads all positions up to the tokens' own; else it writes those
  };
  std::optional<Pages> pages_of(const LaunchPlan& launch, const std::vector<OperandPlace>& places) const;
  std::vector<int64_t> reach(std::span<const Binding> bindings) const;
  void fetch_pages(std::span<const int64_t> slots, std::span<const Binding> buffers, std::span<const Binding> bindings) const;
  void return_pages(std::span<const int64_t> slots, std::span<const Binding> buffers, std::span<const Binding> bindings) const;

  Device& device_;
  Device& fallback_;
  std::vector<Piece> pieces_;
  std::optional<Pages> paged_;
  std::unique_ptr<Executable> executable_;
};

}  // namespace mlxc::vulkan
