// From a tokenizer.json to the parts of a Tokenizer.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"
#include "text/decoder.h"
#include "text/model.h"
#include "text/normalizer.h"
#include "text/post_processor.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"

namespace mlxc::text {

struct TokenizerParts {
  std::unique_ptr<Normalizer> normalizer;
  PreTokenizerPlan pre_tokenizer;
  std::unique_ptr<Model> model;
  PostProcessor post_processor;
  DecoderPlan decoder;
  AddedTokens added;
  std::vector<int32_t> special_ids;  // sorted: what skip_special leaves out
  std::vector<SpecialToken> special_tokens;
  bool track_always = false;  // a pre-tokenizer asks where pieces start in the input, and a normalizer moves them
  std::string space_mark;     // what stands for a space inside pieces, by the decoder; empty when nothing does

  // The text of an id as decoding sees it; null data for an id that does not exist.
  std::string_view shown(int32_t id) const;
  // What ByteLevel decoding makes of an id.
  void append_bytes(int32_t id, std::string& out) const;
  // The bytes that a token stands for inside a text, for any decoder.
  void append_token_bytes(int32_t id, std::string& out) const;
};

TokenizerParts load_tokenizer_parts(std::string_view json, const std::string& name);

}  // namespace mlxc::text
