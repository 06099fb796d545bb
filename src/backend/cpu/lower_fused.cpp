// Elementwise chains: an interpreter over tiles that stay in the first-level cache, each step one call of a vectorised kernel.
#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <vector>

#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/kernels/scratch.h"
#include "backend/cpu/lower.h"
#include "base/cpu.h"
#include "graph/pass_ops.h"
#include "ops/elementwise.h"
#include "ops/normalization.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kTile = 1024;      // elements
constexpr int64_t kSmallTile = 512;  // of long arrays, where tiles would leave little of the first-level cache to what memory sends
constexpr int64_t kTileBytes = kTile * 8;
constexpr int64_t kSlotBytes = kTileBytes + 2048 + 64;  // apart: neighbours do not want the same sets of the cache
constexpr int64_t kFetchCount = 1 << 15;                // elements that the caches next to the core do not hold
constexpr int64_t kLongCount = 1 << 20;                 // elements that come from memory rather than from caches
constexpr int64_t kFetchTiles = 3;                      // ahead, of operands that no kernel fetches
constexpr int64_t kGrain = 16384;                       // elements a thread takes at least

// 16-bit floats are computed in float32 and rounded after every step, so that fusing does not change results.
DType compute_type(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16 ? DType::f32 : dtype; }

std::optional<PairOp> pair_op(BinaryOp op, DType dtype) {
  if (dtype != DType::f32) return std::nullopt;
  switch (op) {
    case BinaryOp::add: return PairOp::add;
    case BinaryOp::subtract: return PairOp::subtract;
    case BinaryOp::multiply: return PairOp::multiply;
    default: return std::nullopt;
  }
}

// A tile of values: contiguous (step 1), or one value for all (step 0).
struct Tile {
  const std::byte* data;
  int64_t step;
};

struct Step {
  static constexpr int kNothing = -1, kOutput = -2;
  enum class Kind { constant, unary, binary, pair, joined, select, convert, dropout } kind = Kind::constant;
  UnaryFn unary = nullptr;  // also conversions
  BinaryFn binary = nullptr;
  UnaryFn unary_in_memory = nullptr;  // the same function where it fetches its operands' next tile
  BinaryFn binary_in_memory = nullptr;
  std::optional<PairOp> arithmetic;  // of float32
  PairOp before = PairOp::add;       // of a pair: what the step that is `joined` to it does
  PairFn pair = nullptr;
  int fetches[2] = {kNothing, kNothing};  // of a pair: inputs or the output in memory whose next tile it asks for
  WhereFn select = nullptr;
  float probability = 0;  // of a dropout
  int64_t item = 0;
  int arguments[3] = {-1, -1, -1};
  int slot = 0;                                      // tile of scratch memory for the result
  ConvertFn to_narrow = nullptr, to_wide = nullptr;  // rounding of 16-bit results
  alignas(8) std::byte constant[8] = {};
};

struct Input {
  Strides strides;  // over the collapsed shape
  DType dtype;
  int64_t item;
  bool contiguous;              // all of it: tiles may span rows
  int slot;                     // where it is gathered or converted to
  bool fetched = false;         // by the kernel of a step
  ConvertFn convert = nullptr;  // 16-bit to float32
};

class Evaluator {
 public:
  // to_memory: the result is an array, not tiles that the caller uses up at once.
  explicit Evaluator(const LaunchPlan& plan, bool to_memory = true) {
    const auto& fused = as<Fused>(*plan.primitive);
    collapse(plan);
    for (size_t i = 0; i < inputs_.size(); ++i) {
      inputs_[i].slot = slots_++;
      if (compute_type(inputs_[i].dtype) != inputs_[i].dtype) inputs_[i].convert = convert_function(inputs_[i].dtype, DType::f32);
    }
    std::vector<DType> types;
    for (const Input& input : inputs_) types.push_back(input.dtype);
    for (const FusedStep& from : fused.steps) {
      steps_.push_back(lower_step(from, types, plan));
      types.push_back(from.dtype);
    }
    join_pairs();
    share_slots();
    for (size_t i = 0; i < steps_.size(); ++i)
      if (computes(steps_[i])) work_.push_back(int(i));
    DType result = fused.steps.back().dtype;
    output_item_ = size_of(result);
    if (compute_type(result) != result) narrow_output_ = convert_function(DType::f32, result);
    if (count_ >= kLongCount && 2 * tile_bytes() > first_cache_bytes()) tile_ = kSmallTile;
    fetches_ = count_ >= kFetchCount && !cpu_features().runs_ahead;
    if (fetches_) choose_fetching(to_memory);
  }

  // Elements [first, first + n) of the result, on this thread.
  void part(std::byte* const* operands, int64_t first, int64_t n, std::byte* to) const {
    std::byte* slots = scratch<std::byte>(ScratchUse::tile, slots_ * kSlotBytes);
    std::vector<Tile> values = constants();
    while (n > 0) {
      const int64_t count = std::min(std::min(tile_, n), by_row() ? shape_.back() - first % shape_.back() : tile_);
      run_tile(operands, slots, values.data(), to, first, count);
      first += count;
      n -= count;
      to += count * output_item_;
    }
  }

  void run(ThreadPool& pool, std::byte* const* operands) const {
    const int64_t inner = shape_.rank() ? shape_.back() : 1;
    const bool by_row = this->by_row();
    int64_t tiles_per_row = (inner + tile_ - 1) / tile_;
    int64_t tiles = by_row ? count_ / inner * tiles_per_row : (count_ + tile_ - 1) / tile_;
    pool.parallel_for(tiles, std::max<int64_t>(1, kGrain / tile_), [&](int64_t begin, int64_t end, int) {
      std::byte* slots = scratch<std::byte>(ScratchUse::tile, slots_ * kSlotBytes);
      std::vector<Tile> values = constants();
      for (int64_t tile = begin; tile < end; ++tile) {
        int64_t first = by_row ? tile / tiles_per_row * inner + tile % tiles_per_row * tile_ : tile * tile_;
        int64_t n = by_row ? std::min(tile_, inner - tile % tiles_per_row * tile_) : std::min(tile_, count_ - first);
        std::byte* out = operands[inputs_.size()] + first * output_item_;
        if (!output_fetched_) fetch(out, n * output_item_);
        run_tile(operands, slots, values.data(), out, first, n);
      }
    });
  }

 private:
  // Tiles inside rows keep operands contiguous; short rows are gathered across.
  bool by_row() const { return shape_.rank() && shape_.back() >= kTile / 2; }

  // What a tile reads, keeps between its steps and writes.
  int64_t tile_bytes() const { return (slots_ + 1) * kTile * int64_t(sizeof(float)); }

  // The values that tiles begin with: those that no tile changes.
  std::vector<Tile> constants() const {
    std::vector<Tile> values(inputs_.size() + steps_.size());
    for (size_t i = 0; i < steps_.size(); ++i)
      if (steps_[i].kind == Step::Kind::constant) values[inputs_.size() + i] = {steps_[i].constant, 0};
    return values;
  }

  static bool computes(const Step& step) { return step.kind != Step::Kind::constant && step.kind != Step::Kind::joined; }

  // An addition, subtraction or multiplication that only another one of them reads is computed with it, in one pass over the tile.
  void join_pairs() {
    const int inputs = int(inputs_.size());
    std::vector<int> uses(inputs_.size() + steps_.size());
    for (const Step& step : steps_)
      for (int argument : step.arguments)
        if (argument >= 0) ++uses[size_t(argument)];
    for (Step& step : steps_) {
      if (step.kind != Step::Kind::binary || !step.arithmetic) continue;
      for (int side : {0, 1}) {
        const int argument = step.arguments[side], other = step.arguments[1 - side];
        if (argument < inputs || uses[size_t(argument)] != 1) continue;
        Step& before = steps_[size_t(argument - inputs)];
        if (before.kind != Step::Kind::binary || !before.arithmetic || before.to_narrow) continue;
        step.kind = Step::Kind::pair;
        step.before = *before.arithmetic;
        if (side == 1 && step.arithmetic == PairOp::subtract) step.arithmetic = PairOp::reverse_subtract;
        step.pair = pair_function(step.before, *step.arithmetic);
        const int operands[] = {before.arguments[0], before.arguments[1], other};
        std::copy_n(operands, 3, step.arguments);
        before.kind = Step::Kind::joined;
        std::fill_n(before.arguments, 3, -1);
        break;
      }
    }
  }

  // A step's result takes the slot of one that nobody reads any more: long chains stay in the first-level cache too.
  void share_slots() {
    const int inputs = int(inputs_.size());
    std::vector<int> last(steps_.size(), -1), unused;
    for (int i = 0; i < int(steps_.size()); ++i)
      for (int argument : steps_[size_t(i)].arguments)
        if (argument >= inputs) last[size_t(argument - inputs)] = i;
    for (int i = 0; i < int(steps_.size()); ++i) {
      if (!computes(steps_[size_t(i)])) continue;
      if (unused.empty()) unused.push_back(slots_++);
      steps_[size_t(i)].slot = unused.back();
      unused.pop_back();
      for (int before = 0; before < i; ++before)
        if (last[size_t(before)] == i && computes(steps_[size_t(before)])) unused.push_back(steps_[size_t(before)].slot);
    }
  }

  // The first step that reads an input from memory fetches its next tile, the last one that of the output: between arithmetic, where a step
  // can.
  void choose_fetching(bool to_memory) {
    for (Step& step : steps_) {
      const bool can = step.unary_in_memory != step.unary || step.binary_in_memory != step.binary;
      const bool writes = to_memory && &step == &steps_.back() && !narrow_output_;
      if (step.kind == Step::Kind::pair) {
        choose_fetching_of_pair(step, writes);
        continue;
      }
      bool fetches = writes;
      for (int argument : step.arguments) {
        if (!can || argument < 0 || argument >= int(inputs_.size())) continue;
        Input& input = inputs_[size_t(argument)];
        if (input.fetched || !input.contiguous || input.convert) continue;
        input.fetched = fetches = true;
      }
      if (!can || !fetches) continue;
      step.unary = step.unary_in_memory;
      step.binary = step.binary_in_memory;
      output_fetched_ |= writes;
    }
  }

  void choose_fetching_of_pair(Step& step, bool writes) {
    int count = 0;
    if (writes) {
      step.fetches[count++] = Step::kOutput;
      output_fetched_ = true;
    }
    for (int argument : step.arguments) {
      if (count == 2 || argument >= int(inputs_.size())) continue;
      Input& input = inputs_[size_t(argument)];
      if (input.fetched || !input.contiguous || input.convert) continue;
      input.fetched = true;
      step.fetches[count++] = argument;
    }
    if (count == 1) step.fetches[1] = step.fetches[0];
    if (count > 0) step.pair = pair_function(step.before, *step.arithmetic, best_isa(), Operands::in_memory);
  }

  // Drops axes of one element and merges neighbours that every operand walks through evenly.
  void collapse(const LaunchPlan& plan) {
    const Shape& shape = plan.outputs[0].type.shape;
    count_ = element_count(shape);
    for (const OperandType& input : plan.inputs) inputs_.push_back({Strides(), input.type.dtype, size_of(input.type.dtype), false, 0});
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] == 1) continue;
      bool merges = shape_.rank() > 0;
      for (size_t i = 0; i < inputs_.size() && merges; ++i)
        merges = inputs_[i].strides.back() == plan.inputs[i].strides[axis] * shape[axis];
      if (merges)
        shape_.back() *= shape[axis];
      else
        shape_.push_back(shape[axis]);
      for (size_t i = 0; i < inputs_.size(); ++i) {
        if (merges)
          inputs_[i].strides.back() = plan.inputs[i].strides[axis];
        else
          inputs_[i].strides.push_back(plan.inputs[i].strides[axis]);
      }
    }
    for (Input& input : inputs_) input.contiguous = input.strides == contiguous_strides(shape_);
  }

  Step lower_step(const FusedStep& from, const std::vector<DType>& types, const LaunchPlan& plan) {
    Step step;
    DType result = compute_type(from.dtype);
    if (!from.primitive) {
      double value = from.constant;
      if (result != from.dtype) {  // the constant as the 16-bit type has it
        std::byte narrow[8];
        float wide;
        convert_function(DType::f64, from.dtype)(&value, narrow, 1);
        convert_function(from.dtype, DType::f32)(narrow, &wide, 1);
        std::memcpy(step.constant, &wide, sizeof wide);
      } else {
        convert_function(DType::f64, result)(&value, step.constant, 1);
      }
      return step;
    }
    for (int i = 0; i < 3; ++i) step.arguments[i] = from.arguments[size_t(i)];
    auto type = [&](int i) { return compute_type(types[size_t(step.arguments[i])]); };
    switch (from.primitive->code()) {
      case OpCode::unary:
        step.kind = Step::Kind::unary;
        step.unary = unary_function(as<Unary>(*from.primitive).op, type(0));
        step.unary_in_memory = unary_function(as<Unary>(*from.primitive).op, type(0), best_isa(), Operands::in_memory);
        if (!step.unary) no_kernel(from, types, plan);
        break;
      case OpCode::binary:
        step.kind = Step::Kind::binary;
        step.binary = binary_function(as<Binary>(*from.primitive).op, type(0));
        step.binary_in_memory = binary_function(as<Binary>(*from.primitive).op, type(0), best_isa(), Operands::in_memory);
        if (!step.binary) no_kernel(from, types, plan);
        step.arithmetic = pair_op(as<Binary>(*from.primitive).op, type(0));
        break;
      case OpCode::select:
        step.kind = Step::Kind::select;
        step.select = where_function(size_of(type(1)));
        break;
      case OpCode::dropout:
        step.kind = Step::Kind::dropout;
        step.probability = as<Dropout>(*from.primitive).probability;
        step.item = size_of(type(0));
        break;
      case OpCode::cast:
        step.kind = Step::Kind::convert;
        step.unary = step.unary_in_memory = convert_function(type(0), result);
        break;
      default: no_kernel(from, types, plan);
    }
    if (result != from.dtype) {
      step.to_narrow = convert_function(DType::f32, from.dtype);
      step.to_wide = convert_function(from.dtype, DType::f32);
    }
    return step;
  }

  [[noreturn]] static void no_kernel(const FusedStep& step, const std::vector<DType>& types, const LaunchPlan&) {
    fail(Status::unsupported, "the CPU has no kernel for ", step.primitive->name(), " of ", name_of(types[size_t(step.arguments[0])]));
  }

  // Memory works on a tile to come while this one is computed.
  void fetch(const std::byte* tile, int64_t bytes) const {
    if (!fetches_) return;
    for (int64_t i = kFetchTiles * bytes; i < (kFetchTiles + 1) * bytes; i += 64) __builtin_prefetch(tile + i, 0, 3);
  }

  // n elements from flat position `first` of one input, as a tile of its compute type.
  Tile load(const Input& input, const std::byte* base, std::byte* slot, int64_t first, int64_t n) const {
    if (input.contiguous) {
      Tile tile{base + first * input.item, 1};
      if (!input.fetched) fetch(tile.data, n * input.item);
      if (input.convert) {
        input.convert(tile.data, slot, n);
        tile.data = slot;
      }
      return tile;
    }
    int rank = shape_.rank();
    int64_t inner = rank ? shape_.back() : 1, stride = rank ? input.strides.back() : 0;
    int64_t rest = first, offset = 0;
    Dims index = shape_;
    for (int axis = rank - 1; axis >= 0; --axis) {
      index[axis] = rest % shape_[axis];
      offset += index[axis] * input.strides[axis];
      rest /= shape_[axis];
    }
    bool in_row = rank == 0 || index.back() + n <= inner;
    bool constant = true;
    for (int64_t s : input.strides) constant &= s == 0;
    Tile tile{base + offset * input.item, 1};
    if (constant || (in_row && stride == 0)) {
      tile.step = 0;
    } else if (!(in_row && stride == 1)) {
      gather(input, base, slot, index, offset, n);
      tile.data = slot;
    }
    if (input.convert) {
      input.convert(tile.data, slot + (tile.data == slot ? kTileBytes / 2 : 0), tile.step ? n : 1);
      tile.data = slot + (tile.data == slot ? kTileBytes / 2 : 0);
    }
    return tile;
  }

  void gather(const Input& input, const std::byte* base, std::byte* to, Dims index, int64_t offset, int64_t n) const {
    int rank = shape_.rank();
    while (n > 0) {
      int64_t run = std::min(n, shape_.back() - index.back()), stride = input.strides.back();
      const std::byte* from = base + offset * input.item;
      switch (input.item) {
        case 1: copy_run<uint8_t>(from, to, run, stride); break;
        case 2: copy_run<uint16_t>(from, to, run, stride); break;
        case 4: copy_run<uint32_t>(from, to, run, stride); break;
        default: copy_run<uint64_t>(from, to, run, stride);
      }
      to += run * input.item;
      n -= run;
      offset += run * stride;
      index.back() += run;
      for (int axis = rank - 1; axis > 0 && index[axis] == shape_[axis]; --axis) {
        index[axis] = 0;
        offset += input.strides[axis - 1] - shape_[axis] * input.strides[axis];
        ++index[axis - 1];
      }
    }
  }

  template <class T>
  static void copy_run(const std::byte* from, std::byte* to, int64_t n, int64_t stride) {
    if (stride == 1) {
      std::memcpy(to, from, size_t(n) * sizeof(T));
    } else if (stride == 0) {
      T value;
      std::memcpy(&value, from, sizeof(T));
      for (int64_t i = 0; i < n; ++i) std::memcpy(to + i * int64_t(sizeof(T)), &value, sizeof(T));
    } else {
      for (int64_t i = 0; i < n; ++i) std::memcpy(to + i * int64_t(sizeof(T)), from + i * stride * int64_t(sizeof(T)), sizeof(T));
    }
  }

  void run_tile(std::byte* const* operands, std::byte* slots, Tile* values, std::byte* out, int64_t first, int64_t n) const {
    for (size_t i = 0; i < inputs_.size(); ++i) values[i] = load(inputs_[i], operands[i], slots + inputs_[i].slot * kSlotBytes, first, n);
    for (const int i : work_) {
      const Step& step = steps_[size_t(i)];
      const size_t next = inputs_.size() + size_t(i);
      const bool last = &step == &steps_.back();
      std::byte* to = last && !narrow_output_ ? out : slots + step.slot * kSlotBytes;
      int64_t spread = 0;  // all arguments constant over the tile: so is the result
      for (int argument : step.arguments)
        if (argument >= 0) spread |= values[argument].step;
      if (step.kind == Step::Kind::dropout) spread = 1;  // every element draws for itself
      int64_t count = spread ? n : 1;
      values[next] = {to, spread};
      switch (step.kind) {
        case Step::Kind::constant:
        case Step::Kind::joined: break;  // no work
        case Step::Kind::unary:
        case Step::Kind::convert: step.unary(values[step.arguments[0]].data, to, count); break;
        case Step::Kind::binary: {
          const Tile &a = values[step.arguments[0]], &b = values[step.arguments[1]];
          step.binary(a.data, a.step, b.data, b.step, to, count);
          break;
        }
        case Step::Kind::pair: {
          PairArgs args{{}, {}, {}, to, count};
          for (int k = 0; k < 3; ++k) args.x[k] = values[step.arguments[k]].data, args.step[k] = values[step.arguments[k]].step;
          for (int k = 0; k < 2; ++k)
            if (step.fetches[k] != Step::kNothing) args.fetch[k] = step.fetches[k] == Step::kOutput ? to : values[step.fetches[k]].data;
          step.pair(args);
          break;
        }
        case Step::Kind::select: {
          const Tile &c = values[step.arguments[0]], &a = values[step.arguments[1]], &b = values[step.arguments[2]];
          step.select(reinterpret_cast<const uint8_t*>(c.data), c.step, a.data, a.step, b.data, b.step, to, count);
          break;
        }
        case Step::Kind::dropout: {
          const Tile &x = values[step.arguments[0]], &low = values[step.arguments[1]], &high = values[step.arguments[2]];
          uint32_t key[2];
          std::memcpy(&key[0], low.data, sizeof key[0]);
          std::memcpy(&key[1], high.data, sizeof key[1]);
          keep_drawn(key, step.probability, first, x.data, x.step, to, n, step.item);
          break;
        }
      }
      if (step.to_narrow) {
        std::byte narrow[kTile * 2];
        step.to_narrow(to, narrow, count);
        step.to_wide(narrow, to, count);
      }
    }
    Tile result = values[inputs_.size() + steps_.size() - 1];
    if (narrow_output_) {
      narrow_output_(result.data, out, result.step ? n : 1);
      result.data = out;
    }
    if (!result.step) spread_one(result.data, out, n);
  }

  // Fills a tile of the output from its one value, which may be the tile's own first element.
  void spread_one(const std::byte* value, std::byte* out, int64_t n) const {
    std::byte copy[8];
    std::memcpy(copy, value, size_t(output_item_));
    for (int64_t i = 0; i < n; ++i) std::memcpy(out + i * output_item_, copy, size_t(output_item_));
  }

  Shape shape_;  // collapsed
  int64_t count_ = 0;
  std::vector<Input> inputs_;
  std::vector<Step> steps_;
  std::vector<int> work_;  // steps that compute something
  int slots_ = 0;
  int64_t output_item_ = 0;
  int64_t tile_ = kTile;
  bool fetches_ = false;         // asks for tiles to come
  bool output_fetched_ = false;  // by the kernel of the last step
  ConvertFn narrow_output_ = nullptr;
};

// A result of this many elements at least is worth a call of the evaluator.
constexpr int64_t kLeastRow = kTile;

}  // namespace

bool joins_reduction(const LaunchPlan& chain, const LaunchPlan& reduction) {
  const OpCode code = reduction.primitive->code();
  if (chain.primitive->code() != OpCode::fused || (code != OpCode::reduce && code != OpCode::arg_reduce && code != OpCode::reductions))
    return false;
  const OperandType &given = chain.outputs[0], &taken = reduction.inputs[0];
  const OperandPlace &from = chain.places[chain.inputs.size()], &to = reduction.places[0];
  if (from.buffer != to.buffer || from.offset_bytes != to.offset_bytes || given.type.dtype != taken.type.dtype) return false;
  if (taken.type.dtype != DType::f32 && taken.type.dtype != DType::f64) return false;
  if (element_count(given.type.shape) != element_count(taken.type.shape) || taken.strides != contiguous_strides(taken.type.shape))
    return false;
  const ReduceArgs args = reduction_of(reduction).args;
  return args.inner == 1 && args.count >= kLeastRow;
}

LaunchPtr lower_chain_reduction(const LaunchPlan& chain, const LaunchPlan& reduction) {
  return make_launch([evaluator = Evaluator(chain, false), inputs = chain.inputs.size(), base = reduction_of(reduction)](
                         ThreadPool& pool, std::byte* const* operands) {
    const std::function<void(int64_t, int64_t, void*)> produce = [&](int64_t first, int64_t n, void* to) {
      evaluator.part(operands, first, n, static_cast<std::byte*>(to));
    };
    Reduction now = base;
    now.args.produce = &produce;
    for (size_t i = 0; i < now.targets.size(); ++i) now.targets[i].out = operands[inputs + i];
    cpu::reduce_together(pool, now.args, now.targets);
  });
}

LaunchPtr lower_fused(const LaunchPlan& plan) {
  return make_launch([evaluator = Evaluator(plan)](ThreadPool& pool, std::byte* const* operands) { evaluator.run(pool, operands); });
}

}  // namespace mlxc::cpu
