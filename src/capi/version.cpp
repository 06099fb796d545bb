#include "mlxc/version.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "backend/cpu/cpu_device.h"
#include "base/cpu.h"
#include "base/thread_pool.h"
#include "capi/border.h"

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kFeatures[] = {
    "cpu",    "vulkan",      "array",        "function",     "train",        "generate",       "score",         "embed",
    "logits", "safetensors", "family:qwen3", "family:qwen2", "family:llama", "family:mistral", "family:gemma3", "family:bert",
};

nlohmann::ordered_json build_info() {
  return {
    {"version", MLXC_VERSION_STRING}, {"abi", MLXC_ABI_VERSION},
#if defined(__clang__)
        {"compiler", "clang " __clang_version__},
#else
        {"compiler", "gcc " __VERSION__},
#endif
#if defined(NDEBUG)
        {"assertions", false},
#else
        {"assertions", true},
#endif
        {"processor", mlxc::name_of(mlxc::cpu_features().level)}, {"device", mlxc::cpu_device().description()},
        {"cores", mlxc::available_cores()}, {"features", kFeatures}, {"linked", {"pcre2", "utf8proc", "openblas"}},
  };
}

}  // namespace

extern "C" {

const char* mlxc_version(void) { return MLXC_VERSION_STRING; }

int32_t mlxc_abi_version(void) { return MLXC_ABI_VERSION; }

int32_t mlxc_has_feature(const char* feature) {
  return feature && std::find(std::begin(kFeatures), std::end(kFeatures), std::string_view(feature)) != std::end(kFeatures);
}

mlxc_status mlxc_build_info(char* buffer, size_t capacity, size_t* needed, mlxc_error* error) {
  return mlxc::capi::guard(error, [&] { mlxc::capi::give_text(build_info().dump(), buffer, capacity, needed); });
}

}  // extern "C"
