#include "llm/generation.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace mlxc {
namespace {

constexpr size_t kMostStops = 256, kMostStopBytes = 4096;
constexpr int32_t kMostTop = 1000;
constexpr size_t kContextTokens = 8;  // of the prompt, that a decoder sees before the first generated token

void check_tokens(const std::vector<int32_t>& tokens, int64_t vocabulary, const char* option) {
  for (int32_t token : tokens)
    if (token < 0 || token >= vocabulary)
      fail(Status::invalid_argument, option, " names token ", token, ", the vocabulary has ", vocabulary, " tokens");
}

double seconds(Generation::Clock::time_point from, Generation::Clock::time_point to) {
  if (from == Generation::Clock::time_point{} || to < from) return 0;
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

void check_options(const GenerateOptions& options, const ModelInfo& model, bool has_tokenizer) {
  check_sampling(options.sampling, model.vocabulary);
  if (options.min_tokens < 0) fail(Status::invalid_argument, "min_tokens is ", options.min_tokens, ", expected 0 or more");
  if (options.top_logprobs < 0 || options.top_logprobs > kMostTop)
    fail(Status::invalid_argument, "top_logprobs is ", options.top_logprobs, ", expected 0 to ", kMostTop);
  if (!options.stop.empty() && !has_tokenizer)
    fail(Status::invalid_argument, "stop strings need a tokenizer, and the model's folder has none; use stop_tokens");
  if (options.stop.size() > kMostStops)
    fail(Status::invalid_argument, options.stop.size(), " stop strings are given, at most ", kMostStops, " are possible");
  for (const std::string& stop : options.stop) {
    if (stop.empty()) fail(Status::invalid_argument, "a stop string is empty");
    if (stop.size() > kMostStopBytes)
      fail(Status::invalid_argument, "a stop string has ", stop.size(), " bytes, at most ", kMostStopBytes, " are possible");
  }
  check_tokens(options.stop_tokens, model.vocabulary, "stop_tokens");
}

Generation::Generation(uint64_t id, std::vector<int32_t> prompt, const GenerateOptions& options, const ModelInfo& model, int64_t context,
                       std::shared_ptr<const Tokenizer> tokenizer, std::shared_ptr<CancelSignal> signal,
                       std::shared_ptr<std::atomic<int64_t>> generated, TokenCallback on_token, DoneCallback on_done)
    : Sequence(std::move(prompt), Wants::logits, signal),
      id_(id),
      options_(options),
      vocabulary_(model.vocabulary),
      tokenizer_(std::move(tokenizer)),
      stop_tokens_(options.stop_tokens),
      sampler_(options.sampling, tokens),
      stops_(options.stop),
      all_generated_(std::move(generated)),
      on_token_(std::move(on_token)),
      on_done_(std::move(on_done)),
      worker_(std::move(signal)) {
  const int64_t room = context - int64_t(tokens.size());
  most_tokens_ = options.max_tokens < 0 ? room : std::min(options.max_tokens, room);
  if (!options.ignore_model_stop_tokens) stop_tokens_.insert(stop_tokens_.end(), model.stop_tokens.begin(), model.stop_tokens.end());
  std::sort(stop_tokens_.begin(), stop_tokens_.end());
  output_begin = int64_t(tokens.size()) - 1;
  result_.prompt_tokens = int64_t(tokens.size());
  if (options_.echo) result_.tokens = tokens;
  if (tokenizer_) start_text(tokens);
}

void Generation::start_text(std::span<const int32_t> prompt) {
  decoder_.emplace(tokenizer_);
  if (options_.echo) {
    for (int32_t token : prompt) first_text_ += decoder_->push(token);
    return;
  }
  // The text goes on where the prompt ended: seen alone, a first "▁word" would lose its space, and half a character its other half.
  std::string before;
  for (int32_t token : prompt.last(std::min(prompt.size(), kContextTokens))) before += decoder_->push(token);
  if (before.empty()) decoder_.emplace(tokenizer_);  // only special tokens: the text begins here
}

bool Generation::wait(std::chrono::nanoseconds timeout) {
  std::unique_lock lock(mutex_);
  if (done_) return true;
  if (worker_->on_worker()) fail(Status::busy, "a callback of the engine cannot wait for its requests: they go on when it returns");
  if (timeout.count() < 0) {
    changed_.wait(lock, [&] { return done_; });
    return true;
  }
  // Far deadlines overflow the clock.
  return changed_.wait_for(lock, std::min<std::chrono::nanoseconds>(timeout, std::chrono::hours(24 * 365)), [&] { return done_; });
}

int64_t Generation::top_needed() const {
  if (options_.logprobs || options_.top_logprobs || options_.keep_last_logits || !masked().empty()) return 0;
  return sampler_.top_needed();
}

void Generation::take(int64_t, const OutputRow& row) {
  last_ = Clock::now();
  if (generated_ == 0) first_ = last_;
  if (options_.keep_last_logits) result_.last_logits.assign(row.logits, row.logits + vocabulary_);
  if (most_tokens_ == 0) {
    finish_ = FinishReason::length;
    return;
  }
  TokenEvent event;
  event.request = id_;
  event.index = generated_;
  const int32_t token = choose(row, &event);
  if (std::binary_search(stop_tokens_.begin(), stop_tokens_.end(), token)) {  // below min_tokens they are masked
    finish_ = FinishReason::stop;
    return;
  }
  append(token, &event);
  if (finish_ == FinishReason::none) tokens.push_back(token);
  deliver(event);
}

// The tokens that cannot be chosen now.
std::span<const int32_t> Generation::masked() const {
  return generated_ < options_.min_tokens ? std::span<const int32_t>(stop_tokens_) : std::span<const int32_t>();
}

int32_t Generation::choose(const OutputRow& row, TokenEvent* event) {
  if (!row.logits) return sampler_.sample_top(row.top.logits, row.top.tokens, uint64_t(generated_));
  const std::span<float> logits(row.logits, size_t(vocabulary_));
  const bool wanted = options_.logprobs || options_.top_logprobs;
  if (wanted) raw_.assign(logits.begin(), logits.end());
  const int32_t token = sampler_.sample(logits, masked(), uint64_t(generated_));
  if (wanted) {
    const double log_sum = log_sum_exp(raw_);
    event->logprob = float(double(raw_[size_t(token)]) - log_sum);
    if (options_.top_logprobs) event->top = top_logprobs(raw_, options_.top_logprobs, log_sum);
  }
  return token;
}

void Generation::append(int32_t token, TokenEvent* event) {
  event->token = token;
  ++generated_;
  ++*all_generated_;
  sampler_.accept(token);
  result_.tokens.push_back(token);
  if (options_.logprobs) result_.logprobs.push_back(event->logprob);
  if (options_.top_logprobs) result_.top_logprobs.push_back(event->top);
  if (decoder_ && add_text(decoder_->push(token), &event->text)) finish_ = FinishReason::stop;
  if (finish_ == FinishReason::none && generated_ == most_tokens_) finish_ = FinishReason::length;
  if (finish_ != FinishReason::none) end_text(event);
}

// True: a stop string is complete.
bool Generation::add_text(const std::string& piece, std::string* out) {
  if (!first_text_.empty()) out->append(std::exchange(first_text_, {}));
  if (!stops_.push(piece, out, generated_ >= options_.min_tokens)) return false;
  decoder_.reset();
  return true;
}

// Lets go of what was held back and writes the end into the event.
void Generation::end_text(TokenEvent* event) {
  if (decoder_) {
    if (add_text(decoder_->flush(), &event->text)) {
      if (finish_ == FinishReason::length) finish_ = FinishReason::stop;
    } else {
      stops_.finish(&event->text);
    }
    decoder_.reset();
  }
  event->finish = finish_;
}

void Generation::deliver(TokenEvent& event) {
  result_.text += event.text;
  if (event.finish != FinishReason::none) set_timings();
  if (!on_token_ || told_) return;
  if (event.finish != FinishReason::none) told_ = true;
  if (on_token_(event) != 0) {
    told_ = true;
    if (event.finish == FinishReason::none) Sequence::cancel();
  }
}

void Generation::set_timings() {
  result_.timings.queue_seconds = seconds(submitted_, begun_ == Clock::time_point{} ? Clock::now() : begun_);
  result_.timings.prompt_seconds = seconds(begun_, first_);
  result_.timings.first_token_seconds = first_ == Clock::time_point{} ? 0 : seconds(submitted_, first_);
  result_.timings.generate_seconds = seconds(first_, last_);
}

void Generation::finish(Status status, const std::string& message) noexcept {
  if (status == Status::cancelled)
    finish_ = FinishReason::cancelled;
  else if (status != Status::ok)
    finish_ = FinishReason::error;
  try {
    result_.status = status;
    result_.message = message;
    TokenEvent event;  // unless the last token's event was also the last one
    event.request = id_;
    event.index = generated_;
    end_text(&event);
    result_.finish = finish_;
    deliver(event);
  } catch (...) {  // a callback's exception, or no memory for the text's tail
  }
  result_.finish = finish_;
  try {
    set_timings();
    if (on_done_) on_done_(result_);
  } catch (...) {
  }
  on_token_ = nullptr;  // what callbacks hold is let go before anybody is told that they will not run again
  on_done_ = nullptr;
  {
    std::lock_guard lock(mutex_);
    done_ = true;
  }
  changed_.notify_all();
}

}  // namespace mlxc
