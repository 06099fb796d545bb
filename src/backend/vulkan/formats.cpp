#include "backend/vulkan/formats.h"

#include <algorithm>
#include <optional>

#include "backend/vulkan/attention.h"
#include "backend/vulkan/lower_linear.h"
#include "backend/vulkan/reduce_glsl.h"
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

std::optional<Format> half_format(const std::vector<LaunchPlan>& launches, const std::vector<Use>& uses, const Capabilities& caps,
                                  bool ordered) {
  int producers = 0;
  std::optional<Format> format;
  bool fragments = ordered;
  for (const Use& use : uses) {
    const LaunchPlan& launch = launches[size_t(use.launch)];
    const bool written = is_written(launch, size_t(use.operand));
    const OperandType& operand = operand_of(launch, size_t(use.operand));
    if (use.operand != (written ? int(launch.inputs.size()) : 0) || operand.type.dtype != DType::f32 ||
        launch.places[size_t(use.operand)].offset_bytes != 0)
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
    fragments = fragments && blocks > 0 && blocks * 8 <= 2 * problem->tokens && (!format || format->blocks == blocks) &&
                operand.type.shape[0] == problem->tokens;
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
      const bool same = operand == launch.inputs.size() && launch.outputs.size() == 1 &&
                        launch.places[operand].offset_bytes == reader.places[0].offset_bytes && output.type == reader.inputs[0].type &&
                        output.strides == reader.inputs[0].strides;
      return same ? std::optional<int>(i) : std::nullopt;
    }
  }
  return {};
}

// A product whose output the product `at` normalises and multiplies next. bfloat16 only: values that are not normalised yet may be large.
std::optional<ProductPair> pair_at(const std::vector<LaunchPlan>& launches, const std::vector<bool>& temporary, const Capabilities& caps,
                                   int at) {
  const LaunchPlan& taker = launches[size_t(at)];
  if (taker.primitive->code() != OpCode::linear || !as<Linear>(*taker.primitive).norm) return {};
  const auto& op = as<Linear>(*taker.primitive);
  const std::optional<LinearProblem> wanted = linear_problem(taker);
  if (!wanted || wanted->weight != DType::bf16 || taker.inputs[0].type.dtype != DType::f32) return {};
  if (!blocks_read(*wanted, caps)) return {};
  if (!is_contiguous(taker.inputs[0].type.shape, taker.inputs[0].strides)) return {};
  const std::optional<int> from = writer_of(launches, at);
  if (!from || launches[size_t(*from)].primitive->code() != OpCode::linear) return {};
  const LaunchPlan& giver = launches[size_t(*from)];
  const auto& product = as<Linear>(*giver.primitive);
  const std::optional<LinearProblem> made = linear_problem(giver);
  if (product.weights != 1 || product.gate != Gate::none || product.activation != Gate::none || product.drop || product.norm || !made ||
      made->weight != DType::bf16 || made->rows != wanted->k)
    return {};
  if (linear_path(*made, caps) != LinearPath::skinny || made->tokens != wanted->tokens) return {};
  const int64_t rows = skinny_rows(*made);  // whose squares are summed where they are computed, in one subgroup
  if (rows > 32 || wanted->k % (4 * rows) != 0) return {};
  // The norm's weight must be there by then.
  const OperandPlace& weight = taker.places[op.norm_input()];
  if (size_t(weight.buffer) < temporary.size() && temporary[size_t(weight.buffer)]) return {};
  for (const LaunchPlan& launch : launches)
    for (size_t operand = launch.inputs.size(); operand < launch.places.size(); ++operand)
      if (launch.places[operand].buffer == weight.buffer) return {};
  return ProductPair{*from, at, skinny_shape(*wanted).blocks, wanted->tokens, wanted->k, wanted->k / rows, op.norm_offset};
}

// Inputs of rope_kv_write that its attention does not have: q, k, v, frequencies, weights of norms.
std::vector<size_t> read_besides(const LaunchPlan& rotation) {
  std::vector<size_t> inputs{2, 3, 4, 6};
  for (size_t i = 9; i < rotation.inputs.size(); ++i) inputs.push_back(i);
  return inputs;
}

bool same_place(const OperandPlace& a, const OperandPlace& b) { return a.buffer == b.buffer && a.offset_bytes == b.offset_bytes; }

// Whether nothing after launch `at` reads the temporary buffer, whose memory may hold something else later.
bool unread_after(const std::vector<LaunchPlan>& launches, const std::vector<bool>& temporary, size_t at, int buffer) {
  if (size_t(buffer) >= temporary.size() || !temporary[size_t(buffer)]) return false;
  for (size_t i = at + 1; i < launches.size(); ++i) {
    for (size_t operand = 0; operand < launches[i].inputs.size(); ++operand)
      if (launches[i].places[operand].buffer == buffer) return false;
    for (size_t operand = launches[i].inputs.size(); operand < launches[i].places.size(); ++operand)
      if (launches[i].places[operand].buffer == buffer) return true;
  }
  return true;
}

// Whether attention right after a rotation reads its queries and pages, for the same tokens, and nobody else reads the queries.
bool attends_rotation(const std::vector<LaunchPlan>& launches, const std::vector<bool>& temporary, size_t at) {
  const LaunchPlan &rotation = launches[at], &attention = launches[at + 1];
  const size_t outputs = rotation.inputs.size();
  const OperandPlace& queries = rotation.places[outputs + 2];
  if (!same_place(queries, attention.places[0]) || !same_place(rotation.places[outputs], attention.places[1]) ||
      !same_place(rotation.places[outputs + 1], attention.places[2]))
    return false;
  if (!same_place(rotation.places[7], attention.places[3]) || !same_place(rotation.places[8], attention.places[4]) ||
      !same_place(rotation.places[5], attention.places[5]))
    return false;
  return unread_after(launches, temporary, at + 1, queries.buffer);
}

// Whether the reduction right after a chain reads its result, and nobody else does.
bool reduces_chain(const std::vector<LaunchPlan>& launches, const std::vector<bool>& temporary, size_t at) {
  const LaunchPlan &chain = launches[at], &reduction = launches[at + 1];
  const OperandPlace& made = chain.places[chain.inputs.size()];
  // What the reduction writes must not lie where the chain's inputs do.
  for (size_t i = 0; i < chain.inputs.size(); ++i)
    for (size_t output = reduction.inputs.size(); output < reduction.places.size(); ++output)
      if (chain.places[i].buffer == reduction.places[output].buffer) return false;
  return same_place(made, reduction.places[0]) && unread_after(launches, temporary, at + 1, made.buffer);
}

std::vector<size_t> all_inputs(const LaunchPlan& launch) {
  std::vector<size_t> inputs;
  for (size_t i = 0; i < launch.inputs.size(); ++i) inputs.push_back(i);
  return inputs;
}

// Changes an operand to 16 bits; it keeps its place in elements.
void halve(LaunchPlan& launch, size_t operand, DType dtype) {
  const size_t inputs = launch.inputs.size();
  (operand < inputs ? launch.inputs[operand] : launch.outputs[operand - inputs]).type.dtype = dtype;
}

// Prompts: what a product leaves for the rotation, and the rotated queries. The pages and the attention round both. bfloat16 only, since
// heads that are not normalised yet may be large.
void halve_heads(std::vector<LaunchPlan>& launches, const std::vector<std::vector<Use>>& uses, const std::vector<bool>& free,
                 const Capabilities& caps, std::vector<int>& halved) {
  auto buffer_of = [&](size_t launch, size_t operand) { return size_t(launches[launch].places[operand].buffer); };
  // Whether a float32 buffer goes from there to here and nowhere else, as a whole.
  auto goes = [&](size_t from, size_t output, size_t to, size_t input) {
    const size_t buffer = buffer_of(to, input), written = launches[from].inputs.size() + output;
    if (buffer >= free.size() || !free[buffer] || uses[buffer].size() != 2 || buffer_of(from, written) != buffer) return false;
    const OperandType &a = launches[from].outputs[output], &b = launches[to].inputs[input];
    return a.type.dtype == DType::f32 && is_contiguous(a.type.shape, a.strides) && is_contiguous(b.type.shape, b.strides) &&
           element_count(a.type.shape) == element_count(b.type.shape) && launches[from].places[written].offset_bytes == 0 &&
           launches[to].places[input].offset_bytes == 0;
  };
  constexpr size_t kQueries = 2;  // q, k, v among the inputs of rope_kv_write; the rotated q among its outputs
  for (size_t i = 1; i + 1 < launches.size(); ++i) {
    if (launches[i].primitive->code() != OpCode::rope_kv_write || launches[i + 1].primitive->code() != OpCode::paged_attention) continue;
    const DType pages = launches[i + 1].inputs[1].type.dtype;
    if (pages != DType::bf16 || !goes(i, kQueries, i + 1, 0) || !takes_16_bit_queries(launches[i + 1], caps)) continue;
    halve(launches[i], launches[i].inputs.size() + kQueries, pages);
    halve(launches[i + 1], 0, pages);
    halved.push_back(launches[i + 1].places[0].buffer);

    LaunchPlan& product = launches[i - 1];
    const std::optional<LinearProblem> problem = product.primitive->code() == OpCode::linear ? linear_problem(product) : std::nullopt;
    if (!problem || problem->weight != DType::bf16 || linear_path(*problem, caps) != LinearPath::coop || product.outputs.size() != 3)
      continue;
    if (!goes(i - 1, 0, i, kQueries) || !goes(i - 1, 1, i, kQueries + 1) || !goes(i - 1, 2, i, kQueries + 2)) continue;
    for (size_t part = 0; part < 3; ++part) {
      halve(product, product.inputs.size() + part, DType::bf16);
      halve(launches[i], kQueries + part, DType::bf16);
      halved.push_back(launches[i].places[kQueries + part].buffer);
    }
  }
}

// A step of few tokens that streams through more memory than the device remembers the pages of.
constexpr int64_t kManyBytes = int64_t{6} << 30;

std::vector<Ahead> look_ahead(const std::vector<LaunchPlan>& launches, const Capabilities& caps) {
  std::vector<int> products;
  int64_t bytes = 0;
  for (size_t i = 0; i < launches.size(); ++i) {
    if (launches[i].primitive->code() != OpCode::linear) continue;
    const std::optional<LinearProblem> problem = linear_problem(launches[i]);
    if (!problem || problem->tokens > 64) return {};
    products.push_back(int(i));
    bytes += problem->rows * problem->k * size_of(problem->weight);
  }
  std::vector<Ahead> all;
  if (caps.software || bytes < kManyBytes) return all;
  // Where there is time: beside attention, which leaves most of the device idle, and at the end of the longest products.
  for (size_t i = 0; i < launches.size(); ++i) {
    const Primitive& primitive = *launches[i].primitive;
    if (primitive.code() != OpCode::paged_attention && !(primitive.code() == OpCode::linear && as<Linear>(primitive).gate != Gate::none))
      continue;
    Ahead ahead{int(i), {}};
    const auto next = std::upper_bound(products.begin(), products.end(), int(i));
    for (auto product = next; product != products.end() && product < next + 2; ++product)
      for (int weight = 0; weight < as<Linear>(*launches[size_t(*product)].primitive).weights; ++weight)
        ahead.weights.push_back({*product, size_t(1 + weight)});
    if (!ahead.weights.empty()) all.push_back(std::move(ahead));
  }
  return all;
}

}  // namespace

bool Formats::depends(int launch) const {
  return std::any_of(pairs.begin(), pairs.end(), [&](const ProductPair& pair) { return pair.giver == launch || pair.taker == launch; }) ||
         std::any_of(joined.begin(), joined.end(), [&](const Joined& join) { return join.launch == launch || join.by == launch; });
}

Formats choose_formats(std::vector<LaunchPlan>& launches, const std::vector<bool>& temporary, const Capabilities& caps,
                       const std::vector<int>& keep, bool ordered) {
  Formats formats;
  formats.fragments.resize(temporary.size());
  std::vector<std::vector<Use>> uses(temporary.size());
  for (size_t i = 0; i < launches.size(); ++i) {
    for (size_t operand = 0; operand < launches[i].places.size(); ++operand) {
      const size_t buffer = size_t(launches[i].places[operand].buffer);
      if (buffer < temporary.size() && temporary[buffer]) uses[buffer].push_back({int(i), int(operand)});
    }
  }
  std::vector<bool> free = temporary;  // to be changed
  for (int buffer : keep)
    if (size_t(buffer) < free.size()) free[size_t(buffer)] = false;
  for (size_t buffer = 0; buffer < uses.size(); ++buffer) {
    if (uses[buffer].empty() || !free[buffer]) continue;
    const std::optional<Format> format = half_format(launches, uses[buffer], caps, ordered);
    if (!format) continue;
    for (const Use& use : uses[buffer]) halve(launches[size_t(use.launch)], size_t(use.operand), format->dtype);
    formats.halved.push_back(int(buffer));
    formats.fragments[buffer] = format->blocks;
  }
  halve_heads(launches, uses, free, caps, formats.halved);
  for (size_t i = 0; ordered && i < launches.size(); ++i) {
    const std::optional<ProductPair> pair = pair_at(launches, temporary, caps, int(i));
    if (!pair ||
        std::any_of(formats.pairs.begin(), formats.pairs.end(), [&](const ProductPair& other) { return other.giver == pair->giver; }))
      continue;
    formats.pairs.push_back(*pair);
  }
  for (size_t i = 0; ordered && i + 1 < launches.size(); ++i) {
    const bool rotates = joins_rotation(launches[i], launches[i + 1], caps) && attends_rotation(launches, temporary, i);
    if (!rotates && !(joins_reduction(launches[i], launches[i + 1]) && reduces_chain(launches, temporary, i))) continue;
    LaunchPlan& by = launches[i + 1];
    for (size_t input : rotates ? read_besides(launches[i]) : all_inputs(launches[i])) {
      by.places.insert(by.places.begin() + long(by.inputs.size()), launches[i].places[input]);
      by.inputs.push_back(launches[i].inputs[input]);
    }
    formats.joined.push_back({int(i), int(i) + 1});
  }
  formats.ahead = look_ahead(launches, caps);
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
