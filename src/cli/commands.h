// One function a command. They return the exit code or throw UsageError (2) or Failure (1).
#pragma once

#include <string>
#include <vector>

namespace cli {

using Arguments = std::vector<std::string>;

int generate(const Arguments& arguments);
int tokenize(const Arguments& arguments);
int detokenize(const Arguments& arguments);
int logits(const Arguments& arguments);
int score(const Arguments& arguments);
int embed(const Arguments& arguments);
int finetune(const Arguments& arguments);
int merge(const Arguments& arguments);
int bench(const Arguments& arguments);
int inspect_model(const Arguments& arguments);
int devices(const Arguments& arguments);
int calibrate(const Arguments& arguments);
int version(const Arguments& arguments);

}  // namespace cli
