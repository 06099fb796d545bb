// Runs steps of a model. The seam between the scheduler, which decides what runs, and the graph, which computes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "llm/model.h"

namespace mlxc {

// The tokens of one step, flat: the parts of several sequences after one another.
struct StepBatch {
  std::vector<int32_t> tokens, positions;
  std::vector<int32_t> sequences;    // rows of the page table (causal models)
  std::vector<int32_t> starts;       // borders of the sequences, count + 1 (encoders)
  std::vector<int32_t> output_rows;  // indices into the tokens (causal models; encoders give all)
  bool wants_logits = false;
  bool wants_hidden = true;
  int64_t top = 0;  // with logits: the so many largest of each row are enough, 0: all are wanted

  void clear() {
    for (auto* list : {&tokens, &positions, &sequences, &starts, &output_rows}) list->clear();
    wants_logits = false;
    wants_hidden = true;
    top = 0;
  }
};

// Valid until the next run. The logits may be written to: each row is read by one sequence only.
struct StepRows {
  float* logits = nullptr;            // [output rows, vocabulary] when all are wanted
  const float* hidden = nullptr;      // [output rows, hidden] when wanted
  int64_t top = 0;                    // of each row, at least as many as asked for:
  const float* top_logits = nullptr;  // [output rows, top], largest first, equal ones by token
  const int32_t* top_tokens = nullptr;
};

// Where the K/V pages lie, and the programs of steps. One thread at a time.
class Runner {
 public:
  virtual ~Runner() = default;

  // Pages of the K/V cache over all layers. What they hold stays when they grow. Throws Error(out_of_memory), changing nothing.
  virtual void resize_pages(int64_t pages) = 0;
  virtual void clear_page(int32_t page) = 0;
  virtual void copy_page(int32_t from, int32_t to) = 0;
  // Row-major [rows, row width], written between runs.
  virtual std::span<int32_t> page_table() = 0;

  // Up to how many of a row's largest logits run() finds by itself, so that rows need not travel; 0: it gives whole rows.
  virtual int64_t most_top() const { return 0; }
  // Runs one step. Error(cancelled) when `cancel` becomes true meanwhile: the pages of the step's positions are then undefined, and
  // running the same step again makes them good.
  virtual StepRows run(const StepBatch& batch, const std::atomic<bool>* cancel) = 0;
  virtual StepRows encode(const StepBatch& batch, const std::atomic<bool>* cancel) = 0;
};

// threads: CPU threads of its own, 0 = the device's stream. table_rows x table_width: sequences that run together, pages of one.
std::unique_ptr<Runner> new_graph_runner(std::shared_ptr<const Model> model, int threads, int64_t table_rows, int64_t table_width);

// Bytes of one page of keys and values over all layers.
int64_t page_bytes(const Model& model);

// The token count of the program that runs `count` tokens: exact for few, coarser for more, so that programs are found again.
int64_t bucket_of(int64_t count);

}  // namespace mlxc
