// A launch that runs on another device, because this one has no kernel for it.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "backend/backend.h"

namespace mlxc::vulkan {

class HostStep {
 public:
  // Throws Error(unsupported) when the fallback has no kernel either, or when the operation cannot be moved: pages of keys and values are
  // laid out as this device likes.
  HostStep(const LaunchPlan& launch, Device& device, Device& fallback);
  // Whether a launch may move at all.
  static bool can_move(const Primitive& primitive);

  // Copies the operands over, runs, copies the results back. `stream` is the fallback's.
  void run(Stream& stream, std::span<const Binding> buffers, const std::atomic<bool>* cancel) const;

 private:
  // A piece of a binding and the host storage that stands for it.
  struct Piece {
    int buffer;
    int64_t offset, bytes;
    bool read, written;
  };

  Device& device_;
  Device& fallback_;
  std::vector<Piece> pieces_;
  std::unique_ptr<Executable> executable_;
};

}  // namespace mlxc::vulkan
