#include "backend/vulkan/formats.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "backend/vulkan/attention.h"
#include "backend/vulkan/lower_linear.h"
#include "ops/matmul.h"

namespace mlxc::vulkan {
namespace {

struct Use {
  int launch, operand;
};

bool is_written(const LaunchPlan& launch, size_t operand) { return operand >= launch.inputs.size(); }
const OperandType& operand_of(const LaunchPlan& launch, size_t operand) {
  return is_written(launch, operand) ? launch.outputs[operand - launch.inputs.size()] : launch.inputs[operand];
}

// Whether a launch can write output 0 in 16 bits, and also in fragment order.
bool writes_half(const LaunchPlan& launch) {
  const Primitive& primitive = *launch.primitive;
  return primitive.code() == OpCode::paged_attention || (primitive.code() == OpCode::linear && as<Linear>(primitive).gate != Gate::none);
}
bool writes_fragments(const LaunchPlan& launch, const Capabilities& caps) {
  if (launch.primitive->code() == OpCode::paged_attention) return takes_decode_attention(launch, caps);
  const std::optional<LinearProblem> problem = linear_problem(launch);
  return problem && linear_path(*problem, caps) == LinearPath::skinny;
}

// Products on tensor cores round their input in any case.
std::optional<LinearProblem> reads_half(const LaunchPlan& launch, const Capabilities& caps) {
  if (launch.primitive->code() != OpCode::linear || as<Linear>(*launch.primitive).norm) return {};
  const std::optional<LinearProblem> problem = linear_problem(launch);
  if (!problem) return {};
  const LinearPath path = linear_path(*problem, caps);
  return path == LinearPath::skinny || path == LinearPath::coop ? problem : std::nullopt;
}

// Blocks of 8 tokens when a product can read its input in fragment order.
int blocks_read(const LinearProblem& problem, const Capabilities& caps) {
  constexpr int64_t kWhole = 128;  // the deepest step along k
  return linear_path(problem, caps) == LinearPath::skinny && problem.k % kWhole == 0 ? skinny_shape(problem).blocks : 0;
}

struct Format {
  DType dtype;
  int blocks;
};

std::optional<Format> half_format(const std::vector<LaunchPlan>& launches, const std::vector<Use>& uses, const Capabilities& caps, bool ordered) {
  int producers = 0;
  std::optional<Format> format;
  bool fragments = ordered;
  for (const Use& use : uses) {
    const LaunchPlan& launch = launches[size_t(use.launch)];
    const bool written = is_written(launch, size_t(use.operand));
    const OperandType& operand = operand_of(launch, size_t(use.operand));
    if (use.operand != (written ? int(launch.inputs.size()) : 0) || operand.type.dtype != DType::f32 || launch.places[size_t(use.operand)].offset_bytes != 0)
      return {};
    if (!is_contiguous(operand.type.shape, operand.strides)) return {};
    if (written) {
      if (++producers > 1 || launch.primitive->updates() > 0 || !writes_half(launch)) return {};
      fragments = fragments && writes_fragments(launch, caps);
      continue;
    }
    const std::optional<LinearProblem> problem = reads_half(launch, caps);
    if (!problem || (format && format->dtype != problem->weight)) return {};
    const int blocks = blocks_read(*problem, caps);
    // The memory is planned for float32.
    fragments = fragments && blocks > 0 && blocks * 8 <= 2 * problem->tokens && (!format || format->blocks == blocks) && operand.type.shape[0] == problem->tokens;
    format = {problem->weight, blocks};
  }
  if (producers != 1 || !format) return {};
  if (!fragments) format->blocks = 0;
  return format;
}

// The launch before `taker` that wrote what it reads first, and nothing but that.
std::optional<int> writer_of(const std::vector<LaunchPlan>& launches, int taker) {
  const LaunchPlan& reader = launches[size_t(taker)];
  for (int i = taker - 1; i >= 0; --i) {
    const LaunchPlan& launch = launches[size_t(i)];
    for (size_t operand = launch.inputs.size(); operand < launch.places.size(); ++operand) {
      if (launch.places[operand].buffer != reader.places[0].buffer) continue;
      const OperandType& output = operand_of(launch, operand);
      const bool same = operand == launch.inputs.size() && launch.outputs.size() == 1 && launch.places[operand].offset_bytes == reader.places[0].offset_bytes &&
                        output.type == reader.inputs[0].type && output.strides == reader.inputs[0].strides;
      return same ? std::optional<int>(i) : std::nullopt;
    }
  }
  return {};
}

// A product whose output the product `at` normalises and multiplies next. bfloat16 only: values that are not normalised yet may be large.
std::optional<ProductPair> pair_at(const std::vector<LaunchPlan>& launches, const std::vector<bool>& temporary, const Capabilities& caps, int at) {
  const LaunchPlan& taker = launches[size_t(at)];
  if (taker.primitive->code() != OpCode::linear || !as<Linear>(*taker.primitive).norm) return {};
  const auto& op = as<Linear>(*taker.primitive);
  const std::optional<LinearProblem> wanted = linear_problem(taker);
  if (!wanted || wanted->weight != DType::bf16 || taker.inputs[0].type.dtype != DType::f32) return {};
  const LinearPath path = linear_path(*wanted, caps);
  if (path != LinearPath::skinny && path != LinearPath::coop) return {};
  if (path == LinearPath::skinny ? !blocks_read(*wanted, caps) : coop_shape(taker, *wanted, caps).split > 1 || op.weights > 3) return {};
  if (!is_contiguous(taker.inputs[0].type.shape, taker.inputs[0].strides)) return {};
  const std::optional<int> from = writer_of(launches, at);
  if (!from || launches[size_t(*from)].primitive->code() != OpCode::linear) return {};
  const LaunchPlan& giver = launches[size_t(*from)];
  const auto& product = as<Linear>(*giver.primitive);
  const std::optional<LinearProblem> made = linear_problem(giver);
  if (product.weights != 1 || product.gate != Gate::none || product.norm || !made || made->weight != DType::bf16 || made->rows != wanted->k) return {};
  if (linear_path(*made, caps) != path || made->tokens != wanted->tokens) return {};
  // Rows whose squares are summed where they are computed: a power of two of them.
  const int64_t rows = path == LinearPath::skinny ? skinny_rows(*made) : coop_shape(giver, *made, caps).columns / 2;
  if (!std::has_single_bit(uint64_t(rows)) || (path == LinearPath::skinny && rows > 32) || wanted->k % (4 * rows) != 0) return {};
  // The norm's weight must be there by then.
  const OperandPlace& weight = taker.places[op.norm_input()];
  if (size_t(weight.buffer) < temporary.size() && temporary[size_t(weight.buffer)]) return {};
  for (const LaunchPlan& launch : launches)
    for (size_t operand = launch.inputs.size(); operand < launch.places.size(); ++operand)
      if (launch.places[operand].buffer == weight.buffer) return {};
  return ProductPair{*from, at, path == LinearPath::skinny ? skinny_shape(*wanted).blocks : 0, wanted->tokens, wanted->k, wanted->k / rows, op.norm_offset};
}

}  // namespace

Formats choose_formats(std::vector<LaunchPlan>& launches, const std::vector<bool>& temporary, const Capabilities& caps, const std::vector<int>& keep,
                       bool ordered) {
  Formats formats;
  formats.fragments.resize(temporary.size());
  std::vector<std::vector<Use>> uses(temporary.size());
  for (size_t i = 0; i < launches.size(); ++i) {
    for (size_t operand = 0; operand < launches[i].places.size(); ++operand) {
      const size_t buffer = size_t(launches[i].places[operand].buffer);
      if (buffer < temporary.size() && temporary[buffer]) uses[buffer].push_back({int(i), int(operand)});
    }
  }
  for (size_t buffer = 0; buffer < uses.size(); ++buffer) {
    if (uses[buffer].empty() || std::find(keep.begin(), keep.end(), int(buffer)) != keep.end()) continue;
    const std::optional<Format> format = half_format(launches, uses[buffer], caps, ordered);
    if (!format) continue;
    for (const Use& use : uses[buffer]) {
      LaunchPlan& launch = launches[size_t(use.launch)];
      const size_t inputs = launch.inputs.size();
      (size_t(use.operand) < inputs ? launch.inputs[size_t(use.operand)] : launch.outputs[size_t(use.operand) - inputs]).type.dtype = format->dtype;
    }
    formats.halved.push_back(int(buffer));
    formats.fragments[buffer] = format->blocks;
  }
  for (size_t i = 0; ordered && i < launches.size(); ++i) {
    const std::optional<ProductPair> pair = pair_at(launches, temporary, caps, int(i));
    if (!pair || std::any_of(formats.pairs.begin(), formats.pairs.end(), [&](const ProductPair& other) { return other.giver == pair->giver; })) continue;
    formats.pairs.push_back(*pair);
  }
  for (const ProductPair& pair : formats.pairs) {
    LaunchPlan& giver = launches[size_t(pair.giver)];
    const LaunchPlan& taker = launches[size_t(pair.taker)];
    const size_t weight = as<Linear>(*taker.primitive).norm_input();
    giver.places.insert(giver.places.begin() + long(giver.inputs.size()), taker.places[weight]);
    giver.inputs.push_back(taker.inputs[weight]);
  }
  return formats;
}

}  // namespace mlxc::vulkan
