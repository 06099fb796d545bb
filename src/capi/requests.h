// Models and requests as the border holds them: what a free cancels, where events go, who waits.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "capi/objects.h"

namespace mlxc::capi {

// Requests of a model that still owe their last event.
class Pending {
 public:
  void enter();  // Error(cancelled) once closed
  void leave() noexcept;
  void close() noexcept;
  void wait_empty();

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
  int64_t count_ = 0;
  bool closed_ = false;
};

class ModelObject {
 public:
  ModelObject(std::shared_ptr<Engine> engine, std::string path) : engine_(std::move(engine)), path_(std::move(path)) {}

  Engine& engine() const { return *engine_; }
  const std::shared_ptr<Engine>& engine_ptr() const { return engine_; }
  const ModelInfo& info() const { return engine_->model().info(); }
  const std::string& path() const { return path_; }
  const std::shared_ptr<Pending>& pending() const { return pending_; }
  const std::shared_ptr<CancelSource>& closed() const { return closed_; }

  // What mlxc_model_free does: cancels everything and, outside of callbacks, waits until no callback will run any more.
  void close() noexcept;

  // Tokens of the caller's prompts. `what` names them in messages: "prompt", "label".
  std::vector<int32_t> tokens_of(const mlxc_prompt& prompt, bool add_special_tokens) const;
  std::vector<std::vector<int32_t>> tokens_of(const mlxc_prompt* prompts, int64_t count, bool add_special_tokens, const char* what) const;
  GenerateOptions generate_options(const mlxc_generate_options& options) const;

 private:
  std::shared_ptr<Engine> engine_;
  std::string path_;
  std::shared_ptr<Pending> pending_ = std::make_shared<Pending>();
  std::shared_ptr<CancelSource> closed_ = std::make_shared<CancelSource>();
};

// The flag that a call without a request polls: set by the model's free and by the caller's cancel handle.
class CallCancel {
 public:
  CallCancel(const ModelObject& model, std::shared_ptr<CancelSource> cancel);
  const std::atomic<bool>* flag() const { return flag_.get(); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_ = std::make_shared<std::atomic<bool>>(false);
  CancelListener model_, caller_;
};

// Where the events of a request go. Shared by the handle and the engine's callbacks.
class Delivery {
 public:
  struct Target {
    uint64_t tag = 0;
    bool token_events = true;
    bool echo = false;
    std::shared_ptr<EventQueue> queue;
    mlxc_event_callback callback = nullptr;
    void* user_data = nullptr;
    std::shared_ptr<CancelSource> stop_all;  // a batch: what a callback's non-zero result triggers
  };
  Delivery(const ModelObject& model, Target target);  // enters pending and queue
  ~Delivery();

  int32_t token(const TokenEvent& event) noexcept;
  void done(const GenerateResult& result) noexcept;

  bool wait(int64_t timeout_ms);  // Error(busy) inside a callback of the same model
  bool ended() const;
  std::shared_ptr<const TextResult> result() const { return result_; }  // once ended

 private:
  enum class State { running, readable, finished };  // readable: ended, its last callback runs
  void set_state(State state) noexcept;
  int32_t deliver(EventNode event) noexcept;
  double seconds() const;

  const Target target_;
  const Engine* const engine_;
  const std::shared_ptr<Pending> pending_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  bool entered_queue_ = false, entered_model_ = false;
  EventNode last_event_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::running;
  const std::shared_ptr<TextResult> result_ = std::make_shared<TextResult>();
};

// What mlxc_request stands for. Its end cancels what still runs.
class RequestObject {
 public:
  RequestObject(std::shared_ptr<ModelObject> model, std::vector<int32_t> prompt, const GenerateOptions& options, Delivery::Target target);
  ~RequestObject();
  RequestObject(const RequestObject&) = delete;
  RequestObject& operator=(const RequestObject&) = delete;

  void cancel() { request_->cancel(); }
  Delivery& delivery() { return *delivery_; }
  void listen(std::shared_ptr<CancelSource> source);  // is cancelled by it

 private:
  std::shared_ptr<ModelObject> model_;
  std::shared_ptr<Delivery> delivery_;
  std::shared_ptr<Request> request_;
  std::vector<CancelListener> listeners_;
};

// Error(busy) inside a callback of the engine: the call would wait for the thread it runs on.
void refuse_in_callback(const Engine& engine);

}  // namespace mlxc::capi
