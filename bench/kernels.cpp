// Times the CPU kernels on model shapes beside two ceilings measured in the same run: reading memory, and multiply-adds from registers.
//   bench_kernels [threads] [linear | attention | rows | array]
#include "backend/cpu/kernels/kernels.h"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "base/thread_pool.h"

namespace mlxc::cpu {
namespace {

bool processor_time = false;  // one thread: its processor time, which other programs do not lengthen

double seconds() {
  timespec now;
  clock_gettime(processor_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

// The best of several runs: the machine is shared, and noise only adds.
double best_time(const std::function<void()>& body, double at_least = 0.25) {
  body();
  double best = 1e9, total = 0;
  for (int runs = 0; total < at_least || runs < 3; ++runs) {
    const double start = seconds();
    body();
    const double time = seconds() - start;
    best = std::min(best, time);
    total += time;
    if (runs > 200) break;
  }
  return best;
}

std::vector<float> noise(int64_t n, float scale = 1) {
  std::vector<float> v(static_cast<size_t>(n));
  uint32_t state = 12345;
  for (float& x : v) {
    state = state * 1664525u + 1013904223u;
    x = (float(state >> 8) * 0x1p-24f - 0.5f) * scale;
  }
  return v;
}

std::vector<bfloat16> noise_brain(int64_t n) {
  std::vector<bfloat16> v(static_cast<size_t>(n));
  uint32_t state = 999;
  for (bfloat16& x : v) {
    state = state * 1664525u + 1013904223u;
    x = bfloat16((float(state >> 8) * 0x1p-24f - 0.5f) * 0.1f);
  }
  return v;
}

struct Ceilings {
  double read;      // bytes per second
  double multiply;  // multiply-adds per second of the bf16 product, from L1
};

Ceilings measure(ThreadPool& pool, const Isa& isa) {
  Ceilings c{};
  // In short pieces: a longer one would be interrupted on a shared machine.
  std::vector<float> memory(size_t(64) << 20, 1.0f);
  const int64_t piece = int64_t(4) << 20;
  std::vector<float> best(static_cast<size_t>(pool.size() * 16));
  int64_t at = 0;
  const double time = best_time(
      [&] {
        pool.parallel_for(piece, 1 << 16, [&](int64_t begin, int64_t end, int worker) {
          reduce(pool,
                 {.op = ReduceOp::max,
                  .x = memory.data() + at + begin,
                  .count = end - begin,
                  .count_stride = 1,
                  .out = best.data() + worker * 16},
                 isa);
        });
        at = (at + piece) % int64_t(memory.size());
      },
      1.0);
  c.read = double(piece) * 4 / time;
  // Small enough for L1: 24 rows against 4 columns of 512, computed over and over.
  const auto x = noise(24 * 512);
  const auto w = noise_brain(4 * 512);
  std::vector<std::vector<float>> y(size_t(pool.size()), std::vector<float>(24 * 128));
  const double product = best_time([&] {
    pool.parallel_for(pool.size(), 1, [&](int64_t begin, int64_t end, int worker) {
      for (int64_t i = begin; i < end; ++i) {
        std::vector<LinearOutput> out(32, LinearOutput{.weight = w.data(),
                                                       .weight_dtype = DType::bf16,
                                                       .weight_stride = 512,
                                                       .n = 4,
                                                       .y = y[size_t(worker)].data(),
                                                       .y_stride = 4});
        linear(pool, {.x = x.data(), .x_stride = 512, .t = 24, .k = 512, .outputs = out}, isa);
      }
    });
  });
  c.multiply = double(pool.size()) * 32 * 24 * 4 * 512 / product;
  return c;
}

struct Model {
  const char* name;
  int64_t hidden, inter, q, kv, vocab, layers, q_heads, kv_heads, head_dim;
};
constexpr Model kModels[] = {{"Qwen3-0.6B", 1024, 3072, 2048, 1024, 151936, 28, 16, 8, 128},
                             {"SmolLM2-135M", 576, 1536, 576, 192, 49152, 30, 9, 3, 64}};

void bench_linear(ThreadPool& pool, const Model& m, const Ceilings& ceilings, const Isa& isa) {
  struct Group {
    const char* name;
    int64_t k;
    std::vector<int64_t> n;
    bool gated;
  };
  const Group groups[] = {{"q,k,v", m.hidden, {m.q, m.kv, m.kv}, false},
                          {"o", m.q, {m.hidden}, false},
                          {"gate*up", m.hidden, {m.inter, m.inter}, true},
                          {"down", m.inter, {m.hidden}, false},
                          {"head", m.hidden, {m.vocab}, false}};
  for (const Group& g : groups) {
    int64_t columns = 0;
    for (int64_t n : g.n) columns += n;
    // Copies of the weights so that they come from memory, as in a model.
    const int64_t bytes = columns * g.k * 2, copies = std::max<int64_t>(1, (int64_t(300) << 20) / bytes);
    const auto w = noise_brain(columns * g.k * copies);
    for (int64_t t : {1, 4, 16, 64, 256}) {
      if (t > 16 && std::strcmp(g.name, "head") == 0) continue;
      const auto x = noise(t * g.k);
      std::vector<float> y(size_t(t * columns));
      int64_t copy = 0;
      const double time = best_time(
          [&] {
            std::vector<LinearOutput> outputs;
            const bfloat16* at = w.data() + copy * columns * g.k;
            float* to = y.data();
            for (int64_t n : g.n) {
              outputs.push_back({.weight = at,
                                 .weight_dtype = DType::bf16,
                                 .weight_stride = g.k,
                                 .n = n,
                                 .activation = g.gated && outputs.empty() ? Activation::silu : Activation::none,
                                 .y = to,
                                 .y_stride = n});
              at += n * g.k;
              to += n * t;
            }
            linear(pool, {.x = x.data(), .x_stride = g.k, .t = t, .k = g.k, .outputs = outputs, .gated = g.gated}, isa);
            copy = (copy + 1) % copies;
          },
          0.15);
      const double work = double(t) * double(columns) * double(g.k);
      const double limit = std::max(double(bytes) / ceilings.read, work / ceilings.multiply);
      std::printf("%-13s %-8s T=%-4ld %8.3f ms  %6.1f GB/s  %7.1f GFLOP/s  %3.0f %% of the ceiling\n", m.name, g.name, long(t), time * 1e3,
                  double(bytes) / time * 1e-9, 2 * work / time * 1e-9, 100 * limit / time);
    }
  }
}

void bench_attention(ThreadPool& pool, const Model& m, const Ceilings& ceilings, const Isa& isa, DType dtype) {
  const KvLayout layout{dtype, m.kv_heads, m.head_dim};
  const int64_t pages = 64, page = kv_page_bytes(layout), most = pages * kPageSlots;
  std::vector<float> k_memory(size_t(pages * page / 4) + 16), v_memory = k_memory;
  void* k = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(k_memory.data()) + 63) / 64 * 64);
  void* v = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(v_memory.data()) + 63) / 64 * 64);
  std::vector<int32_t> table, positions, sequences(size_t(most), 0);
  for (int32_t i = 0; i < pages; ++i) table.push_back(i);
  for (int32_t i = 0; i < most; ++i) positions.push_back(i);
  const int64_t kv_row = m.kv_heads * m.head_dim, q_row = m.q_heads * m.head_dim;
  const auto values = noise(most * kv_row), q = noise(2048 * q_row, 4);
  std::vector<float> out(q.size());
  auto write = [&](int64_t from, int64_t count) {
    kv_write(pool,
             {.layout = layout,
              .k = values.data(),
              .v = values.data(),
              .k_stride = kv_row,
              .v_stride = kv_row,
              .tokens = count,
              .positions = positions.data() + from,
              .sequences = sequences.data(),
              .page_table = table.data(),
              .page_table_stride = pages,
              .k_pages = k,
              .v_pages = v},
             isa);
  };
  write(0, most);
  auto attend = [&](int64_t from, int64_t count) {
    attention(pool,
              {.layout = layout,
               .q = q.data(),
               .q_stride = q_row,
               .q_heads = m.q_heads,
               .tokens = count,
               .positions = positions.data() + from,
               .sequences = sequences.data(),
               .page_table = table.data(),
               .page_table_stride = pages,
               .k_pages = k,
               .v_pages = v,
               .scale = 0.088f,
               .out = out.data(),
               .out_stride = q_row},
              isa);
  };
  const std::string type(name_of(dtype));
  for (auto [from, count] : {std::pair<int64_t, int64_t>{0, 256}, {0, 2048}, {1792, 256}, {255, 1}, {2047, 1}, {4095, 1}}) {
    const double time = best_time([&] { attend(from, count); }, 0.15);
    double keys = 0;
    for (int64_t i = from; i < from + count; ++i) keys += double(i + 1);
    const double work = 2 * keys * double(q_row);
    const double bytes = 2 * double(from + count) * double(kv_row) * double(size_of(dtype));
    std::printf(
        "%-13s attention %-8s %4ld tokens from %4ld %8.3f ms  %7.1f GFLOP/s (%3.0f %% of the product ceiling)  %6.1f GB/s (%3.0f %% of "
        "reading)\n",
        m.name, type.c_str(), long(count), long(from), time * 1e3, 2 * work / time * 1e-9, 100 * work / ceilings.multiply / time,
        bytes / time * 1e-9, 100 * bytes / ceilings.read / time);
  }
  for (int64_t count : {1, 256}) {
    const double time = best_time([&] { write(1000, count); }, 0.05);
    std::printf("%-13s kv_write  %-8s %4ld tokens %8.3f ms\n", m.name, type.c_str(), long(count), time * 1e3);
  }
}

void bench_rows(ThreadPool& pool, const Model& m, const Isa& isa) {
  for (int64_t t : {1, 256}) {
    const auto x = noise(t * m.q);
    std::vector<float> y(x.size());
    const auto w = noise_brain(m.hidden), h = noise_brain(m.head_dim);
    std::vector<int32_t> positions(size_t(t), 1000);
    for (int64_t i = 0; i < t; ++i) positions[size_t(i)] += int32_t(i);
    const auto frequencies = noise(m.head_dim / 2);
    double time = best_time(
        [&] {
          rms_norm(pool,
                   {.x = x.data(),
                    .x_stride = m.hidden,
                    .y = y.data(),
                    .y_stride = m.hidden,
                    .tokens = t,
                    .dim = m.hidden,
                    .weight = w.data(),
                    .weight_dtype = DType::bf16},
                   isa);
        },
        0.05);
    std::printf("%-13s rms_norm      T=%-4ld %8.4f ms\n", m.name, long(t), time * 1e3);
    time = best_time(
        [&] {
          rms_norm(pool,
                   {.x = x.data(),
                    .x_stride = m.q,
                    .x_head_stride = m.head_dim,
                    .y = y.data(),
                    .y_stride = m.q,
                    .y_head_stride = m.head_dim,
                    .tokens = t,
                    .heads = m.q_heads,
                    .dim = m.head_dim,
                    .weight = h.data(),
                    .weight_dtype = DType::bf16},
                   isa);
        },
        0.05);
    std::printf("%-13s rms_norm head T=%-4ld %8.4f ms\n", m.name, long(t), time * 1e3);
    time = best_time(
        [&] {
          rope(pool,
               {.x = x.data(),
                .x_stride = m.q,
                .x_head_stride = m.head_dim,
                .y = y.data(),
                .y_stride = m.q,
                .y_head_stride = m.head_dim,
                .tokens = t,
                .heads = m.q_heads,
                .head_dim = m.head_dim,
                .rotary = m.head_dim,
                .positions = positions.data(),
                .inverse_frequencies = frequencies.data()},
               isa);
        },
        0.05);
    std::printf("%-13s rope          T=%-4ld %8.4f ms\n", m.name, long(t), time * 1e3);
  }
}

void bench_array(ThreadPool& pool, const Ceilings& ceilings, const Isa& isa) {
  const int64_t n = 10 << 20;
  const auto a = noise(n, 8), b = noise(n, 8);
  std::vector<float> y(static_cast<size_t>(n));
  auto report = [&](const char* name, double bytes, double time) {
    std::printf("10 M floats   %-12s %8.3f ms  %6.1f GB/s (%3.0f %% of reading)\n", name, time * 1e3, bytes / time * 1e-9,
                100 * bytes / ceilings.read / time);
  };
  const struct {
    const char* name;
    UnaryOp op;
  } unary[] = {{"exp", UnaryOp::exp},           {"log", UnaryOp::log}, {"tanh", UnaryOp::tanh}, {"gelu_tanh", UnaryOp::gelu_tanh},
               {"gelu_erf", UnaryOp::gelu_erf}, {"sin", UnaryOp::sin}, {"atan", UnaryOp::atan}, {"sqrt", UnaryOp::sqrt}};
  constexpr int64_t kTile = 1024;
  auto tiles = [&](auto&& body) {
    pool.parallel_for(n / kTile, 16, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) body(i * kTile);
    });
  };
  for (const auto& u : unary) {
    const UnaryFn f = unary_function(u.op, DType::f32, isa);
    report(u.name, 8.0 * double(n), best_time([&] { tiles([&](int64_t i) { f(a.data() + i, y.data() + i, kTile); }); }, 0.1));
  }
  const BinaryFn add = binary_function(BinaryOp::add, DType::f32, isa);
  report("add", 12.0 * double(n),
         best_time([&] { tiles([&](int64_t i) { add(a.data() + i, 1, b.data() + i, 1, y.data() + i, kTile); }); }, 0.1));
  report("softmax 1000", 8.0 * double(n), best_time([&] { softmax(pool, a.data(), 1000, y.data(), 1000, n / 1000, 1000, isa); }, 0.1));
  double out;
  for (auto [name, op] :
       {std::pair{"sum", ReduceOp::sum}, {"max", ReduceOp::max}, {"variance", ReduceOp::variance}, {"logsumexp", ReduceOp::logsumexp}}) {
    report(name, 4.0 * double(n),
           best_time([&] { reduce(pool, {.op = op, .x = a.data(), .count = n, .count_stride = 1, .out = &out}, isa); }, 0.1));
  }
  report("sum columns", 4.0 * double(n),
         best_time(
             [&] {
               reduce(pool,
                      {.op = ReduceOp::sum,
                       .x = a.data(),
                       .count = 10240,
                       .inner = 1024,
                       .count_stride = 1024,
                       .inner_stride = 1,
                       .out = y.data()},
                      isa);
             },
             0.1));
  const int64_t size = 1024;
  const double time = best_time([&] {
    matmul(pool,
           {.m = size,
            .n = size,
            .k = size,
            .a = a.data(),
            .a_row = size,
            .a_col = 1,
            .b = b.data(),
            .b_row = size,
            .b_col = 1,
            .c = y.data(),
            .c_row = size},
           isa);
  });
  std::printf("matmul f32 1024^3 %8.3f ms  %7.1f GFLOP/s\n", time * 1e3, 2.0 * double(size * size * size) / time * 1e-9);
}

void run(int argc, char** argv) {
  const std::vector<int> counts = argc > 1 && std::atoi(argv[1]) > 0 ? std::vector<int>{std::atoi(argv[1])} : std::vector<int>{1, 2};
  const std::string filter = argc > 2 ? argv[2] : "";
  auto wants = [&](const char* section) { return filter.empty() || filter == section; };
  const Isa& isa = best_isa();
  for (int threads : counts) {
    ThreadPool pool(threads);
    processor_time = threads == 1;
    const Ceilings ceilings = measure(pool, isa);
    std::printf("\n%s, %d thread(s): reads %.1f GB/s, bf16 products from L1 %.0f GFLOP/s\n", std::string(name_of(level_of(isa))).c_str(),
                threads, ceilings.read * 1e-9, 2e-9 * ceilings.multiply);
    for (const Model& m : kModels) {
      if (wants("linear")) bench_linear(pool, m, ceilings, isa);
      if (wants("attention")) {
        bench_attention(pool, m, ceilings, isa, DType::bf16);
        bench_attention(pool, m, ceilings, isa, DType::f32);
      }
      if (wants("rows")) bench_rows(pool, m, isa);
    }
    if (wants("array")) bench_array(pool, ceilings, isa);
  }
}

}  // namespace
}  // namespace mlxc::cpu

int main(int argc, char** argv) { mlxc::cpu::run(argc, argv); }
