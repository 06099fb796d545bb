// One launch on the Vulkan device and on the CPU, on the same bytes.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "vulkan/linear_device.h"

namespace mlxc::vulkan {

using Bytes = std::vector<std::byte>;

// The device that all tests of a program share; null where there is none.
inline TestDevice* shared_device() {
  static TestDevice* device = TestDevice::open().release();
  return device;
}

class LaunchTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!shared_device()) GTEST_SKIP() << "no Vulkan device";
  }
};

// Numbers without a pattern, in [-1, 1).
inline double noise(size_t input, int64_t i) {
  const uint64_t mixed = (uint64_t(i) * 0x9e3779b97f4a7c15ull) ^ (uint64_t(input + 1) * 0xd1b54a32d192ed03ull);
  return double((mixed * 0xbf58476d1ce4e5b9ull) >> 40) * 0x1p-23 - 1;
}

inline double element(const Bytes& data, size_t at, DType dtype) {
  auto value = [&]<class T>(T) {
    T v;
    std::memcpy(&v, data.data() + at * sizeof(T), sizeof(T));
    return double(v);
  };
  switch (dtype) {
    case DType::boolean:
    case DType::u8: return value(uint8_t());
    case DType::i8: return value(int8_t());
    case DType::u16: return value(uint16_t());
    case DType::i16: return value(int16_t());
    case DType::u32: return value(uint32_t());
    case DType::i32: return value(int32_t());
    case DType::u64: return value(uint64_t());
    case DType::i64: return value(int64_t());
    case DType::f32: return value(float());
    case DType::f64: return value(double());
    default: break;
  }
  uint16_t bits;
  std::memcpy(&bits, data.data() + at * 2, 2);
  if (dtype == DType::bf16) {
    bfloat16 v;
    v.bits = bits;
    return double(float(v));
  }
  float16 v;
  v.bits = bits;
  return double(float(v));
}

inline void set_element(Bytes& data, size_t at, DType dtype, double x) {
  auto put = [&](auto v) { std::memcpy(data.data() + at * sizeof v, &v, sizeof v); };
  switch (dtype) {
    case DType::boolean: return put(uint8_t(x != 0));
    case DType::u8: return put(uint8_t(int64_t(x)));
    case DType::i8: return put(int8_t(int64_t(x)));
    case DType::u16: return put(uint16_t(int64_t(x)));
    case DType::i16: return put(int16_t(int64_t(x)));
    case DType::u32: return put(uint32_t(int64_t(x)));
    case DType::i32: return put(int32_t(int64_t(x)));
    case DType::u64: return put(uint64_t(int64_t(x)));
    case DType::i64: return put(int64_t(x));
    case DType::f16: return put(float16(float(x)).bits);
    case DType::bf16: return put(bfloat16(float(x)).bits);
    case DType::f32: return put(float(x));
    case DType::f64: return put(x);
  }
}

// How an operand lies in a buffer of its own.
enum class Lie { dense, shifted, one, row, column, transposed, spread, backwards, padded };
inline constexpr Lie kLies[]{Lie::dense,      Lie::shifted, Lie::one,       Lie::row,   Lie::column,
                             Lie::transposed, Lie::spread,  Lie::backwards, Lie::padded};
inline const char* name_of(Lie lie) {
  static constexpr const char* kNames[]{"dense", "shifted", "one", "row", "column", "transposed", "spread", "backwards", "padded"};
  return kNames[int(lie)];
}

struct Operand {
  OperandType type;
  int64_t first = 0, elements = 0;  // the first element's place, and what the buffer holds
};

inline Operand lay(const Shape& shape, DType dtype, Lie lie) {
  const int rank = shape.rank();
  Operand result{{{shape, dtype}, contiguous_strides(shape)}, 0, 0};
  Strides& strides = result.type.strides;
  auto pack = [&](int64_t last, int64_t pad) {  // row-major with gaps
    int64_t stride = last;
    for (int axis = rank - 1; axis >= 0; --axis) {
      strides[axis] = stride;
      stride = stride * shape[axis] + pad;
    }
  };
  switch (lie) {
    case Lie::dense: break;
    case Lie::shifted: result.first = 1; break;
    case Lie::one: strides = Strides::filled(rank, 0); break;
    case Lie::row:
      for (int axis = 0; axis + 1 < rank; ++axis) strides[axis] = 0;
      break;
    case Lie::column:
      pack(1, 0);
      for (int axis = rank - 1, first = 1; axis >= 0; --axis) {
        if (first && shape[axis] > 1)
          first = strides[axis] = 0;
        else
          strides[axis] = axis + 1 < rank ? std::max<int64_t>(1, strides[axis] / std::max<int64_t>(1, shape.back())) : 1;
      }
      break;
    case Lie::transposed: {
      int64_t stride = 1;
      for (int axis = 0; axis < rank; ++axis) {
        strides[axis] = stride;
        stride *= shape[axis];
      }
      break;
    }
    case Lie::spread: pack(2, 1); break;
    case Lie::backwards:
      for (int axis = 0; axis < rank; ++axis) {
        result.first += (shape[axis] - 1) * strides[axis];
        strides[axis] = -strides[axis];
      }
      break;
    case Lie::padded: pack(1, 4); break;
  }
  int64_t last = result.first;
  for (int axis = 0; axis < rank; ++axis)
    if (strides[axis] > 0) last += (shape[axis] - 1) * strides[axis];
  result.elements = element_count(shape) ? last + 1 : 0;
  if (result.elements == 0) result.first = 0;
  return result;
}

struct Launch {
  LaunchPlan plan;
  std::vector<Bytes> data;  // inputs, then outputs
  bool updates = false;     // outputs begin as `data` has them
};

// Outputs are dense. `value(input, element)` fills the buffers.
template <class Value>
Launch launch_of(PrimitivePtr primitive, const std::vector<Operand>& inputs, Value&& value) {
  Launch launch;
  std::vector<TensorType> types;
  for (const Operand& input : inputs) {
    const DType dtype = input.type.type.dtype;
    launch.plan.inputs.push_back(input.type);
    launch.plan.places.push_back({int(launch.data.size()), input.first * size_of(dtype)});
    types.push_back(input.type.type);
    Bytes bytes(size_t(input.elements * size_of(dtype)));
    for (int64_t i = 0; i < input.elements; ++i) set_element(bytes, size_t(i), dtype, value(launch.data.size(), i));
    launch.data.push_back(std::move(bytes));
  }
  for (const TensorType& type : primitive->infer(types)) {
    launch.plan.outputs.push_back({type, contiguous_strides(type.shape)});
    launch.plan.places.push_back({int(launch.data.size()), 0});
    launch.data.emplace_back(size_t(element_count(type.shape) * size_of(type.dtype)));
  }
  launch.plan.primitive = std::move(primitive);
  return launch;
}

inline std::vector<Bytes> run_on_cpu(const Launch& launch) {
  Device& device = cpu_device();
  const auto executable = device.compile({{launch.plan}, std::vector<bool>(launch.plan.places.size(), false)});
  std::vector<StoragePtr> storages;
  std::vector<Binding> bindings;
  for (const Bytes& bytes : launch.data) {
    storages.push_back(device.allocator().allocate(std::max<size_t>(bytes.size(), 1)));
    device.write(*storages.back(), 0, bytes.data(), bytes.size());
    bindings.push_back({storages.back().get(), 0});
  }
  executable->run(device.default_stream(), bindings, nullptr);
  std::vector<Bytes> outputs;
  for (size_t i = launch.plan.inputs.size(); i < launch.data.size(); ++i) {
    outputs.emplace_back(launch.data[i].size());
    device.read(*storages[i], 0, outputs.back().data(), outputs.back().size());
  }
  return outputs;
}

inline bool cpu_takes(const Launch& launch) {
  try {
    cpu_device().compile({{launch.plan}, std::vector<bool>(launch.plan.places.size(), false)});
    return true;
  } catch (const Error&) {
    return false;
  }
}

// The outputs; trouble is reported as a failure.
inline std::vector<Bytes> run_on_vulkan(const Launch& launch, const std::string& what) {
  std::vector<Bytes> data = launch.data;
  for (const std::string& trouble : shared_device()->run(launch.plan, data, launch.updates)) ADD_FAILURE() << what << ": " << trouble;
  data.erase(data.begin(), data.begin() + long(launch.plan.inputs.size()));
  return data;
}
inline bool vulkan_takes(const Launch& launch) { return lower_program({launch.plan}, shared_device()->caps(), {}).reasons[0].empty(); }

// Whether the device has not the types of an operand, perhaps because they are switched off.
inline bool lacks_types(const Launch& launch) {
  const Capabilities& caps = shared_device()->caps();
  bool lacks = false;
  for (const std::vector<OperandType>* operands : {&launch.plan.inputs, &launch.plan.outputs})
    for (const OperandType& operand : *operands) {
      const DType dtype = operand.type.dtype;
      lacks |= (size_of(dtype) == 1 && !caps.int8) || ((dtype == DType::i64 || dtype == DType::u64) && !caps.int64) ||
               (dtype == DType::f64 && !caps.float64);
    }
  return lacks;
}

inline double epsilon(DType dtype) {
  switch (dtype) {
    case DType::f16: return 0x1p-10;
    case DType::bf16: return 0x1p-7;
    case DType::f32: return 0x1p-23;
    default: return 0x1p-52;
  }
}

// `ulps` units in the last place, or `absolute`; what is subnormal may be zero.
struct Tolerance {
  double ulps = 0, absolute = 0;
};
inline bool close(double got, double want, DType dtype, Tolerance tolerance) {
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got);
  if (got == want) return true;
  if (!is_float(dtype) || std::isinf(want) != std::isinf(got)) {
    // One rounding apart from overflow is close enough.
    const double most = dtype == DType::f16 ? 65504 : double(std::numeric_limits<float>::max());
    return is_float(dtype) && tolerance.ulps > 0 && std::signbit(got) == std::signbit(want) &&
           std::min(std::abs(got), std::abs(want)) >= most * (1 - 8 * epsilon(dtype));
  }
  return std::abs(got - want) <=
         tolerance.ulps * epsilon(dtype) * std::abs(want) + tolerance.absolute + (tolerance.ulps > 0 ? 0x1p-126 : 0);
}

inline void expect_close(const Bytes& got, const Bytes& want, DType dtype, Tolerance tolerance, const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  const size_t count = want.size() / size_t(size_of(dtype));
  int shown = 0;
  for (size_t i = 0; i < count && shown < 4; ++i) {
    const double a = element(got, i, dtype), b = element(want, i, dtype);
    if (close(a, b, dtype, tolerance)) continue;
    ADD_FAILURE() << what << ": element " << i << " of " << count << " is " << a << ", the CPU has " << b << " ("
                  << (a - b) / (epsilon(dtype) * std::abs(b)) << " ulps)";
    ++shown;
  }
}

// Runs a launch on both and compares all outputs.
inline void compare(const Launch& launch, Tolerance tolerance, const std::string& what) {
  const std::vector<Bytes> want = run_on_cpu(launch), got = run_on_vulkan(launch, what);
  for (size_t i = 0; i < want.size(); ++i) expect_close(got[i], want[i], launch.plan.outputs[i].type.dtype, tolerance, what);
}

inline const std::vector<DType>& all_dtypes() {
  static const std::vector<DType> dtypes{DType::boolean, DType::u8,  DType::i8,  DType::u16,  DType::i16, DType::u32, DType::i32,
                                         DType::u64,     DType::i64, DType::f16, DType::bf16, DType::f32, DType::f64};
  return dtypes;
}

}  // namespace mlxc::vulkan
