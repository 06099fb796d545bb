#include "backend/vulkan/module_needs.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace mlxc::vulkan {
namespace {

using Operands = std::span<const uint32_t>;

// Opcodes and numbers of the SPIR-V specification, as far as they are looked at.
enum Op : uint32_t {
  kExecutionMode = 16,
  kCapability,
  kTypeBool = 20,
  kTypeInt,
  kTypeFloat,
  kTypeVector,
  kTypeMatrix,
  kTypeArray = 28,
  kTypeStruct = 30,
  kTypePointer = 32,
  kConstantTrue = 41,
  kConstantFalse,
  kConstant,
  kConstantComposite,
  kSpecConstantTrue = 48,
  kSpecConstantFalse,
  kSpecConstant,
  kSpecConstantComposite,
  kSpecConstantOp,
  kFunction = 54,
  kVariable = 59,
  kDecorate = 71,
  kCompositeExtract = 81,
  kExecutionModeId = 331,
};
constexpr uint32_t kSpecId = 1, kBuiltIn = 11, kWorkgroupSize = 25, kLocalSize = 17, kLocalSizeId = 38, kWorkgroupStorage = 4,
                   kDescriptorSet = 34;
constexpr uint64_t kMostBytes = uint64_t{1} << 31;  // that sizes are counted to: times a count of 32 bits they stay in 64

// Integer arithmetic of 32 bits on constants; nothing for what sizes are not computed with.
std::optional<uint32_t> evaluate(uint32_t op, uint32_t a, uint32_t b, uint32_t c) {
  const auto sa = int32_t(a), sb = int32_t(b);
  switch (op) {
    case 113:  // UConvert, SConvert, Bitcast
    case 114:
    case 124: return a;
    case 126: return 0 - a;
    case 128: return a + b;
    case 130: return a - b;
    case 132: return a * b;
    case 134: return b ? std::optional(a / b) : std::nullopt;
    case 135: return sb > 0 ? std::optional(uint32_t(sa / sb)) : std::nullopt;
    case 137: return b ? std::optional(a % b) : std::nullopt;
    case 138:  // SRem, SMod: alike for what is not negative
    case 139: return sa >= 0 && sb > 0 ? std::optional(uint32_t(sa % sb)) : std::nullopt;
    case 164:
    case 170: return a == b;
    case 165:
    case 171: return a != b;
    case 166: return a || b;
    case 167: return a && b;
    case 168: return !a;
    case 169: return a ? b : c;
    case 172: return a > b;
    case 173: return sa > sb;
    case 174: return a >= b;
    case 175: return sa >= sb;
    case 176: return a < b;
    case 177: return sa < sb;
    case 178: return a <= b;
    case 179: return sa <= sb;
    case 194: return b < 32 ? a >> b : 0;
    case 195: return uint32_t(sa >> std::min(b, 31u));
    case 196: return b < 32 ? a << b : 0;
    case 197: return a | b;
    case 198: return a ^ b;
    case 199: return a & b;
    case 200: return ~a;
    default: return {};
  }
}

class Reader {
 public:
  Reader(Operands words, Operands constants) : constants_(constants) {
    uint32_t sizes[3] = {};  // ids
    for (size_t at = 5; at < words.size(); at += words[at] >> 16) {
      const uint32_t op = words[at] & 0xffff, count = words[at] >> 16;
      if (!count || count > words.size() - at || op == kFunction) break;
      const Operands w = words.subspan(at + 1, count - 1);
      if (op == kCapability && !w.empty())
        needs.capabilities.push_back(w[0]);
      else if (op == kDecorate && w.size() >= 3 && w[1] == kDescriptorSet)
        needs.descriptors = true;
      else if (op == kDecorate && w.size() >= 3 && w[1] == kSpecId)
        spec_ids_[w[0]] = w[2];
      else if (op == kDecorate && w.size() >= 3 && w[1] == kBuiltIn && w[2] == kWorkgroupSize)
        size_id_ = w[0];
      else if (op == kExecutionMode && w.size() >= 5 && w[1] == kLocalSize)
        std::copy_n(&w[2], 3, needs.group);
      else if (op == kExecutionModeId && w.size() >= 5 && w[1] == kLocalSizeId)
        std::copy_n(&w[2], 3, sizes);
      else if (op >= kTypeBool && op <= kTypePointer && !w.empty())
        types_[w[0]] = {op, w};
      else if (op >= kConstantTrue && op <= kSpecConstantOp && w.size() >= 2)
        define(op, w);
      else if (op == kVariable && w.size() >= 3 && w[2] == kWorkgroupStorage)
        add_variable(w[0]);
    }
    // The built-in constant goes before the execution mode.
    if (const auto found = composites_.find(size_id_); found != composites_.end() && found->second.size() == 3)
      std::copy_n(&found->second[0], 3, sizes);
    for (int i = 0; i < 3; ++i)
      if (const auto found = values_.find(sizes[i]); found != values_.end()) needs.group[i] = found->second;
  }
  ModuleNeeds needs;

 private:
  struct Type {
    uint32_t op;
    Operands words;
  };
  struct Layout {
    uint64_t bytes = 0, alignment = 1;
  };
  static uint64_t round_up(uint64_t bytes, uint64_t to) { return (bytes + to - 1) / to * to; }

  std::optional<uint32_t> value(uint32_t id) const {
    const auto found = values_.find(id);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
  }

  void define(uint32_t op, Operands w) {
    const uint32_t id = w[1];
    const auto spec = spec_ids_.find(id);
    const bool given = spec != spec_ids_.end() && spec->second < constants_.size();
    if (op == kConstantTrue || op == kSpecConstantTrue)
      values_[id] = given ? constants_[spec->second] != 0 : 1;
    else if (op == kConstantFalse || op == kSpecConstantFalse)
      values_[id] = given && constants_[spec->second] != 0;
    else if ((op == kConstant || op == kSpecConstant) && w.size() == 3)
      values_[id] = given ? constants_[spec->second] : w[2];
    else if (op == kConstantComposite || op == kSpecConstantComposite)
      composites_[id].assign(w.begin() + 2, w.end());
    else if (op == kSpecConstantOp && w.size() >= 4)
      define_operation(id, w[2], w.subspan(3));
  }

  void define_operation(uint32_t id, uint32_t op, Operands operands) {
    if (op == kCompositeExtract) {
      const auto from = composites_.find(operands[0]);
      if (operands.size() == 2 && from != composites_.end() && operands[1] < from->second.size())
        if (const auto part = value(from->second[operands[1]])) values_[id] = *part;
      return;
    }
    uint32_t known[3] = {};
    for (size_t i = 0; i < std::min<size_t>(operands.size(), 3); ++i) {
      const auto operand = value(operands[i]);
      if (!operand) return;
      known[i] = *operand;
    }
    if (const auto result = evaluate(op, known[0], known[1], known[2])) values_[id] = *result;
  }

  // As in a storage buffer (std430), a boolean as 32 bits.
  Layout layout_of(uint32_t id) const {
    const auto found = types_.find(id);
    if (found == types_.end()) return {};
    const auto& [op, w] = found->second;
    if (op == kTypeBool) return {4, 4};
    if ((op == kTypeInt || op == kTypeFloat) && w.size() >= 2) return {w[1] / 8, std::max(1u, w[1] / 8)};
    if (op == kTypePointer) return {8, 8};
    if (op == kTypeVector && w.size() >= 3) {
      const Layout part = layout_of(w[1]);
      return {part.bytes * w[2], part.alignment * (w[2] == 3 ? 4 : w[2])};
    }
    if ((op == kTypeArray || op == kTypeMatrix) && w.size() >= 3) {  // of columns
      const Layout part = layout_of(w[1]);
      const uint64_t count = op == kTypeMatrix ? w[2] : value(w[2]).value_or(0);
      return {std::min(round_up(part.bytes, part.alignment) * count, kMostBytes), part.alignment};
    }
    if (op != kTypeStruct) return {};
    Layout all;
    for (uint32_t member : w.subspan(1)) {
      const Layout part = layout_of(member);
      all.bytes = round_up(all.bytes, part.alignment) + part.bytes;
      all.alignment = std::max(all.alignment, part.alignment);
    }
    all.bytes = std::min(round_up(all.bytes, all.alignment), kMostBytes);
    return all;
  }

  void add_variable(uint32_t pointer_type) {
    const auto found = types_.find(pointer_type);
    if (found == types_.end() || found->second.words.size() < 3) return;
    const Layout layout = layout_of(found->second.words[2]);
    needs.shared_bytes = round_up(needs.shared_bytes, layout.alignment) + layout.bytes;
  }

  const Operands constants_;
  uint32_t size_id_ = 0;
  std::unordered_map<uint32_t, uint32_t> spec_ids_, values_;
  std::unordered_map<uint32_t, std::vector<uint32_t>> composites_;
  std::unordered_map<uint32_t, Type> types_;
};

// Empty: the device is opened with this capability. What nobody knows of is not asked for.
std::string missing(uint32_t capability, const Capabilities& caps) {
  constexpr uint32_t first_subgroup_operation = 61;  // in the order of VkSubgroupFeatureFlagBits
  const auto unless = [](bool there, const char* name) { return std::string(there ? "" : name); };
  switch (capability) {
    case 0:  // matrices, shaders, 16-bit storage, buffer addresses: the floor
    case 1:
    case 4433:
    case 5347: return {};
    case 9: return unless(caps.float16, "float16 arithmetic");
    case 10: return unless(caps.float64, "float64");
    case 11: return unless(caps.int64, "int64");
    case 22: return unless(caps.int16, "int16");
    case 39:
    case 4448: return unless(caps.int8, "int8");
    case 61:
    case 62:
    case 63:
    case 64:
    case 65:
    case 66:
    case 67:
    case 68: return unless(caps.subgroup_operations >> (capability - first_subgroup_operation) & 1, "more subgroup operations");
    case 5116:
    case 5118: return unless(caps.coopmat_bf16, "bfloat16 cooperative matrices");
    case 5345:
    case 5346: return unless(caps.memory_model, "the Vulkan memory model");
    case 6016:
    case 6017:
    case 6018:
    case 6019: return unless(caps.integer_dot, "integer dot products");
    case 6022: return unless(caps.coopmat_f16 || caps.coopmat_bf16, "cooperative matrices");
    default: return cat("SPIR-V capability ", capability);
  }
}

}  // namespace

ModuleNeeds needs_of(std::span<const uint32_t> words, std::span<const uint32_t> constants) { return Reader(words, constants).needs; }

std::string what_it_lacks(const Capabilities& caps, const ModuleNeeds& needs) {
  for (uint32_t capability : needs.capabilities)
    if (std::string name = missing(capability, caps); !name.empty()) return cat(name, ", which the device lacks or was not opened with");
  if (needs.descriptors) return "bindings: kernels have none, inputs and outputs are there by their names";
  if (needs.shared_bytes > caps.shared_bytes)
    return cat(needs.shared_bytes, " bytes of shared memory, a workgroup has ", caps.shared_bytes);
  if (needs.invocations() > caps.workgroup_invocations)
    return cat("workgroups of ", needs.invocations(), " invocations, at most ", caps.workgroup_invocations, " are possible");
  for (int i = 0; i < 3; ++i)
    if (needs.group[i] > caps.max_group[i])
      return cat("workgroups of ", needs.group[i], " along axis ", i, ", at most ", caps.max_group[i], " are possible");
  return {};
}

}  // namespace mlxc::vulkan
