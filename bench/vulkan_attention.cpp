// Attention, norms, rotations and page writes on a Vulkan device: microseconds, TB/s of keys and values, TFLOP/s.
//   bench_vulkan_attention [DEVICE] [quick]
// A time is that of one launch in a chain where each waits for the one before, launch and barrier included, median of five chains of a few
// milliseconds. Keys and values rotate through more than the second-level cache holds where they fit. The page table has room for 40960
// tokens a sequence, as a program that serves any context has. quick: small sizes, to see that everything runs.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/vulkan_device.h"
#include "ops/matmul.h"
#include "ops/transformer.h"

namespace {

using namespace mlxc;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Heads {
  const char* model;
  int64_t q, kv, dim;
};
constexpr Heads kModels[] = {{"8B 32/8x128", 32, 8, 128}, {"0.6B 16/8x128", 16, 8, 128}};

enum Buffer { kQ, kKeys, kValues, kTable, kSequences, kPositions, kOut, kWeights, kCount };

OperandType operand(const Shape& shape, DType dtype) { return {{shape, dtype}, contiguous_strides(shape)}; }

struct Bench {
  Device& device;
  bool quick;
  int64_t pool;  // bytes of keys, and again of values
  std::vector<StoragePtr> storages;
  StoragePtr scratch;

  Bench(Device& device, bool quick) : device(device), quick(quick), pool(quick ? int64_t(64) << 20 : (int64_t(32) * 32768 * 8 * 128 * 2)) {
    const int64_t rows = quick ? 1024 : 8192;
    const int64_t sizes[kCount] = {rows * 6144 * 4, pool, pool, 64 * 640 * 4, rows * 4, rows * 4, rows * 4096 * 4, 16384 * 4};
    for (int64_t size : sizes) storages.push_back(device.allocator().allocate(size_t(size)));
    // bfloat16 patterns in [-0.5, 0.5), which read as float32 are small numbers too.
    constexpr int64_t kBlock = 4 << 20;
    std::vector<uint16_t> values(kBlock / 2);
    std::mt19937 random(1);
    for (uint16_t& value : values) value = bfloat16((float(random() >> 8) / float(1 << 24)) - 0.5f).bits;
    for (Buffer buffer : {kQ, kKeys, kValues, kWeights}) {
      const int64_t bytes = int64_t(storages[buffer]->bytes());
      for (int64_t at = 0; at < bytes; at += kBlock)
        device.write(*storages[buffer], at, values.data(), size_t(std::min(kBlock, bytes - at)));
    }
  }

  void put(Buffer buffer, const std::vector<int32_t>& values) { device.write(*storages[buffer], 0, values.data(), values.size() * 4); }

  double time(const std::vector<LaunchPlan>& chain) {
    const auto executable = device.compile({chain, std::vector<bool>(storages.size(), false)});
    std::vector<Binding> bound;
    for (const StoragePtr& storage : storages) bound.push_back({storage.get(), 0});
    const size_t need = executable->scratch_bytes();
    if (need && (!scratch || scratch->bytes() < need)) scratch = device.allocator().allocate(need);
    if (need) bound.push_back({scratch.get(), 0});
    executable->run(device.default_stream(), bound, nullptr);
    std::vector<double> times;
    for (int i = 0; i < 5; ++i) {
      const auto start = Clock::now();
      executable->run(device.default_stream(), bound, nullptr);
      times.push_back(seconds_since(start) / double(chain.size()));
    }
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }

  int64_t length(double guess) const { return quick ? 2 : std::clamp<int64_t>(int64_t(3e-3 / guess), 4, 400); }
};

// Tokens at the ends of `batch` sequences of this context, `tokens` in all.
struct Step {
  Heads heads;
  int64_t tokens, batch, context;
  int64_t width() const { return std::max<int64_t>(640, (context + kPageSlots - 1) / kPageSlots); }
  int64_t pages() const { return (context + kPageSlots - 1) / kPageSlots; }
  int64_t page_bytes() const { return heads.kv * kPageSlots * heads.dim * 2; }
};

void put_step(Bench& bench, const Step& step) {
  std::vector<int32_t> table(size_t(step.batch * step.width())), sequences, positions;
  for (int64_t s = 0; s < step.batch; ++s)
    for (int64_t p = 0; p < step.pages(); ++p) table[size_t(s * step.width() + p)] = int32_t(s * step.pages() + p);
  const int64_t each = step.tokens / step.batch;
  for (int64_t t = 0; t < step.tokens; ++t) {
    sequences.push_back(int32_t(t / each));
    positions.push_back(int32_t(step.context - each + t % each));
  }
  bench.put(kTable, table);
  bench.put(kSequences, sequences);
  bench.put(kPositions, positions);
}

LaunchPlan attention_of(const Bench& bench, const Step& step, int64_t turn, Precision precision, DType out) {
  LaunchPlan plan;
  plan.primitive = std::make_shared<PagedAttention>(0.088f, 0, 0.0f, uint8_t(precision));
  const int64_t pages = step.batch * step.pages(), bytes = pages * step.page_bytes(),
                offset = turn % std::max<int64_t>(1, bench.pool / bytes) * bytes;
  const Shape shape{pages, step.heads.kv, kPageSlots, step.heads.dim}, q{step.tokens, step.heads.q, step.heads.dim};
  plan.inputs = {operand(q, DType::f32),
                 operand(shape, DType::bf16),
                 operand(shape, DType::bf16),
                 operand({step.batch, step.width()}, DType::i32),
                 operand({step.tokens}, DType::i32),
                 operand({step.tokens}, DType::i32)};
  plan.outputs = {operand(q, out)};
  plan.places = {{kQ, 0}, {kKeys, offset}, {kValues, offset}, {kTable, 0}, {kSequences, 0}, {kPositions, 0}, {kOut, 0}};
  return plan;
}

double time_attention(Bench& bench, const Step& step, Precision precision, DType out, double guess) {
  put_step(bench, step);
  std::vector<LaunchPlan> chain;
  for (int64_t i = 0; i < bench.length(guess); ++i) chain.push_back(attention_of(bench, step, i, precision, out));
  return bench.time(chain);
}

void decode(Bench& bench) {
  std::printf("\ndecoding, bfloat16 pages\n%-14s %6s %8s %10s %7s\n", "heads", "batch", "context", "us", "TB/s");
  for (const Heads& heads : kModels) {
    for (int64_t batch : {1, 8, 32}) {
      for (int64_t context : {128, 512, 4096, 32768}) {
        const Step step{heads, batch, batch, context};
        const double bytes = 2 * double(batch * context * heads.kv * heads.dim * 2);
        if (double(bench.pool) < bytes / 2) continue;
        const double seconds = time_attention(bench, step, Precision::native, DType::f32, 5e-6 + bytes / 3e12);
        std::printf("%-14s %6lld %8lld %10.2f %7.3f\n", heads.model, static_cast<long long>(batch), static_cast<long long>(context),
                    seconds * 1e6, bytes / seconds * 1e-12);
        std::fflush(stdout);
      }
    }
  }
}

void prompts(Bench& bench) {
  std::printf("\nprompts, bfloat16 pages (native: tensor cores where there are any; high: float32)\n%-14s %6s %8s %9s %10s %9s\n", "heads",
              "tokens", "context", "precision", "us", "TFLOP/s");
  struct Prompt {
    int64_t tokens, context;
  };
  for (const Heads& heads : kModels) {
    for (const Prompt& prompt :
         bench.quick ? std::vector<Prompt>{{128, 128}} : std::vector<Prompt>{{512, 512}, {512, 4096}, {2048, 2048}, {8192, 8192}}) {
      for (Precision precision : {Precision::native, Precision::high}) {
        if (precision == Precision::high && prompt.tokens > 2048) continue;
        const Step step{heads, prompt.tokens, 1, prompt.context};
        const double seen = double(prompt.context) - double(prompt.tokens - 1) / 2;  // keys of a token, on average
        const double flops = 4 * double(prompt.tokens) * double(heads.q * heads.dim) * seen;
        const bool native = precision == Precision::native;
        const double seconds = time_attention(bench, step, precision, native ? DType::bf16 : DType::f32, flops / (native ? 1e14 : 1e13));
        std::printf("%-14s %6lld %8lld %9s %10.1f %9.1f\n", heads.model, static_cast<long long>(prompt.tokens),
                    static_cast<long long>(prompt.context), native ? "native" : "high", seconds * 1e6, flops / seconds * 1e-12);
        std::fflush(stdout);
      }
    }
  }
}

// What stands between products: the norm of a hidden state with and without a residual, and the heads' norms, rotation and page write.
void rest(Bench& bench) {
  std::printf("\n%-28s %6s %10s %7s\n", "", "tokens", "us", "TB/s");
  for (const Heads& heads : kModels) {
    const int64_t hidden = heads.q * heads.dim / (heads.q == 16 ? 2 : 1);
    for (int64_t tokens : {1, 8, 32, 512}) {
      auto report = [&](const char* what, double bytes, const LaunchPlan& plan) {
        const double seconds = bench.time(std::vector<LaunchPlan>(size_t(bench.length(4e-6 + bytes / 2e12)), plan));
        std::printf("%-28s %6lld %10.2f %7.3f\n", what, static_cast<long long>(tokens), seconds * 1e6, bytes / seconds * 1e-12);
        std::fflush(stdout);
      };
      for (bool residual : {false, true}) {
        LaunchPlan plan;
        auto op = std::make_shared<RmsNorm>(1e-6f, 0.0f);
        op->residual = residual;
        plan.primitive = op;
        plan.inputs = {operand({tokens, hidden}, DType::f32), operand({hidden}, DType::bf16)};
        plan.places = {{kQ, 0}, {kWeights, 0}};
        if (residual) plan.inputs.push_back(operand({tokens, hidden}, DType::f32)), plan.places.push_back({kQ, 0});
        plan.outputs = {operand({tokens, hidden}, DType::f32)};
        plan.places.push_back({kOut, 0});
        report(cat("rms_norm ", hidden, residual ? " + residual" : "").c_str(), double(tokens * hidden * (residual ? 12 : 8)), plan);
      }
      const Step step{heads, tokens, std::min<int64_t>(tokens, 32), std::max<int64_t>(64, tokens)};
      put_step(bench, step);
      LaunchPlan plan;
      auto op = std::make_shared<RopeKvWrite>();
      op->head_norm = true;
      op->norm_eps = 1e-6f;
      plan.primitive = op;
      const Shape pages{step.batch * step.pages(), heads.kv, kPageSlots, heads.dim}, q{tokens, heads.q, heads.dim},
          kv{tokens, heads.kv, heads.dim};
      plan.inputs = {operand(pages, DType::bf16),
                     operand(pages, DType::bf16),
                     operand(q, DType::f32),
                     operand(kv, DType::f32),
                     operand(kv, DType::f32),
                     operand({tokens}, DType::i32),
                     operand({heads.dim / 2}, DType::f32),
                     operand({step.batch, step.width()}, DType::i32),
                     operand({tokens}, DType::i32),
                     operand({heads.dim}, DType::bf16),
                     operand({heads.dim}, DType::bf16)};
      plan.outputs = {operand(pages, DType::bf16), operand(pages, DType::bf16), operand(q, DType::f32)};
      const int64_t q_bytes = tokens * heads.q * heads.dim * 4, kv_bytes = tokens * heads.kv * heads.dim * 4;
      plan.places = {{kKeys, 0},       {kValues, 0},  {kQ, 0},      {kQ, q_bytes},   {kQ, q_bytes + kv_bytes},
                     {kPositions, 0},  {kWeights, 0}, {kTable, 0},  {kSequences, 0}, {kWeights, 1024},
                     {kWeights, 2048}, {kKeys, 0},    {kValues, 0}, {kOut, 0}};
      report(cat("rope_kv_write ", heads.model).c_str(), double(2 * q_bytes + 3 * kv_bytes), plan);
    }
  }
}

int run(int argc, char** argv) {
  Device& device = vulkan_device(argc > 1 ? size_t(std::atoi(argv[1])) : 0, cpu_device());
  std::printf("%s\n", device.description().c_str());
  Bench bench(device, argc > 2 && std::strcmp(argv[2], "quick") == 0);
  const Step warm{kModels[0], 8, 8, 512};
  for (const auto begin = Clock::now(); seconds_since(begin) < 0.5;) time_attention(bench, warm, Precision::native, DType::f32, 5e-6);
  decode(bench);
  prompts(bench);
  rest(bench);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
