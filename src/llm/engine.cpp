#include "llm/engine.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "backend/backend.h"
#include "llm/call.h"
#include "llm/engine_parts.h"
#include "llm/generation.h"
#include "ops/transformer.h"

namespace mlxc {
namespace {

constexpr int64_t kMostSequences = 4096;

int64_t pages_for(int64_t tokens) { return tokens / kPageSlots + (tokens % kPageSlots != 0); }

constexpr double kPatience = 0.04;  // seconds of one launch
constexpr double kFast = 1e12;      // multiply-adds a second from which more tokens are needed to keep a device busy

// The largest launch of a layer should take some tens of milliseconds at most, since nothing polls for cancellation inside it; below
// 64 tokens a step would be bound by reading the weights. About 0.4 of a layer's weights are in its largest product.
int64_t chosen_step_tokens(const ModelInfo& model, double speed) {
  const double layer =
      std::max(1.0, double(model.parameters - model.vocabulary * model.hidden) / double(std::max<int64_t>(1, model.layers)));
  const double tokens = kPatience * speed / (0.4 * layer);
  return int64_t(std::bit_floor(uint64_t(std::clamp(tokens, 64.0, speed < kFast ? 512.0 : 2048.0))));
}

class EngineImpl final : public Engine {
 public:
  EngineImpl(std::shared_ptr<Model> model, std::shared_ptr<const Tokenizer> tokenizer, std::unique_ptr<Runner> runner,
             const SchedulerLimits& limits)
      : model_(std::move(model)),
        tokenizer_(std::move(tokenizer)),
        context_(std::min(model_->info().context, limits.causal ? limits.table_width * kPageSlots : model_->info().context)),
        worker_(std::make_shared<Worker>(std::move(runner), limits, std::make_shared<CancelSignal>())),
        generated_(std::make_shared<std::atomic<int64_t>>(0)) {}

  ~EngineImpl() override { worker_->close(); }

  const Model& model() const override { return *model_; }
  const std::shared_ptr<const Tokenizer>& tokenizer() const override { return tokenizer_; }

  std::shared_ptr<Request> submit(std::vector<int32_t> prompt, const GenerateOptions& options, TokenCallback on_token,
                                  DoneCallback on_done) override {
    need_causal("generating");
    const ModelInfo& info = model_->info();
    begin_text(prompt, "the prompt");
    check_ids(prompt, info.vocabulary, "the prompt");
    check_options(options, info, tokenizer_ != nullptr);
    if (int64_t(prompt.size()) > context_)
      fail(Status::context_full, "the prompt has ", prompt.size(), " tokens, the context holds ", context_);
    auto request = std::make_shared<Generation>(++last_id_, std::move(prompt), options, info, context_, tokenizer_, worker_->signal(),
                                                generated_, std::move(on_token), std::move(on_done));
    ++submitted_;
    worker_->add(request);
    return request;
  }

  ScoreResult score(const std::vector<std::vector<int32_t>>& prompts, const std::vector<std::vector<int32_t>>& labels,
                    const std::atomic<bool>* cancel) override {
    need_causal("scoring");
    std::shared_ptr<Worker> worker = waiting_worker("score");
    std::vector<std::vector<int32_t>> given = prompts;
    for (size_t i = 0; i < given.size(); ++i) begin_text(given[i], cat("prompt ", i));
    submitted_ += int64_t(prompts.size());
    ScoreResult result;
    result.logprobs = run_score(*worker, model_->info(), given, labels, context_, cancel);
    for (const auto& label : labels) result.token_counts.push_back(int32_t(label.size()));
    return result;
  }

  std::vector<float> embed(const std::vector<std::vector<int32_t>>& sequences, Pooling pooling, bool normalize,
                           const std::atomic<bool>* cancel) override {
    std::shared_ptr<Worker> worker = waiting_worker("embed");
    submitted_ += int64_t(sequences.size());
    return run_embed(*worker, model_->info(), sequences, pooling, normalize, context_, cancel);
  }

  void logits(std::span<const int32_t> tokens, float* logits, float* hidden, const std::atomic<bool>* cancel) override {
    need_causal("computing logits");
    std::shared_ptr<Worker> worker = waiting_worker("logits");
    ++submitted_;
    run_logits(*worker, model_->info(), tokens, logits, hidden, context_, cancel);
  }

  void cancel_all() override { worker_->cancel_all(); }

  EngineStats stats() const override {
    const Scheduler::Counters& counters = worker_->counters();
    EngineStats stats;
    stats.waiting = worker_->inbox();  // first: what leaves it meanwhile is counted below
    stats.waiting += counters.waiting;
    stats.running = counters.running;
    stats.submitted = submitted_;
    stats.finished = counters.finished;
    stats.prompt_tokens = counters.prompt_tokens;
    stats.generated_tokens = *generated_;
    stats.steps = counters.steps;
    stats.cache_pages = counters.pages;
    stats.cache_pages_used = counters.pages_used;
    return stats;
  }

 private:
  void need_causal(const char* what) const {
    if (!model_->info().causal)
      fail(Status::unsupported, what, " needs a causal language model, and ", model_->info().architecture,
           " is an encoder; it gives embeddings");
  }
  std::shared_ptr<Worker> waiting_worker(const char* what) const {
    worker_->check_may_wait(what);
    return worker_;
  }
  void begin_text(std::vector<int32_t>& prompt, const std::string& where) const {
    if (!prompt.empty()) return;
    if (!model_->info().bos_token)
      fail(Status::invalid_argument, where, " is empty and the model has no bos token to begin with; give one token or more");
    prompt.push_back(*model_->info().bos_token);
  }

  const std::shared_ptr<Model> model_;
  const std::shared_ptr<const Tokenizer> tokenizer_;
  const int64_t context_;  // most positions of one sequence: the model's, or what the cache can hold
  const std::shared_ptr<Worker> worker_;
  const std::shared_ptr<std::atomic<int64_t>> generated_;
  std::atomic<int64_t> submitted_{0};
  std::atomic<uint64_t> last_id_{0};
};

}  // namespace

SchedulerLimits limits_for(const ModelInfo& model, int64_t page_bytes, int64_t memory_bytes, const EngineOptions& options, double speed) {
  SchedulerLimits limits;
  limits.causal = model.causal;
  limits.vocabulary = model.vocabulary;
  limits.hidden = model.hidden;
  limits.attention_width = model.heads * model.head_dim;
  limits.sequences = options.max_sequences > 0 ? std::min(options.max_sequences, kMostSequences) : 64;
  limits.step_tokens = options.step_tokens > 0 ? options.step_tokens : chosen_step_tokens(model, speed);
  limits.attention_work = 0.75 * kPatience * speed;
  // Logits of a step: 64 MiB, or a row a sequence and room for some of a prompt's.
  limits.output_rows = std::max(limits.sequences + 16, (int64_t{16} << 20) / std::max<int64_t>(1, model.vocabulary));
  if (!model.causal) return limits;
  const int64_t context = pages_for(std::max<int64_t>(1, model.context));
  const int64_t most = std::min<int64_t>(context * limits.sequences, int64_t{1} << 24);
  if (options.cache_tokens > 0) {
    limits.pages = std::clamp<int64_t>(pages_for(options.cache_tokens), 1, int64_t{1} << 24);
  } else {
    const int64_t quarter = (memory_bytes > 0 ? memory_bytes : int64_t{16} << 30) / 4;
    limits.pages = std::clamp<int64_t>(quarter / std::max<int64_t>(1, page_bytes), 1, most);
  }
  limits.table_width = std::min(context, limits.pages);
  limits.first_pages = std::min(limits.pages, std::max<int64_t>(16, (int64_t{32} << 20) / std::max<int64_t>(1, page_bytes)));
  return limits;
}

std::shared_ptr<Engine> make_engine(std::shared_ptr<Model> model, std::shared_ptr<const Tokenizer> tokenizer,
                                    std::unique_ptr<Runner> runner, const SchedulerLimits& limits) {
  return std::make_shared<EngineImpl>(std::move(model), std::move(tokenizer), std::move(runner), limits);
}

std::shared_ptr<Engine> Engine::create(std::shared_ptr<Model> model, std::shared_ptr<const Tokenizer> tokenizer,
                                       const EngineOptions& options) {
  if (options.threads < 0) fail(Status::invalid_argument, "threads is ", options.threads, ", expected 0 or more");
  const ModelInfo& info = model->info();
  const Device& device = model->device();
  const SchedulerLimits limits = limits_for(info, info.causal ? page_bytes(*model) : 0, device.memory_bytes(), options, device.speed());
  std::unique_ptr<Runner> runner = new_graph_runner(model, options.threads, limits.sequences, limits.table_width);
  return make_engine(std::move(model), std::move(tokenizer), std::move(runner), limits);
}

}  // namespace mlxc
