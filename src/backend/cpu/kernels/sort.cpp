// Sorting by keys: every type maps to an unsigned number of the same order, so one radix sort serves all.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "backend/cpu/kernels/kernels.h"
#include "backend/cpu/kernels/typed.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kRadixFrom = 256;  // shorter rows go to the library's sort

template <size_t Bytes>
struct Bits;
template <>
struct Bits<1> {
  using type = uint8_t;
};
template <>
struct Bits<2> {
  using type = uint16_t;
};
template <>
struct Bits<4> {
  using type = uint32_t;
};
template <>
struct Bits<8> {
  using type = uint64_t;
};
template <class T>
using Key = typename Bits<sizeof(T)>::type;

// Floats: negative ones have all bits turned, the others the sign bit. -0 becomes 0 and every NaN the largest key, so equal values have
// equal keys.
template <class T>
Key<T> key_of(T value) {
  using K = Key<T>;
  constexpr K kSign = K(K(1) << (sizeof(T) * 8 - 1));
  K bits;
  std::memcpy(&bits, &value, sizeof bits);
  if constexpr (kIsHalf<T> || std::is_floating_point_v<T>) {
    const auto number = Computed<T>(value);
    if (number != number) return K(~K(0));
    if (number == 0) return kSign;
    return bits & kSign ? K(~bits) : K(bits | kSign);
  } else {
    return std::is_signed_v<T> ? K(bits ^ kSign) : bits;
  }
}

template <class K, class Index>
struct Item {
  K key;
  Index index;
  bool operator<(const Item& other) const { return key != other.key ? key < other.key : index < other.index; }
};

// Least significant byte first; a byte that all keys share is skipped. Stable.
template <class K, class Index>
void radix_sort(std::vector<Item<K, Index>>& items, std::vector<Item<K, Index>>& other) {
  other.resize(items.size());
  for (size_t byte = 0; byte < sizeof(K); ++byte) {
    std::array<int64_t, 256> at{};
    auto digit = [byte](const Item<K, Index>& item) { return size_t(item.key >> (8 * byte)) & 255; };
    for (const Item<K, Index>& item : items) ++at[digit(item)];
    if (at[digit(items[0])] == int64_t(items.size())) continue;
    int64_t begin = 0;
    for (int64_t& place : at) begin += std::exchange(place, begin);
    for (const Item<K, Index>& item : items) other[size_t(at[digit(item)]++)] = item;
    items.swap(other);
  }
}

// Index: wide enough for a row, and no wider, as sorting moves it about.
template <class T, class Index>
void sort_as(ThreadPool& pool, const T* x, int64_t rows, int64_t n, bool descending, T* values, int64_t* indices) {
  pool.parallel_for(rows, std::max<int64_t>(1, 4096 / n), [&](int64_t begin, int64_t end, int) {
    std::vector<Item<Key<T>, Index>> items(static_cast<size_t>(n)), other;
    for (int64_t row = begin; row < end; ++row) {
      const T* from = x + row * n;
      for (int64_t i = 0; i < n; ++i) items[size_t(i)] = {descending ? Key<T>(~key_of(from[i])) : key_of(from[i]), Index(i)};
      if (n < kRadixFrom)
        std::sort(items.begin(), items.end());
      else
        radix_sort(items, other);
      for (int64_t i = 0; i < n; ++i) {
        if (values) values[row * n + i] = from[items[size_t(i)].index];
        if (indices) indices[row * n + i] = int64_t(items[size_t(i)].index);
      }
    }
  });
}

}  // namespace

void sort_rows(ThreadPool& pool, DType dtype, const void* x, int64_t rows, int64_t n, bool descending, void* values, int64_t* indices) {
  if (n <= 0) return;
  with_type(dtype, [&]<class T>(T) {
    auto sort = n <= int64_t{UINT32_MAX} ? sort_as<T, uint32_t> : sort_as<T, uint64_t>;
    sort(pool, static_cast<const T*>(x), rows, n, descending, static_cast<T*>(values), indices);
  });
}

}  // namespace mlxc::cpu
