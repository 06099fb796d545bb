// Bounded JSON for files of models: limits on size, depth and count of values, no recursion, and reads that name file, key and type.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"

namespace mlxc {

using Json = nlohmann::json;

struct JsonLimits {
  int64_t bytes = int64_t(256) << 20;
  int depth = 64;                      // nested objects and arrays
  int64_t values = int64_t(16) << 20;  // bounds the memory of the tree: a value of two bytes costs up to a hundred
  bool unique_keys = false;            // false: the last of equal keys wins, as in Python
};

// Every breach of the grammar or a limit, and invalid UTF-8, is Error(format) with the name. Accepts Python's NaN, Infinity, -Infinity.
Json parse_json(std::string_view text, const std::string& name, const JsonLimits& limits = {});
Json read_json(const std::string& path, const JsonLimits& limits = {});

namespace detail {
template <class T>
struct ElementOf {
  using type = void;
};
template <class T>
struct ElementOf<std::vector<T>> {
  using type = T;
};
}  // namespace detail

// An object of a document with the place it came from. Keeps the document alive; cheap to copy.
// A key whose value is null counts as absent, as in transformers.
class JsonObject {
 public:
  // Error(format) unless the document is an object. `name` is the file's name for messages.
  JsonObject(Json document, std::string name);
  static JsonObject read(const std::string& path, const JsonLimits& limits = {});
  static JsonObject parse(std::string_view text, const std::string& name, const JsonLimits& limits = {});

  bool has(const std::string& key) const { return find(key) != nullptr; }
  const Json* find(const std::string& key) const;  // null if absent
  const Json& json() const { return *object_; }
  const std::string& where() const { return where_; }  // "config.json" or "config.json: rope_scaling"

  // T is bool, an integer (4.0 is accepted, 4.5 and what does not fit is not), a float, std::string, or a vector of these.
  template <class T>
  T get(const std::string& key) const {
    const Json* value = find(key);
    if (!value) fail(Status::format, where_, ": key \"", key, "\" is missing, expected ", kind_of<T>());
    return convert<T>(*value, key);
  }
  template <class T>
  T get(const std::string& key, std::type_identity_t<T> fallback) const {
    const Json* value = find(key);
    return value ? convert<T>(*value, key) : std::move(fallback);
  }
  template <class T>
  std::optional<T> maybe(const std::string& key) const {
    const Json* value = find(key);
    return value ? std::optional<T>(convert<T>(*value, key)) : std::nullopt;
  }
  JsonObject object(const std::string& key) const;                       // Error(format) if absent or not an object
  std::optional<JsonObject> maybe_object(const std::string& key) const;  // nullopt if absent
  std::vector<JsonObject> objects(const std::string& key) const;         // an array of objects; empty if absent

 private:
  JsonObject(std::shared_ptr<const Json> document, const Json* object, std::string where);
  [[noreturn]] void fail_type(const std::string& key, const Json& value, const std::string& expected) const;
  JsonObject inner(const Json& value, const std::string& key) const;

  template <class T>
  static std::string kind_of() {
    using Element = typename detail::ElementOf<T>::type;
    if constexpr (std::same_as<T, bool>) {
      return "true or false";
    } else if constexpr (std::integral<T>) {
      return cat("an integer in [", +std::numeric_limits<T>::min(), ", ", +std::numeric_limits<T>::max(), "]");
    } else if constexpr (std::floating_point<T>) {
      return "a number";
    } else if constexpr (std::same_as<T, std::string>) {
      return "a string";
    } else {
      static_assert(!std::is_void_v<Element>, "get() reads bool, integers, floats, strings and vectors of them");
      return cat("a list, each ", kind_of<Element>());
    }
  }

  template <class T>
  T convert(const Json& value, const std::string& key) const {
    if constexpr (std::same_as<T, bool>) {
      if (value.is_boolean()) return value.get<bool>();
    } else if constexpr (std::integral<T>) {
      if (value.is_number_unsigned()) {
        if (auto n = value.get<uint64_t>(); std::in_range<T>(n)) return T(n);
      } else if (value.is_number_integer()) {
        if (auto n = value.get<int64_t>(); std::in_range<T>(n)) return T(n);
      } else if (value.is_number_float()) {
        const double n = value.get<double>();
        constexpr T kHalf = std::numeric_limits<T>::max() / 2 + 1;
        constexpr double kEnd = 2.0 * double(kHalf);  // one past the largest, exact
        if (n == std::trunc(n) && n >= double(std::numeric_limits<T>::min()) && n < kEnd) return T(n);
      }
    } else if constexpr (std::floating_point<T>) {
      if (value.is_number()) return value.get<T>();
    } else if constexpr (std::same_as<T, std::string>) {
      if (value.is_string()) return value.get_ref<const std::string&>();
    } else if (value.is_array()) {
      T list;
      list.reserve(value.size());
      for (size_t i = 0; i < value.size(); ++i)
        list.push_back(convert<typename detail::ElementOf<T>::type>(value[i], cat(key, "[", i, "]")));
      return list;
    }
    fail_type(key, value, kind_of<T>());
  }

  std::shared_ptr<const Json> document_;
  const Json* object_;
  std::string where_;
};

}  // namespace mlxc
