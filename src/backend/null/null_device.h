// A device that plans everything and computes nothing: it keeps a list of the launches it was asked to run, for tests of the graph.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "backend/backend.h"

namespace mlxc {

class NullDevice : public Device {
 public:
  explicit NullDevice(FusionLimits fusion = {32, 16})
      : Device(std::make_shared<Allocator>()), fusion_(fusion), log_(std::make_shared<Log>()) {}

  std::string name() const override { return "null"; }
  std::string description() const override { return "records launches, computes nothing"; }
  int64_t memory_bytes() const override { return 0; }
  std::unique_ptr<Stream> new_stream(int) override { return std::make_unique<Stream>(); }
  Stream& default_stream() override { return stream_; }
  bool accepts_layout(const Primitive& primitive, size_t, const OperandType& operand) const override {
    return primitive.code() == OpCode::fused || is_contiguous(operand.type.shape, operand.strides);
  }
  std::unique_ptr<Executable> compile(CompilePlan plan) override;
  FusionLimits fusion_limits() const override { return fusion_; }

  // Names of the operations run since the last call, in order.
  std::vector<std::string> take_launches();
  // Of the program compiled last: its launches with their buffers.
  std::vector<LaunchPlan> last_compiled() const;

  struct Log {
    std::mutex mutex;
    std::vector<std::string> names;
    std::vector<LaunchPlan> compiled;
  };

 private:
  FusionLimits fusion_;
  Stream stream_;
  std::shared_ptr<Log> log_;  // shared with the executables, which may outlive the device
};

}  // namespace mlxc
