// What turns a piece of text into tokens: BPE, Unigram, WordPiece, WordLevel.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/vocabulary.h"
#include "text/word_cache.h"

namespace mlxc::text {

// A token with its bytes of the piece and its text, for callers that want offsets.
struct Token {
  int32_t id;
  size_t begin, end;
  std::string value;
};

class Model {
 public:
  explicit Model(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  virtual ~Model() = default;
  const Vocabulary& vocabulary() const { return vocabulary_; }

  // Appends the ids of a piece. Status::format where the model lacks its own unknown token.
  virtual void tokenize(std::string_view piece, std::vector<int32_t>& ids) const = 0;
  virtual void tokenize(std::string_view piece, std::vector<Token>& tokens) const = 0;

 protected:
  Vocabulary vocabulary_;
};

struct BpeOptions {
  std::string unk_token;
  bool has_unk = false;
  std::string continuing_subword_prefix;  // empty means none
  std::string end_of_word_suffix;
  bool fuse_unk = false;
  bool byte_fallback = false;
  bool ignore_merges = false;
};

// merges[i] has rank i; each side is a piece.
using Merges = std::vector<std::pair<std::string_view, std::string_view>>;

// `raw_bytes`: pieces come as plain UTF-8 and stand for their byte-level form; see ByteLevel. Needs no affixes and no byte_fallback.
std::unique_ptr<Model> make_bpe(Vocabulary vocabulary, const Merges& merges, BpeOptions options, bool raw_bytes);
std::unique_ptr<Model> make_unigram(Vocabulary vocabulary, std::vector<double> scores, int64_t unk_id, bool byte_fallback);
std::unique_ptr<Model> make_word_piece(Vocabulary vocabulary, std::string unk_token, std::string prefix, uint64_t max_characters);
std::unique_ptr<Model> make_word_level(Vocabulary vocabulary, std::string unk_token);

}  // namespace mlxc::text
