// The engine: one worker thread a loaded model; all running requests share each step, new ones join at the next.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "llm/model.h"
#include "text/tokenizer.h"

namespace mlxc {

struct SamplingOptions {
  float temperature = 0;  // 0: greedy
  int64_t top_k = 0;      // 0: off
  float top_p = 1, min_p = 0;
  float repetition_penalty = 1, presence_penalty = 0, frequency_penalty = 0;
  std::vector<std::pair<int32_t, float>> logit_bias = {};
  uint64_t seed = 0;  // fixes sampling: same seed, same prompt, same tokens, whatever runs beside it
};

struct GenerateOptions {
  SamplingOptions sampling;
  int64_t max_tokens = -1;  // negative: up to the context; 0: none, the prompt is run and that is all
  int64_t min_tokens = 0;   // before as many stop tokens are masked, stop strings do not count
  // At most 256 strings of 4096 bytes. The text ends before the first one found; the tokens that hold it stay in the result.
  std::vector<std::string> stop;
  std::vector<int32_t> stop_tokens;  // beside the model's own
  bool ignore_model_stop_tokens = false;
  bool logprobs = false;          // of the model's own distribution, before penalties, temperature and the rest
  int32_t top_logprobs = 0;       // 0 to 1000
  bool echo = false;              // the prompt's tokens come first
  bool keep_last_logits = false;  // as the model gave them where the last token (a stop token too) was chosen
};

enum class FinishReason : int32_t { none = 0, stop = 1, length = 2, cancelled = 3, error = 4 };  // stop: token or string

struct TokenLogprob {
  int32_t token;
  float logprob;
};

// One event a generated token; the last one has finish != none, and token -1 when it brings only the tail of the text.
// The texts of all events, joined, are the result's text.
struct TokenEvent {
  uint64_t request = 0;  // as given at submit
  int64_t index = 0;     // of the generated token
  int32_t token = -1;
  float logprob = 0;
  std::string text;  // new valid UTF-8, may be empty while bytes or a possible stop string are held back
  FinishReason finish = FinishReason::none;
  std::vector<TokenLogprob> top;
};

struct Timings {
  double queue_seconds = 0, prompt_seconds = 0, first_token_seconds = 0, generate_seconds = 0;
};

struct GenerateResult {
  std::vector<int32_t> tokens;  // generated, without a final stop token (echo: prompt first)
  std::string text;
  std::vector<float> logprobs;  // one a generated token, when asked
  std::vector<std::vector<TokenLogprob>> top_logprobs;
  std::vector<float> last_logits;  // when asked
  FinishReason finish = FinishReason::none;
  Status status = Status::ok;  // and why not
  std::string message;
  int64_t prompt_tokens = 0;
  Timings timings;
};

// Called on the engine's thread; a non-zero result cancels the request, and it is not called again.
using TokenCallback = std::function<int32_t(const TokenEvent&)>;
// Called on the engine's thread, once for every request, after its last event.
using DoneCallback = std::function<void(const GenerateResult&)>;

class Request {
 public:
  virtual ~Request() = default;
  virtual uint64_t id() const = 0;
  virtual void cancel() = 0;  // returns at once; the request ends at the engine's next poll
  // True when done (on_done has returned); negative timeout: no limit. Throws Error(busy) inside a callback of the same engine.
  virtual bool wait(std::chrono::nanoseconds timeout) = 0;
  virtual const GenerateResult& result() const = 0;  // after wait returned true
};

struct ScoreResult {
  std::vector<float> logprobs;        // [prompts, labels], natural log, summed over the label's tokens
  std::vector<int32_t> token_counts;  // [labels]... per prompt and label, as the label is tokenized without special tokens
};

struct EngineOptions {
  int threads = 0;             // CPU threads of the engine's own stream; 0: the device's own stream
  int64_t max_sequences = 64;  // running together; more wait in line
  int64_t cache_tokens = 0;    // limit of K/V slots over all sequences; 0: chosen from memory
  int64_t step_tokens = 0;     // most tokens in one step (prompt chunk); 0: chosen
};

struct EngineStats {
  // Sequences: a request is one; score, embed and logits count as one each for every sequence they run.
  int64_t running = 0, waiting = 0, submitted = 0, finished = 0;
  int64_t prompt_tokens = 0, generated_tokens = 0, steps = 0;
  int64_t cache_pages = 0, cache_pages_used = 0;
};

// Callbacks may submit, cancel and destroy the engine; score, embed, logits and wait throw Error(busy) there.
// Options out of range are Error(invalid_argument); score, logits and submit on an encoder Error(unsupported).
class Engine {
 public:
  // Cancels what runs and joins the worker; inside a callback it returns at once and the worker ends after that callback.
  virtual ~Engine() = default;
  static std::shared_ptr<Engine> create(std::shared_ptr<Model> model, std::shared_ptr<const Tokenizer> tokenizer,
                                        const EngineOptions& options);

  virtual const Model& model() const = 0;
  virtual const std::shared_ptr<const Tokenizer>& tokenizer() const = 0;  // may be null: tokens only

  // Starts generating after `prompt`; either callback may be empty. Throws Error(context_full) with both numbers when the prompt is
  // too long. An empty prompt stands for the model's bos token.
  virtual std::shared_ptr<Request> submit(std::vector<int32_t> prompt, const GenerateOptions& options, TokenCallback on_token,
                                          DoneCallback on_done) = 0;
  // Log-probability of each label as a continuation of each prompt; a prompt runs once for all its labels. cancel may be null.
  virtual ScoreResult score(const std::vector<std::vector<int32_t>>& prompts, const std::vector<std::vector<int32_t>>& labels,
                            const std::atomic<bool>* cancel) = 0;
  // [sequences, hidden]; pooling over the last hidden states, causal models and encoders alike. A sequence longer than the model's
  // max_embedding_tokens (an encoder without: its context) is cut to that many tokens, and its last one ([SEP]) stays the last, as
  // tokenizers truncates.
  virtual std::vector<float> embed(const std::vector<std::vector<int32_t>>& sequences, Pooling pooling, bool normalize,
                                   const std::atomic<bool>* cancel) = 0;
  // Logits of every given token, [tokens, vocabulary]; hidden (may be null) takes [tokens, hidden]. Writes into the caller's memory.
  virtual void logits(std::span<const int32_t> tokens, float* logits, float* hidden, const std::atomic<bool>* cancel) = 0;
  virtual void cancel_all() = 0;  // every request ends with Status::cancelled
  virtual EngineStats stats() const = 0;
};

}  // namespace mlxc
