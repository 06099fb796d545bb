// Linear layers: weights of one dtype share a dispatch, up to three; linear_shapes.cpp chooses the kernel.
#include "backend/vulkan/lower_linear.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "backend/vulkan/product.h"
#include "ops/matmul.h"

namespace mlxc::vulkan {
namespace {

constexpr int64_t kLimit = int64_t(1) << 30;  // of every size that a kernel multiplies by bytes in 32 bits
constexpr size_t kWeightsAtOnce = 3;          // what fits beside their biases and outputs into 128 bytes of arguments

uint32_t kind_of(DType dtype) { return dtype == DType::f32 ? 0 : dtype == DType::f16 ? 1 : 2; }

bool starts_aligned(const LaunchPlan& plan, size_t operand, int64_t bytes = 16) { return plan.places[operand].offset_bytes % bytes == 0; }

// kernels/linear.glsl, FORM.
struct Form {
  bool aligned = false, wide = false, norm = false, residual = false, bias = false;
  bool gives = false, takes = false, drop = false;
  Gate gate = Gate::none, activation = Gate::none;
  int y_blocks = 0;
  DType x = DType::f32, y = DType::f32, norm_weight = DType::f32;
  DType biases[kWeightsAtOnce] = {DType::f32, DType::f32, DType::f32};

  uint32_t bits() const {
    uint32_t value = uint32_t(aligned) | uint32_t(wide) << 1 | uint32_t(norm) << 2 | uint32_t(residual) << 3 | uint32_t(bias) << 4;
    value |= uint32_t(gate) << 5 | kind_of(x) << 8 | kind_of(y) << 10 | kind_of(norm_weight) << 12;
    for (size_t i = 0; i < kWeightsAtOnce; ++i) value |= kind_of(biases[i]) << (14 + 2 * i);
    value |= uint32_t(std::bit_width(uint32_t(y_blocks))) << 20 | uint32_t(gives) << 23 | uint32_t(takes) << 24;
    value |= uint32_t(activation) << 25 | uint32_t(drop) << 28;
    return value;
  }
};
static_assert(int(Gate::silu) == 1 && int(Gate::gelu_tanh) == 2 && int(Gate::gelu_erf) == 3 && int(Gate::relu) == 4);

// x as a product reads it.
struct Activations {
  Ref ref;
  DType dtype;
  int64_t stride;  // of a row; in the order of the fragments: 0
  int blocks = 0;  // > 0: in the order of linear_skinny's fragments for so many blocks of 8 tokens
  int64_t pieces = 0;
  bool aligned = false;
};

class LinearLowering {
 public:
  explicit LinearLowering(Emitter& emitter)
      : emitter_(emitter), plan_(emitter.plan()), caps_(emitter.caps()), op_(as<Linear>(*plan_.primitive)) {}

  void run() {
    int64_t stride = 0;
    if (!uniform_rows(plan_.inputs[0], &tokens_, &stride)) no_kernel(plan_);
    k_ = plan_.inputs[0].type.shape.back();
    if (tokens_ == 0) return;
    if (stride < 0 || stride >= kLimit || k_ >= kLimit || tokens_ >= kLimit) no_kernel(plan_);
    x_ = {emitter_.input(0), plan_.inputs[0].type.dtype, stride, 0, 0, false};
    x_.aligned = starts_aligned(plan_, 0) && k_ % 8 == 0 && (tokens_ == 1 || stride * size_of(x_.dtype) % 16 == 0);
    if (op_.gate != Gate::none) {
      if (weight(0).dtype != weight(1).dtype) no_kernel(plan_);
      return emit({0, 1});
    }
    std::vector<bool> done(size_t(op_.weights), false);
    for (size_t first = 0; first < done.size(); ++first) {
      std::vector<size_t> together;
      for (size_t i = first; i < done.size() && together.size() < kWeightsAtOnce; ++i) {
        if (done[i] || weight(i).dtype != weight(first).dtype) continue;
        done[i] = true;
        if (weight(i).shape[0] > 0) together.push_back(i);
      }
      if (!together.empty()) emit(together);
    }
  }

 private:
  const TensorType& weight(size_t i) const { return plan_.inputs[1 + i].type; }
  int64_t rows(size_t i) const { return weight(i).shape[0]; }

  LinearProblem problem(const std::vector<size_t>& weights) const {
    LinearProblem problem;
    problem.tokens = tokens_;
    problem.k = k_;
    problem.weight = weight(weights[0]).dtype;
    problem.native = op_.precision == Precision::native;
    problem.gated = op_.gate != Gate::none;
    problem.aligned = k_ % 8 == 0;
    for (size_t i : weights) {
      problem.rows += rows(i);
      problem.aligned = problem.aligned && starts_aligned(plan_, 1 + i);
    }
    return problem;
  }

  void emit(const std::vector<size_t>& weights) {
    for (size_t i : weights) {
      if (rows(i) >= kLimit) no_kernel(plan_);
    }
    if (rows(weights[0]) == 0) return;  // gated
    const LinearProblem problem = this->problem(weights);
    switch (linear_path(problem, caps_)) {
      case LinearPath::vec: return emit_vec(problem, weights);
      case LinearPath::tile: return is_product(weights) ? emit_products(weights) : emit_tile(problem, weights);
      case LinearPath::skinny: return emit_skinny(problem, weights);
      case LinearPath::coop: return emit_coop(problem, weights);
    }
  }

  // ---- activations ----

  // x in another type, order or normalised, in scratch memory: one dispatch, shared by the products that want the same.
  Activations pack(DType dtype, int blocks, int64_t pieces) {
    for (const Activations& packed : packed_) {
      if (packed.dtype == dtype && packed.blocks == blocks && packed.pieces == pieces) return packed;
    }
    Form form;
    form.norm = op_.norm;
    form.x = x_.dtype;
    form.y = dtype;
    form.aligned = x_.aligned;
    Ref norm = emitter_.input(1);
    if (op_.norm) {
      norm = emitter_.input(op_.norm_input());
      form.norm_weight = plan_.inputs[op_.norm_input()].type.dtype;
      form.aligned = form.aligned && starts_aligned(plan_, op_.norm_input());
    }
    const int64_t lines = blocks ? blocks * 8 : tokens_, bytes = lines * pieces * 8 * size_of(dtype);
    Activations packed{emitter_.scratch(bytes), dtype, blocks ? 0 : pieces * 8, blocks, pieces, k_ % 8 == 0};
    const int64_t size = std::min<int64_t>(op_.norm && pieces > 256 ? 512 : 256, caps_.workgroup_invocations);
    const int64_t parts = op_.norm ? 1 : divide_up(pieces, size);
    const int64_t held = divide_up(pieces, size), most_held = 4;  // of a thread's registers
    Words words;
    words.u(tokens_).u(k_).u(x_.stride).u(pieces).u(parts).f(op_.norm_eps).f(op_.norm_offset);
    emitter_.dispatch({"linear_pack", {form.bits(), uint32_t(size), uint32_t(blocks), uint32_t(held <= most_held ? held : 0)}},
                      emitter_.row(tokens_ * parts), {read(x_.ref), read(norm), write(packed.ref)}, words,
                      {0, double(x_.ref.bytes + bytes)});
    packed_.push_back(packed);
    return packed;
  }

  // As rows of float32; normalised unless the product does that itself.
  Activations floats(bool product_norms) {
    if (x_.dtype == DType::f32 && (!op_.norm || product_norms)) return x_;
    return pack(DType::f32, 0, divide_up(k_, 8));
  }

  // Rows that lie as a product on tensor cores wants them.
  bool is_ready(DType dtype) const { return x_.dtype == dtype && !op_.norm && x_.aligned && (tokens_ == 1 || x_.stride == k_); }

  // ---- products ----

  Form form_of(const std::vector<size_t>& weights, const Activations& x) const {
    Form form;
    form.x = x.dtype;
    form.aligned = x.aligned && k_ % 8 == 0;
    form.residual = op_.residual;
    form.bias = op_.has_bias;
    form.gate = op_.gate;
    form.activation = op_.activation;
    form.drop = op_.drop.on;
    form.wide = !op_.residual || starts_aligned(plan_, op_.residual_input());
    form.takes = emitter_.takes();
    form.gives = emitter_.gives();
    if (form.gives) form.norm_weight = plan_.inputs.back().type.dtype;
    for (size_t at = 0; at < weights.size(); ++at) {
      const size_t i = weights[at];
      form.aligned = form.aligned && starts_aligned(plan_, 1 + i);
      form.wide = form.wide && rows(i) % 4 == 0;
      if (op_.has_bias) form.biases[at] = plan_.inputs[op_.bias_input(int(i))].type.dtype;
      if (form.gate != Gate::none && i > 0) continue;
      if (i == 0) form.y_blocks = emitter_.fragments(plan_.inputs.size());
      form.wide = form.wide && starts_aligned(plan_, plan_.inputs.size() + i);
      form.y = plan_.outputs[i].type.dtype;
    }
    return form;
  }

  void dispatch(Kernel kernel, int64_t groups, const std::vector<size_t>& weights, const Activations& x, bool norm,
                const LinearProblem& problem, const Argument* partial = nullptr, const Argument* counters = nullptr) {
    const Argument none = read(emitter_.input(1 + weights[0]));
    const bool gated = op_.gate != Gate::none;
    std::vector<Argument> arguments{read(x.ref), none, none};
    if (partial)
      arguments[1] = *partial;
    else if (norm)
      arguments[1] = read(emitter_.input(op_.norm_input()));
    if (op_.residual)
      arguments[2] = read(emitter_.input(op_.residual_input()));
    else if (counters)
      arguments[2] = *counters;
    for (size_t i = 0; i < kWeightsAtOnce; ++i) arguments.push_back(i < weights.size() ? read(emitter_.input(1 + weights[i])) : none);
    if (op_.drop) {
      arguments[4] = read(emitter_.input(plan_.inputs.size() - 2));
      arguments[5] = read(emitter_.input(plan_.inputs.size() - 1));
    }
    const Handover* gives = emitter_.gives();
    if (gives) arguments[4] = read(emitter_.input(plan_.inputs.size() - 1));
    if (op_.residual && counters) arguments.back() = *counters;  // a residual comes with one weight
    for (size_t i = 0; i < kWeightsAtOnce; ++i)
      arguments.push_back(op_.has_bias && i < weights.size() ? read(emitter_.input(op_.bias_input(int(weights[i])))) : none);
    double bytes = double(x.ref.bytes) + double(problem.rows * k_ * size_of(problem.weight));
    for (size_t i = 0; i < kWeightsAtOnce; ++i) {
      const bool there = i < weights.size() && !(gated && i > 0);
      arguments.push_back(there ? write(emitter_.output(weights[i])) : none);
      if (there) bytes += double(emitter_.output(weights[i]).bytes);
    }
    if (op_.drop) {
      const float values[2]{op_.drop.probability, op_.drop.scale};
      arguments[arguments.size() - 2] = read(emitter_.table(values, sizeof values));
    }
    if (gives) {
      arguments[arguments.size() - 2] = write(gives->values);
      arguments.back() = write(gives->squares);
    }
    Words words;
    words.u(tokens_).u(k_);
    for (size_t i = 0; i < kWeightsAtOnce; ++i) words.u(i < weights.size() ? rows(weights[i]) : 0);
    words.u(x.stride).f(op_.norm_eps).f(gives ? gives->norm_offset : op_.norm_offset);
    emitter_.dispatch(std::move(kernel), emitter_.row(groups), std::move(arguments), words,
                      {2.0 * double(tokens_) * double(k_) * double(problem.rows), bytes});
  }

  // Blocks of so many columns of a tile; gated: half of each weight.
  int64_t blocks(const std::vector<size_t>& weights, int64_t columns) const {
    if (op_.gate != Gate::none) return divide_up(rows(0), columns / 2);
    int64_t count = 0;
    for (size_t i : weights) count += divide_up(rows(i), columns);
    return count;
  }

  void emit_vec(const LinearProblem& problem, const std::vector<size_t>& weights) {
    const Activations x = floats(true);
    const bool norm = op_.norm && x_.dtype == DType::f32;
    Form form = form_of(weights, x);
    if (norm) {
      form.norm = true;
      form.norm_weight = plan_.inputs[op_.norm_input()].type.dtype;
      form.aligned = form.aligned && starts_aligned(plan_, op_.norm_input());
    }
    struct Shape {
      int64_t size, rows, columns, depth;
    };
    Shape shape = tokens_ == 1   ? Shape{256, 2, 1, 2}
                  : tokens_ == 2 ? Shape{256, 4, 2, 1}
                  : tokens_ <= 4 ? Shape{128, 4, 4, 1}
                                 : Shape{128, 4, 8, 1};
    // Rows shorter than the workgroup leave lanes idle.
    const int64_t lanes = std::max<int64_t>(64, int64_t(std::bit_ceil(uint64_t(divide_up(k_, 8)))));
    shape.size = std::min({shape.size, lanes, int64_t(caps_.workgroup_invocations)});
    if (lanes <= shape.size) shape.depth = 1;
    const int64_t subgroups =
        shape.size / std::max<int64_t>(1, std::min<int64_t>(caps_.min_subgroup ? caps_.min_subgroup : 4, caps_.subgroup_size));
    Kernel kernel{cat("linear_vec.", short_name(problem.weight)),
                  {form.bits(), uint32_t(shape.size), uint32_t(shape.rows), uint32_t(shape.columns), uint32_t(shape.depth),
                   uint32_t(subgroups), uint32_t(!caps_.software || shape.rows * shape.columns <= 2)}};
    dispatch(std::move(kernel), blocks(weights, shape.rows), weights, x, norm, problem);
  }

  // Layers of float32 that have no gate and hand no norm on are products of matrices, each of its own: those have kernels for tiles of
  // all sizes and for a few rows, as the first halves of adapters and layers that tell classes apart are.
  bool is_product(const std::vector<size_t>& weights) const {
    const bool more = op_.gate != Gate::none || (op_.residual && op_.drop) || emitter_.gives() || emitter_.takes();
    if (op_.residual && plan_.inputs[op_.residual_input()].type.dtype != DType::f32) return false;
    const bool fits = tokens_ * std::max(x_.stride, round_up(k_, 8)) < most_elements(4);  // Matrix::fits
    return !more && fits && std::all_of(weights.begin(), weights.end(), [&](size_t i) {
      const bool float_bias = !op_.has_bias || plan_.inputs[op_.bias_input(int(i))].type.dtype == DType::f32;
      return weight(i).dtype == DType::f32 && plan_.outputs[i].type.dtype == DType::f32 && float_bias &&
             std::max(tokens_, k_) * rows(i) < most_elements(4);
    });
  }
  void emit_products(const std::vector<size_t>& weights) {
    const Activations x = floats(false);
    const Matrix a{x.ref, tokens_, k_, x.stride, 1, int64_t(sizeof(float)), {}};
    for (size_t i : weights) {
      const Matrix b{emitter_.input(1 + i), k_, rows(i), 1, k_, int64_t(sizeof(float)), {}};
      ProductEnd end{.bias = {}, .activation = op_.activation, .drop = op_.drop};
      if (op_.has_bias) end.bias = emitter_.input(op_.bias_input(int(i)));
      if (op_.residual) end.residual = emitter_.input(op_.residual_input());
      if (op_.drop) {
        end.low = emitter_.input(plan_.inputs.size() - 2);
        end.high = emitter_.input(plan_.inputs.size() - 1);
      }
      emit_product(emitter_, {}, a, b, {emitter_.output(i), tokens_, rows(i), rows(i), 1, int64_t(sizeof(float)), {}}, ProductInto::all,
                   end);
    }
  }

  void emit_tile(const LinearProblem& problem, const std::vector<size_t>& weights) {
    const Activations x = floats(false);
    struct Tile {
      int64_t tokens, columns, my_tokens, my_columns;
      int64_t size() const { return tokens / my_tokens * (columns / my_columns); }
    };
    // Large tiles read less; small ones fill the device, and share out k, whose loads they would wait for.
    Tile tile{128, 128, 8, 8};
    const int64_t enough = caps_.multiprocessors ? caps_.multiprocessors : 16;
    auto count = [&](int64_t size) { return divide_up(tokens_, size) * blocks(weights, size); };
    if (caps_.software || tokens_ < 128 || count(128) < enough || tile.size() > caps_.workgroup_invocations) tile = {64, 64, 4, 4};
    if (tokens_ <= 32 || (!caps_.software && count(64) < enough) || tile.size() > caps_.workgroup_invocations) tile = {32, 32, 4, 4};
    const int64_t slices = tile.tokens == 32 && k_ >= 128 && 4 * tile.size() <= caps_.workgroup_invocations ? 4 : 1;
    Kernel kernel{cat("linear_tile.", short_name(problem.weight)),
                  {form_of(weights, x).bits(), uint32_t(tile.size() * slices), uint32_t(tile.tokens), uint32_t(tile.columns),
                   uint32_t(tile.my_tokens), uint32_t(tile.my_columns), uint32_t(slices)}};
    dispatch(std::move(kernel), divide_up(tokens_, tile.tokens) * blocks(weights, tile.columns), weights, x, false, problem);
  }

  void emit_skinny(const LinearProblem& problem, const std::vector<size_t>& weights) {
    const SkinnyShape shape = skinny_shape(problem);
    const Handover* takes = emitter_.takes();
    Activations x = x_;
    if (takes)
      x = {takes->values, problem.weight, 0, shape.blocks, k_ / 8, true};
    else if (emitter_.fragments(0))
      x = {x_.ref, problem.weight, 0, shape.blocks, k_ / 8, true};
    else if (!is_ready(problem.weight))
      x = pack(problem.weight, shape.blocks, round_up(k_ / 8, 4 * shape.depth));
    Kernel kernel{cat("linear_skinny.", short_name(problem.weight), "_b", shape.blocks, "_t", shape.tiles, "_d", shape.depth),
                  {form_of(weights, x).bits(), uint32_t(32 * shape.side * shape.split), uint32_t(shape.split), uint32_t(shape.side),
                   uint32_t(x.blocks > 0), uint32_t(k_ % (32 * shape.depth) != 0), uint32_t(takes ? takes->groups : 4)}};
    kernel.subgroup = caps_.subgroup_control ? 32 : 0;
    const Argument squares = takes ? read(takes->squares) : read(x.ref);
    dispatch(std::move(kernel), blocks(weights, 16 * shape.tiles * shape.side), weights, x, false, problem, takes ? &squares : nullptr);
  }

  void emit_coop(const LinearProblem& problem, const std::vector<size_t>& weights) {
    const Activations x = is_ready(problem.weight) ? x_ : pack(problem.weight, 0, k_ / 8);
    std::vector<int64_t> n;
    n.reserve(weights.size());
    for (size_t i : weights) n.push_back(rows(i));
    const CoopShape shape = coop_shape(problem, n, caps_);
    const int64_t each = op_.gate != Gate::none ? shape.columns / 2 : shape.columns;
    const bool edge_columns = std::any_of(n.begin(), n.end(), [&](int64_t rows) { return rows % each != 0; });
    const int64_t tiles = divide_up(tokens_, shape.tokens) * blocks(weights, shape.columns);
    Kernel kernel{cat("linear_coop.", short_name(problem.weight), "_", shape.tokens, "x", shape.columns),
                  {form_of(weights, x).bits(), 128, uint32_t(k_), uint32_t(tokens_ % shape.tokens != 0), uint32_t(edge_columns),
                   uint32_t(shape.split)}};
    kernel.subgroup = caps_.subgroup_control ? 32 : 0;
    if (shape.split == 1) return dispatch(std::move(kernel), tiles, weights, x, false, problem);
    const Argument partial = update(emitter_.scratch(tiles * shape.split * shape.tokens * shape.columns * int64_t(sizeof(float))));
    const Argument counters = update(emitter_.counters(tiles * int64_t(sizeof(uint32_t))));
    dispatch(std::move(kernel), tiles * shape.split, weights, x, false, problem, &partial, &counters);
  }

  static const char* short_name(DType dtype) { return dtype == DType::f32 ? "f32" : dtype == DType::f16 ? "f16" : "bf16"; }

  Emitter& emitter_;
  const LaunchPlan& plan_;
  const Capabilities& caps_;
  const Linear& op_;
  int64_t tokens_ = 0, k_ = 0;
  Activations x_{};
  std::vector<Activations> packed_;
};

}  // namespace

void lower_linear(Emitter& emitter) { LinearLowering(emitter).run(); }

std::optional<LinearProblem> linear_problem(const LaunchPlan& launch) {
  const auto& op = as<Linear>(*launch.primitive);
  LinearProblem problem;
  int64_t stride;
  problem.k = launch.inputs[0].type.shape.back();
  if (problem.k == 0 || !uniform_rows(launch.inputs[0], &problem.tokens, &stride)) return {};
  problem.weight = launch.inputs[1].type.dtype;
  problem.native = op.precision == Precision::native;
  problem.gated = op.gate != Gate::none;
  problem.aligned = problem.k % 8 == 0;
  for (int i = 0; i < op.weights; ++i) {
    const TensorType& weight = launch.inputs[size_t(i) + 1].type;
    if (weight.dtype != problem.weight) return {};
    problem.rows += weight.shape[0];
    problem.aligned = problem.aligned && starts_aligned(launch, size_t(i) + 1);
  }
  return problem;
}

}  // namespace mlxc::vulkan
