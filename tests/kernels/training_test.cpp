// The kernels of training at every instruction set. What they compute is checked against compositions in tests/gradient; here all levels
// agree.
#include <functional>

#include "support.h"

namespace mlxc::cpu {
namespace {

using Arrays = std::vector<std::vector<float>>;

// The results at every level against those of the first one.
void expect_alike(const std::function<Arrays(const Isa&)>& run, double tolerance, const std::string& what) {
  Arrays first;
  for (const Isa* isa : every_isa()) {
    const Arrays results = run(*isa);
    if (first.empty()) first = results;
    for (size_t i = 0; i < results.size(); ++i)
      for (size_t j = 0; j < results[i].size(); ++j)
        ASSERT_NEAR(results[i][j], first[i][j], tolerance * (1 + std::abs(first[i][j])))
            << name_of(level_of(*isa)) << " " << what << " " << i << ", " << j;
  }
}

TEST(Training, GradientsOfNormsAgreeAtEveryLevel) {
  ThreadPool pool(2);
  Random random(1);
  for (const int64_t dim : {1, 7, 33, 160}) {
    const int64_t rows = 70;
    const auto x = random.floats(rows * dim), dy = random.floats(rows * dim), weight = random.floats(dim);
    for (const bool centered : {false, true})
      expect_alike(
          [&](const Isa& isa) {
            Arrays out{std::vector<float>(x.size()), std::vector<float>(weight.size()), std::vector<float>(weight.size())};
            norm_gradient(pool,
                          {.x = x.data(),
                           .dy = dy.data(),
                           .dx = out[0].data(),
                           .dweight = out[1].data(),
                           .dbias = centered ? out[2].data() : nullptr,
                           .rows = rows,
                           .dim = dim,
                           .weight = weight.data(),
                           .eps = 1e-3f},
                          isa);
            return out;
          },
          2e-5, cat("norm_gradient of ", dim));
  }
}

TEST(Training, AttentionAgreesAtEveryLevelAndDependsOnNoThreads) {
  Random random(2);
  const int64_t batch = 2, queries = 77, keys = 91, heads = 4, kv_heads = 2, dim = 19;
  const auto q = random.floats(batch * queries * heads * dim), dy = random.floats(int64_t(q.size()));
  const auto k = random.floats(batch * keys * kv_heads * dim), v = random.floats(int64_t(k.size()));
  for (const float softcap : {0.0f, 2.0f}) {
    const auto run = [&](ThreadPool& pool, const Isa& isa) {
      Arrays out{q, std::vector<float>(size_t(batch * heads * queries)), q, k, v};
      SequenceAttentionArgs args{.q = {q.data(), queries * heads * dim, heads * dim, dim},
                                 .k = {k.data(), keys * kv_heads * dim, kv_heads * dim, dim},
                                 .v = {v.data(), keys * kv_heads * dim, kv_heads * dim, dim},
                                 .batch = batch,
                                 .queries = queries,
                                 .keys = keys,
                                 .heads = heads,
                                 .kv_heads = kv_heads,
                                 .dim = dim,
                                 .scale = 0.7f,
                                 .causal = true,
                                 .window = 50,
                                 .softcap = softcap,
                                 .y = out[0].data(),
                                 .normalizer = out[1].data(),
                                 .dy = dy.data(),
                                 .dq = out[2].data(),
                                 .dk = out[3].data(),
                                 .dv = out[4].data()};
      sequence_attention(pool, args, isa);
      sequence_attention_gradient(pool, args, isa);
      return out;
    };
    ThreadPool one(1), three(3);
    expect_alike([&](const Isa& isa) { return run(three, isa); }, 2e-5, "attention");
    EXPECT_EQ(run(one, best_isa()), run(three, best_isa()));
  }
}

TEST(Training, CrossEntropyAgreesAtEveryLevel) {
  ThreadPool pool(2);
  Random random(3);
  const std::vector<int32_t> targets{3, -1, 0, 100, 99};
  for (const int64_t classes : {1, 100, 1037}) {
    const int64_t rows = int64_t(targets.size());
    const auto x = random.floats(rows * classes, -9, 9), cotangents = random.floats(rows);
    expect_alike(
        [&](const Isa& isa) {
          Arrays out{std::vector<float>(size_t(rows)), std::vector<float>(size_t(2 * rows)), std::vector<float>(x.size())};
          cross_entropy(pool, x.data(), targets.data(), out[0].data(), out[1].data(), rows, classes, isa);
          cross_entropy_gradient(pool, x.data(), targets.data(), out[1].data(), cotangents.data(), out[2].data(), rows, classes, isa);
          return out;
        },
        1e-5, cat("cross_entropy of ", classes));
  }
}

TEST(Training, AdamAgreesAtEveryLevel) {
  ThreadPool pool(2);
  Random random(4);
  for (const int64_t n : {1, 45, 40000}) {
    const auto p = random.floats(n), mean = random.floats(n), variance = random.floats(n, 0, 1), gradient = random.floats(n);
    expect_alike(
        [&](const Isa& isa) {
          Arrays out{p, mean, variance};
          adam(pool,
               {.parameter = out[0].data(),
                .mean = out[1].data(),
                .variance = out[2].data(),
                .gradient = gradient.data(),
                .n = n,
                .beta1 = 0.9f,
                .rest1 = 0.1f,
                .beta2 = 0.999f,
                .rest2 = 0.001f,
                .eps = 1e-8f,
                .keep = 0.99f,
                .rate = 0.01f,
                .correction = 0.3f},
               isa);
          return out;
        },
        1e-5, cat("adam of ", n));
  }
}

}  // namespace
}  // namespace mlxc::cpu
