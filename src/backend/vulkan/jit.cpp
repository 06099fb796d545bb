#include "backend/vulkan/jit.h"

#include <glslang/Public/ResourceLimits.h>
#include <glslang/Public/ShaderLang.h>
#include <glslang/SPIRV/GlslangToSpv.h>
#include <glslang/build_info.h>

#include <cstring>
#include <spirv-tools/optimizer.hpp>

#include "backend/vulkan/modules.h"
#include "base/error.h"

namespace mlxc::vulkan {
namespace {

constexpr size_t kMostOnDisk = size_t{32} << 20;
constexpr std::string_view kFileName = "spirv";

// The includes of kernels/, which the build embeds.
class Includes final : public glslang::TShader::Includer {
 public:
  IncludeResult* includeLocal(const char* name, const char*, size_t) override {
    const IncludeText* text = find_include(name);
    return text ? new IncludeResult(name, text->text.data(), text->text.size(), nullptr) : nullptr;
  }
  void releaseInclude(IncludeResult* result) override { delete result; }
};

[[noreturn]] void fail_compile(const std::string& name, std::string_view stage, std::string_view message) {
  fail(Status::internal, "kernel ", name, ": ", stage, ": ", message);
}

std::string identity() {
  return cat("spirv 1, glslang ", GLSLANG_VERSION_MAJOR, ".", GLSLANG_VERSION_MINOR, ".", GLSLANG_VERSION_PATCH, ", kernels ",
             modules_checksum());
}

}  // namespace

std::vector<uint32_t> compile_glsl(const std::string& name, const std::string& source) {
  static const bool ready = glslang::InitializeProcess();  // never finalized: other threads may compile until the process ends
  if (!ready) fail_compile(name, "glslang", "it does not start");

  glslang::TShader shader(EShLangCompute);
  const char* text = source.data();
  const int length = int(source.size());
  const char* file = name.c_str();
  shader.setStringsWithLengthsAndNames(&text, &length, &file, 1);
  shader.setPreamble("#extension GL_GOOGLE_include_directive : require\n");
  shader.setEnvInput(glslang::EShSourceGlsl, EShLangCompute, glslang::EShClientVulkan, 100);
  shader.setEnvClient(glslang::EShClientVulkan, glslang::EShTargetVulkan_1_2);
  shader.setEnvTarget(glslang::EShTargetSpv, glslang::EShTargetSpv_1_5);
  Includes includes;
  if (!shader.parse(GetDefaultResources(), 460, false, EShMsgDefault, includes)) fail_compile(name, "glslang", shader.getInfoLog());
  glslang::TProgram program;
  program.addShader(&shader);
  if (!program.link(EShMsgDefault)) fail_compile(name, "glslang", program.getInfoLog());
  std::vector<uint32_t> words;
  glslang::GlslangToSpv(*program.getIntermediate(EShLangCompute), words);

  std::string messages;
  spvtools::Optimizer optimizer(SPV_ENV_VULKAN_1_2);
  optimizer.SetMessageConsumer([&](spv_message_level_t, const char*, const spv_position_t&, const char* message) { messages += message; });
  optimizer.RegisterPerformancePasses();
  optimizer.RegisterPass(spvtools::CreateStripDebugInfoPass());
  spvtools::ValidatorOptions validator;
  validator.SetScalarBlockLayout(true);
  spvtools::OptimizerOptions options;
  options.set_run_validator(true);  // a driver may crash on what is not valid
  options.set_validator_options(validator);
  std::vector<uint32_t> optimized;
  if (!optimizer.Run(words.data(), words.size(), &optimized, options)) fail_compile(name, "spirv-opt", messages);
  return optimized;
}

Jit::Jit(std::shared_ptr<const DiskCache> disk) : disk_(std::move(disk)) {
  if (disk_) load();
}

// The file: entries of two hashes, a count and so many words.
void Jit::load() {
  const std::vector<std::byte> bytes = disk_->load(kFileName, identity(), kMostOnDisk);
  size_t at = 0;
  auto take = [&](void* to, size_t count) {
    if (bytes.size() - at < count) return false;
    std::memcpy(to, bytes.data() + at, count);
    at += count;
    return true;
  };
  Key key;
  uint32_t count;
  while (take(&key.first, 8) && take(&key.second, 8) && take(&count, 4)) {
    if ((bytes.size() - at) / 4 < count) return;
    std::vector<uint32_t> words(count);
    take(words.data(), size_t(count) * 4);
    bytes_ += size_t(count) * 4;
    known_[key] = std::make_shared<const std::vector<uint32_t>>(std::move(words));
  }
}

Jit::Words Jit::get(const std::string& name, const std::string& source) {
  const Key key{checksum_of(source), checksum_of(source, 0x9e3779b97f4a7c15ull)};
  {
    std::lock_guard lock(mutex_);
    if (auto found = known_.find(key); found != known_.end()) return found->second;
  }
  Words words = std::make_shared<const std::vector<uint32_t>>(compile_glsl(name, source));
  std::lock_guard lock(mutex_);
  const auto [entry, added] = known_.try_emplace(key, words);
  if (added) {
    bytes_ += words->size() * 4;
    changed_ = true;
    ++compiled_;
  }
  return entry->second;
}

void Jit::save() noexcept {
  if (!disk_) return;
  std::vector<std::byte> bytes;
  try {
    std::lock_guard lock(mutex_);
    if (!changed_ || bytes_ > kMostOnDisk / 2) return;  // a process that makes kernels without end keeps the first ones
    changed_ = false;
    auto put = [&](const void* from, size_t count) {
      const auto* data = static_cast<const std::byte*>(from);
      bytes.insert(bytes.end(), data, data + count);
    };
    for (const auto& [key, words] : known_) {
      const uint32_t count = uint32_t(words->size());
      put(&key.first, 8);
      put(&key.second, 8);
      put(&count, 4);
      put(words->data(), size_t(count) * 4);
    }
  } catch (...) {
    return;  // no memory: not kept
  }
  disk_->store(kFileName, identity(), bytes);
}

int Jit::compiled() const {
  std::lock_guard lock(mutex_);
  return compiled_;
}

}  // namespace mlxc::vulkan
