#include "capi/requests.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace mlxc::capi {
namespace {

// The engines whose callbacks are on this thread's stack, innermost first.
struct CallbackScope {
  explicit CallbackScope(const Engine* engine) : engine(engine), outer(innermost) { innermost = this; }
  ~CallbackScope() { innermost = outer; }
  const Engine* engine;
  CallbackScope* outer;
  static thread_local CallbackScope* innermost;
};
thread_local CallbackScope* CallbackScope::innermost = nullptr;

bool in_callback(const Engine& engine) {
  for (auto* scope = CallbackScope::innermost; scope; scope = scope->outer)
    if (scope->engine == &engine) return true;
  return false;
}

int32_t logit_bias_token(int32_t token, int64_t vocabulary) { return int32_t(in_range(token, 0, vocabulary - 1, "logit_bias token")); }

}  // namespace

void refuse_in_callback(const Engine& engine) {
  if (in_callback(engine)) fail(Status::busy, "this call would wait for the model whose callback makes it; make it on another thread");
}

void Pending::enter() {
  std::lock_guard lock(mutex_);
  if (closed_) fail(Status::cancelled, "the model was freed");
  ++count_;
}

void Pending::leave() noexcept {
  std::lock_guard lock(mutex_);
  if (--count_ == 0) empty_.notify_all();
}

void Pending::close() noexcept {
  std::lock_guard lock(mutex_);
  closed_ = true;
}

void Pending::wait_empty() {
  std::unique_lock lock(mutex_);
  empty_.wait(lock, [&] { return count_ == 0; });
}

void ModelObject::close() noexcept {
  pending_->close();
  closed_->trigger();
  engine_->cancel_all();
  if (!CallbackScope::innermost) pending_->wait_empty();
}

std::vector<int32_t> ModelObject::tokens_of(const mlxc_prompt& prompt, bool add_special_tokens) const {
  if (prompt.text && prompt.tokens) fail(Status::invalid_argument, "both text and tokens are given, expected one of them");
  if (!prompt.text) {
    auto tokens = list_of(prompt.tokens, prompt.token_count, "tokens");
    for (int32_t token : tokens)
      if (token < 0 || token >= info().vocabulary)
        fail(Status::invalid_argument, "token ", token, " is outside the vocabulary of ", info().vocabulary);
    return {tokens.begin(), tokens.end()};
  }
  auto text = text_of(prompt.text, prompt.text_bytes, "text");
  const auto& tokenizer = engine_->tokenizer();
  if (!tokenizer) fail(Status::invalid_argument, "text is given, but ", path_, " has no tokenizer.json; give tokens");
  return tokenizer->encode(text, {.add_special_tokens = add_special_tokens});
}

std::vector<std::vector<int32_t>> ModelObject::tokens_of(const mlxc_prompt* prompts, int64_t count, bool add_special_tokens,
                                                         const char* what) const {
  std::vector<std::vector<int32_t>> result;
  auto list = list_of(prompts, count, what, kMaxItems);
  result.reserve(list.size());
  for (const mlxc_prompt& prompt : list) {
    try {
      result.push_back(tokens_of(prompt, add_special_tokens));
    } catch (const Error& error) {
      if (list.size() == 1) throw;
      throw Error(error.status(), cat(what, " ", result.size(), ": ", error.what()), error.native());
    }
  }
  return result;
}

GenerateOptions ModelObject::generate_options(const mlxc_generate_options& o) const {
  const ModelInfo& model = info();
  auto number = [](float value, float model_default, float low, float high, const char* name) {
    if (value == -1.0f) return model_default;
    if (!(value >= low && value <= high))
      fail(Status::invalid_argument, "`", name, "` is ", value, ", expected ", low, " to ", high, ", or -1 for the model's default");
    return value;
  };
  GenerateOptions result;
  SamplingOptions& s = result.sampling;
  s.temperature = number(o.temperature, model.temperature.value_or(0), 0, 1e6f, "temperature");
  s.top_k = o.top_k == -1 ? model.top_k.value_or(0) : in_range(o.top_k, 0, INT64_MAX, "top_k");
  s.top_p = number(o.top_p, model.top_p.value_or(1), 0, 1, "top_p");
  s.min_p = number(o.min_p, model.min_p.value_or(0), 0, 1, "min_p");
  s.repetition_penalty = number(o.repetition_penalty, model.repetition_penalty.value_or(1), 1e-6f, 1e6f, "repetition_penalty");
  for (float penalty : {o.presence_penalty, o.frequency_penalty})
    if (!std::isfinite(penalty))
      fail(Status::invalid_argument, "a presence or frequency penalty is ", penalty, ", expected a finite number");
  s.presence_penalty = o.presence_penalty;
  s.frequency_penalty = o.frequency_penalty;
  s.seed = o.seed;
  for (const mlxc_logit_bias& bias : list_of(o.logit_bias, o.logit_bias_count, "logit_bias", kMaxItems)) {
    if (std::isnan(bias.bias) || bias.bias == INFINITY)
      fail(Status::invalid_argument, "the logit bias of token ", bias.token, " is ", bias.bias, ", expected a number or -infinity");
    s.logit_bias.emplace_back(logit_bias_token(bias.token, model.vocabulary), bias.bias);
  }
  result.max_tokens = in_range(o.max_tokens, -1, INT64_MAX, "max_tokens");
  result.min_tokens = in_range(o.min_tokens, 0, INT64_MAX, "min_tokens");
  for (const mlxc_text& stop : list_of(o.stop, o.stop_count, "stop", kMaxItems)) {
    auto text = text_of(stop.data, stop.bytes, "stop");
    if (text.empty()) fail(Status::invalid_argument, "a stop string is empty");
    result.stop.emplace_back(text);
  }
  auto stop_tokens = list_of(o.stop_tokens, o.stop_token_count, "stop_tokens", kMaxItems);
  result.stop_tokens.assign(stop_tokens.begin(), stop_tokens.end());
  result.ignore_model_stop_tokens = flag_of(o.ignore_model_stop, "ignore_model_stop");
  result.logprobs = flag_of(o.logprobs, "logprobs");
  result.top_logprobs = int32_t(in_range(o.top_logprobs, 0, 100, "top_logprobs"));
  result.echo = flag_of(o.echo, "echo");
  result.keep_last_logits = flag_of(o.keep_last_logits, "keep_last_logits");
  return result;
}

CallCancel::CallCancel(const ModelObject& model, std::shared_ptr<CancelSource> cancel) {
  refuse_in_callback(model.engine());
  auto set = [flag = flag_] { flag->store(true, std::memory_order_relaxed); };
  model_ = CancelListener(model.closed(), set);
  caller_ = CancelListener(std::move(cancel), set);
  if (flag_->load()) fail(Status::cancelled, "the call was cancelled before it began");
}

Delivery::Delivery(const ModelObject& model, Target target)
    : target_(std::move(target)),
      engine_(&model.engine()),
      pending_(model.pending()),
      last_event_(new_event(target_.tag, MLXC_EVENT_DONE)) {
  pending_->enter();
  entered_model_ = true;
  if (target_.queue) {
    try {
      target_.queue->enter();
    } catch (...) {
      pending_->leave();
      throw;
    }
    entered_queue_ = true;
  }
}

Delivery::~Delivery() {  // a request that never started owes nothing
  if (entered_queue_) target_.queue->leave();
  if (entered_model_) pending_->leave();
}

double Delivery::seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

int32_t Delivery::deliver(EventNode event) noexcept {
  if (target_.queue) return target_.queue->push(std::move(event)) ? 0 : 1;
  if (!target_.callback) return 0;
  CallbackScope scope(engine_);
  int32_t stop = target_.callback(event.front().bind(), target_.user_data);
  if (stop != 0 && target_.stop_all) target_.stop_all->trigger();
  return stop;
}

int32_t Delivery::token(const TokenEvent& event) noexcept {
  if (!target_.token_events || (!target_.queue && !target_.callback)) return 0;
  try {
    EventNode node = new_event(target_.tag, MLXC_EVENT_TOKEN);
    OwnedEvent& owned = node.front();
    owned.event.index = event.index;
    owned.event.token = event.token;
    owned.event.logprob = event.logprob;
    owned.event.finish_reason = int32_t(event.finish);
    owned.event.seconds = seconds();
    owned.text = event.text;
    owned.top.reserve(event.top.size());
    for (const TokenLogprob& top : event.top) owned.top.push_back({top.token, top.logprob});
    return deliver(std::move(node));
  } catch (...) {  // no memory for the event: a stream with a hole is worse than one that ends
    return 1;
  }
}

void Delivery::done(const GenerateResult& result) noexcept {
  OwnedEvent& owned = last_event_.front();
  owned.event.status = int32_t(result.status);
  owned.event.finish_reason = int32_t(result.finish);
  owned.event.seconds = seconds();
  try {
    static_cast<GenerateResult&>(*result_) = result;
    result_->generated = std::max<int64_t>(0, int64_t(result.tokens.size()) - (target_.echo ? result.prompt_tokens : 0));
    owned.text = result.message;
  } catch (...) {
    *result_ = TextResult{};
    result_->finish = FinishReason::error;
    result_->status = Status::out_of_memory;
    owned.event.finish_reason = MLXC_FINISH_ERROR;
    owned.event.status = MLXC_OUT_OF_MEMORY;
  }
  owned.event.index = result_->generated;
  // Whoever sees the last event may read the result. Waiting for the request also means waiting for its callback; a queue has none.
  set_state(target_.queue ? State::finished : State::readable);
  deliver(std::move(last_event_));
  if (std::exchange(entered_queue_, false)) target_.queue->leave();
  set_state(State::finished);
  if (std::exchange(entered_model_, false)) pending_->leave();
}

void Delivery::set_state(State state) noexcept {
  std::lock_guard lock(mutex_);
  state_ = state;
  changed_.notify_all();
}

bool Delivery::wait(int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  if (state_ == State::finished || (state_ == State::readable && in_callback(*engine_))) return true;
  if (timeout_ms == 0) return false;
  refuse_in_callback(*engine_);
  using namespace std::chrono;
  constexpr int64_t kLongest = 1000LL * 3600 * 24 * 365;  // a deadline further away could overflow the clock
  auto ready = [&] { return state_ == State::finished; };
  if (timeout_ms > 0 && timeout_ms <= kLongest) return changed_.wait_until(lock, steady_clock::now() + milliseconds(timeout_ms), ready);
  changed_.wait(lock, ready);
  return true;
}

bool Delivery::ended() const {
  std::lock_guard lock(mutex_);
  return state_ != State::running;
}

RequestObject::RequestObject(std::shared_ptr<ModelObject> model, std::vector<int32_t> prompt, const GenerateOptions& options,
                             Delivery::Target target)
    : model_(std::move(model)) {
  auto queue = target.queue;
  target.echo = options.echo;
  delivery_ = std::make_shared<Delivery>(*model_, std::move(target));
  request_ = model_->engine().submit(
      std::move(prompt), options, [d = delivery_](const TokenEvent& event) { return d->token(event); },
      [d = delivery_](const GenerateResult& result) { d->done(result); });
  try {
    listen(model_->closed());
    if (queue) listen(queue->freed());
  } catch (...) {
    request_->cancel();
    throw;
  }
}

RequestObject::~RequestObject() {
  if (request_ && !delivery_->ended()) request_->cancel();
}

void RequestObject::listen(std::shared_ptr<CancelSource> source) {
  listeners_.emplace_back(std::move(source), [request = request_] { request->cancel(); });
}

}  // namespace mlxc::capi
