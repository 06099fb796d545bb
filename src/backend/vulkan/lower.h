// From a planned operation to dispatches: kernels with everything but addresses bound.
//
// What a kernel gets are push constants: the addresses of its arguments (64 bits each, in order), then its words (32 bits each), 128 bytes
// at most. There are no descriptors. Addresses are 64-bit, so nothing is limited to 4 GiB; an index inside one dispatch may be 32-bit.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "backend/layouts.h"
#include "backend/vulkan/capabilities.h"

namespace mlxc::vulkan {

inline int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }

// A compute pipeline: which module, with which specialisation constants (ids 0, 1, ...).
struct Kernel {
  std::string module;  // "linear_vec.bf16": a variant of kernels/linear_vec.comp; or a name for `source`
  std::vector<uint32_t> constants;
  uint32_t subgroup = 0;    // required subgroup size; 0 = the device's choice. Full subgroups are then required too.
  std::string source = {};  // GLSL to compile in process instead of an embedded module
  bool operator==(const Kernel&) const = default;
};

// A place that a kernel gets the address of. [offset, offset + bytes) is what it touches: barriers are decided by that.
struct Ref {
  enum class Kind : uint8_t { operand, scratch, counters, table } kind = Kind::operand;
  int index = 0;       // operand: inputs, then outputs; scratch and table: which
  int64_t offset = 0;  // bytes
  int64_t bytes = 0;

  // A part of it.
  Ref at(int64_t from, int64_t count) const { return {kind, index, offset + from, count}; }
};

// Of `item` bytes each, what an index of a kernel reaches from one address: compilers of drivers (NVIDIA 580) multiply the index by the
// size of an element in 32 bits, so that past 4 GiB it would begin anew. Less than 2^31 in any case, with room for a last, partly filled
// workgroup.
constexpr int64_t most_elements(int64_t item) {
  constexpr int64_t kBytes = (int64_t{1} << 32) - (int64_t{1} << 20), kElements = (int64_t{1} << 31) - 4096;
  return kBytes / item < kElements ? kBytes / item : kElements;
}

enum class Access : uint8_t { read, write, update };
struct Argument {
  Ref ref;
  Access access;
};
inline Argument read(const Ref& ref) { return {ref, Access::read}; }
inline Argument write(const Ref& ref) { return {ref, Access::write}; }
inline Argument update(const Ref& ref) { return {ref, Access::update}; }

struct Grid {
  uint32_t x = 1, y = 1, z = 1;
};

// The words of a kernel, in order.
class Words {
 public:
  Words& u(int64_t value) { return words_.push_back(uint32_t(value)), *this; }  // the caller knows that it fits
  Words& f(float value) { return words_.push_back(std::bit_cast<uint32_t>(value)), *this; }
  Words& wide(int64_t value) { return u(value & 0xffffffff).u(int64_t(uint64_t(value) >> 32)); }  // low half first; keep it 8-byte aligned
  const std::vector<uint32_t>& list() const { return words_; }

 private:
  std::vector<uint32_t> words_;
};

// Between a product and the normalised product of its output: what the first leaves for the second in scratch memory, see
// kernels/linear.glsl. The first has the second's norm weight as an additional last input.
struct Handover {
  Ref values, squares;
  int64_t groups = 0;  // of rows, that have sums of squares
  float norm_offset = 0;
};

// What a dispatch costs about, so that a submission can be cut before it takes too long.
struct Work {
  double flops = 0, bytes = 0;
};

// Receives the dispatches of one launch, in order. Barriers between dependent dispatches are the recorder's affair.
class Emitter {
 public:
  virtual ~Emitter() = default;
  virtual const Capabilities& caps() const = 0;
  virtual const LaunchPlan& plan() const = 0;

  Ref input(size_t index) const;  // from an operand's first element to its end
  Ref output(size_t index) const;
  // > 0: inputs, then outputs: this one holds 16-bit values in the order of linear_skinny's fragments, for so many blocks of 8 tokens.
  virtual int fragments(size_t operand) const = 0;
  virtual const Handover* gives() const = 0;
  virtual const Handover* takes() const = 0;
  // A launch before this one that this one does as well; what it reads besides are this one's last inputs.
  virtual const LaunchPlan* joined() const = 0;
  // Uninitialised memory that lives as long as this launch. 256-byte aligned.
  virtual Ref scratch(int64_t bytes) = 0;
  // Zeros at the first dispatch; kernels must leave zeros behind (the last workgroup resets what it counted with).
  virtual Ref counters(int64_t bytes) = 0;
  // A word among the counters that a kernel raises (atomicMax) when the operation has no answer. Where it is not 0 after a run, the run
  // ends in Error(invalid_argument) with what `describe` says of it.
  virtual Ref verdict(std::function<std::string(uint32_t)> describe) = 0;
  // What `body` dispatches runs again and again, until `word`, a part of the counters, is 0 after it. After `most` times the run ends in
  // Error(internal) with `complaint`. The host looks at the word each time: worth it for bodies of many dispatches.
  virtual void repeat(const Ref& word, int most, std::string complaint, const std::function<void()>& body) = 0;
  // Constants, uploaded with the program. 16-byte aligned.
  virtual Ref table(const void* data, int64_t bytes) = 0;
  virtual void dispatch(Kernel kernel, Grid groups, std::vector<Argument> arguments, const Words& words, Work work = {}) = 0;

  // So many workgroups in a row as a grid within the device's limits: the kernel's index is x + y * gl_NumWorkGroups.x, which may pass
  // count.
  Grid row(int64_t count) const;
};

// Emits the launch; throws Error(unsupported) naming operation and dtype when there is no kernel: it runs on the CPU then.
void lower(Emitter& emitter);

// The families, one file each.
void lower_fused(Emitter& emitter);
void lower_array_op(Emitter& emitter);  // copy, concatenate, take, fill, arange, reduce, arg_reduce, softmax
void lower_index_op(Emitter& emitter);  // update, scatter, sort, scan, random_bits
void lower_matmul(Emitter& emitter);
void lower_linalg(Emitter& emitter);
bool lowers_linalg(const Primitive& primitive);  // what there are kernels for; lower_linalg refuses float64 and the largest matrices
void lower_top_k(Emitter& emitter);
void lower_linear(Emitter& emitter);
void lower_norm(Emitter& emitter);         // rms_norm, layer_norm
void lower_rope(Emitter& emitter);         // rope, kv_write, rope_kv_write
void lower_attention(Emitter& emitter);    // paged_attention, dense_attention, segment_pool
void lower_training_op(Emitter& emitter);  // pool, norm_gradient, batch_norm, cross_entropy, adam
bool lowers_batch_norm(const TensorType& x);
void lower_convolution(Emitter& emitter);
bool lowers_convolution(const Primitive& primitive, TensorTypes inputs);
void lower_custom(Emitter& emitter);  // a caller's own GLSL
Kernel custom_kernel(const LaunchPlan& plan);

// Where an operand lies around its first element, in bytes: begin <= 0 with negative strides, which Emitter::input and output leave to the
// recorder. {0, 0} when it has no elements.
struct Extent {
  int64_t begin, end;
};
Extent extent_of(const OperandType& operand);

[[noreturn]] void no_kernel(const LaunchPlan& plan);

}  // namespace mlxc::vulkan
