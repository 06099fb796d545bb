// Pre-tokenizers of tokenizer.json: they cut the text into the pieces that the model sees one by one.
#pragma once

#include <memory>

#include "base/json.h"
#include "text/piece_text.h"
#include "text/splitter.h"

namespace mlxc::text {

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void apply(PieceText& text) const = 0;
};

struct PreTokenizerPlan {
  std::unique_ptr<PreTokenizer> pre_tokenizer;  // nullptr: the text is one piece
  Splitter splitter = nullptr;                  // set when the whole of pre_tokenizer is one known pattern
  bool raw_bytes = false;      // the last step is ByteLevel and was left out: pieces are plain text standing for their byte-level form
  bool needs_origins = false;  // a Metaspace with "first" asks where a piece starts in the input
  bool moves_text = false;     // and another step may have changed the text before it
};

// `may_keep_raw` allows raw_bytes. Status::unsupported names a type that is not known, Status::format a field that is wrong.
PreTokenizerPlan make_pre_tokenizer(const Json& json, bool may_keep_raw);

// Metaspace's fields, which its decoder shares.
struct MetaspaceOptions {
  enum class Prepend { always, first, never };
  char32_t replacement;
  Prepend prepend;
  bool split;
};
MetaspaceOptions read_metaspace(const JsonObject& part);

// A JSON string of exactly one character.
char32_t read_character(const JsonObject& part, const std::string& key);

}  // namespace mlxc::text
