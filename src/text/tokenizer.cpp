#include "text/tokenizer.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "text/added_tokens.h"
#include "text/byte_level.h"
#include "text/decoder.h"
#include "text/model.h"
#include "text/normalizer.h"
#include "text/post_processor.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer_load.h"
#include "text/utf8.h"

namespace mlxc {

using text::AddedTokens;
using text::DecodeChain;
using text::is_space;
using text::kNoId;
using text::Piece;
using text::PieceText;
using text::PostProcessor;
using text::Token;
using text::utf8_append_lossy;
using text::utf8_at;
using text::utf8_next;
using text::utf8_previous;
using text::utf8_valid;
using text::Vocabulary;

struct Tokenizer::Parts : text::TokenizerParts {
  explicit Parts(TokenizerParts parts) : TokenizerParts(std::move(parts)) {}

  bool hidden(int32_t id) const { return std::binary_search(special_ids.begin(), special_ids.end(), id); }

  // fn(piece text, its place, id or kNoId) for every piece of the text in order.
  template <class Fn>
  void for_each_piece(std::string_view input, const EncodeOptions& options, bool track, Fn&& fn) const {
    thread_local std::vector<AddedTokens::Found> parts;
    std::vector<AddedTokens::Found> found;
    if (added.has_raw()) {
      added.find_raw(input, options.parse_special, found);
    } else if (!input.empty()) {
      found.push_back({0, input.size(), kNoId});
    }
    for (const auto& part : found) {
      std::string_view segment = input.substr(part.begin, part.end - part.begin);
      if (segment.empty()) continue;
      PieceText text(segment, part.begin, track);
      if (part.id != kNoId) {
        fn(text, text.make_piece(0, segment.size(), part.id));
        continue;
      }
      if (normalizer) normalizer->apply(text);
      if (text.empty()) continue;
      if (added.has_normalized()) {
        added.find_normalized(text.view(), options.parse_special, parts);
        std::vector<Piece> pieces;
        for (const auto& inner : parts) {
          if (inner.end > inner.begin) pieces.push_back(text.make_piece(inner.begin, inner.end, inner.id));
        }
        text.set_pieces(std::move(pieces));
      } else {
        text.set_pieces({text.make_piece(0, text.view().size())});
      }
      if (pre_tokenizer.splitter) {  // one known pattern and nothing else: no list of pieces is needed
        for (const Piece& p : text.pieces()) {
          if (p.id != kNoId) {
            fn(text, p);
            continue;
          }
          for (size_t at = p.begin; at < p.end;) {
            size_t end = p.begin + pre_tokenizer.splitter(text.piece(p), at - p.begin);
            fn(text, track ? text.make_piece(at, end) : Piece{at, end, 0});
            at = end;
          }
        }
        continue;
      }
      if (pre_tokenizer.pre_tokenizer) pre_tokenizer.pre_tokenizer->apply(text);
      for (const Piece& p : text.pieces()) fn(text, p);
    }
  }

  void encode_text(std::string_view input, const EncodeOptions& options, std::vector<int32_t>& ids) const {
    for_each_piece(input, options, track_always, [&](const PieceText& text, const Piece& p) {
      if (p.id != kNoId) {
        ids.push_back(static_cast<int32_t>(p.id));
      } else {
        model->tokenize(text.piece(p), ids);
      }
    });
  }

  Encoding encode_tracked(std::string_view input, const EncodeOptions& options) const {
    Encoding out;
    std::vector<Token> tokens;
    for_each_piece(input, options, true, [&](const PieceText& text, const Piece& p) {
      tokens.clear();
      if (p.id != kNoId) {
        tokens.push_back({static_cast<int32_t>(p.id), 0, p.end - p.begin, std::string(text.piece(p))});
      } else {
        model->tokenize(text.piece(p), tokens);
      }
      for (const Token& token : tokens) {
        TextRange range = text.input_range(p, token.begin, token.end);
        for (bool prefix_space : post_processor.trims()) trim(input, token.value, prefix_space, out.ids.empty(), range);
        out.ids.push_back(token.id);
        out.offsets.push_back(range);
      }
    });
    return out;
  }

  // Takes white space at the ends of a token off its offsets, as ByteLevel's and Roberta's post-processors do: as many characters of
  // the input as the token has blanks.
  static void trim(std::string_view input, std::string_view value, bool prefix_space, bool first, TextRange& range) {
    constexpr char32_t kSpaceSign = 0x120;  // byte-level form of a space
    auto blank = [](char32_t c) { return c == kSpaceSign || is_space(c); };
    size_t leading = 0, trailing = 0;
    for (size_t at = 0; at < value.size() && blank(utf8_next(value, at));) ++leading;
    for (size_t at = value.size(); at > 0 && blank(utf8_at(value, at = utf8_previous(value, at)));) ++trailing;
    if ((first || range.begin == 0) && prefix_space && leading == 1) leading = 0;
    range.end = std::min(range.end, input.size());
    for (; leading > 0 && range.begin < range.end; --leading) utf8_next(input, range.begin);
    size_t end = range.end;
    for (; trailing > 0 && end > 0; --trailing) end = utf8_previous(input, end);
    if (trailing == 0) range.end = std::max(end, range.begin);
  }
};

Tokenizer::Tokenizer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Tokenizer::~Tokenizer() = default;

std::shared_ptr<const Tokenizer> Tokenizer::load_file(const std::string& path) {
  constexpr int64_t kMaxFile = int64_t{1} << 30;
  std::string file = path;
  if (!file.ends_with(".json") && file_exists(path + "/tokenizer.json")) file = path + "/tokenizer.json";
  return from_json(read_file(file, kMaxFile), file);
}

std::shared_ptr<const Tokenizer> Tokenizer::from_json(std::string_view json, const std::string& name) {
  return std::shared_ptr<const Tokenizer>(new Tokenizer(std::make_unique<Parts>(text::load_tokenizer_parts(json, name))));
}

namespace {

// The text itself when it is valid UTF-8, else a copy with replacement characters.
std::string_view valid_text(std::string_view text, std::string& storage) {
  if (utf8_valid(text)) return text;
  utf8_append_lossy(storage, text);
  return storage;
}

}  // namespace

std::vector<int32_t> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  std::string storage;
  text = valid_text(text, storage);
  std::vector<int32_t> ids;
  ids.reserve(text.size() / 3 + 8);
  const auto& items = parts_->post_processor.single(options.add_special_tokens);
  size_t own = std::count(items.begin(), items.end(), PostProcessor::kFirst);
  if (own == 1) {  // around the text
    for (int64_t item : items) {
      if (item == PostProcessor::kFirst) {
        parts_->encode_text(text, options, ids);
      } else {
        ids.push_back(static_cast<int32_t>(item));
      }
    }
    return ids;
  }
  std::vector<int32_t> tokens;
  parts_->encode_text(text, options, tokens);
  for (int64_t item : items) {
    if (item == PostProcessor::kFirst) {
      ids.insert(ids.end(), tokens.begin(), tokens.end());
    } else {
      ids.push_back(static_cast<int32_t>(item));
    }
  }
  return ids;
}

Encoding Tokenizer::encode_with_offsets(std::string_view text, EncodeOptions options) const {
  std::string storage;
  Encoding tokens = parts_->encode_tracked(valid_text(text, storage), options), out;
  for (int64_t item : parts_->post_processor.single(options.add_special_tokens)) {
    if (item == PostProcessor::kFirst) {
      out.ids.insert(out.ids.end(), tokens.ids.begin(), tokens.ids.end());
      out.offsets.insert(out.offsets.end(), tokens.offsets.begin(), tokens.offsets.end());
    } else {
      out.ids.push_back(static_cast<int32_t>(item));
      out.offsets.push_back({});
    }
  }
  return out;
}

std::vector<int32_t> Tokenizer::encode_pair(std::string_view first, std::string_view second, EncodeOptions options) const {
  std::string storage_first, storage_second;
  std::vector<int32_t> a, b, ids;
  const auto& items = parts_->post_processor.pair(options.add_special_tokens);
  parts_->encode_text(valid_text(first, storage_first), options, a);
  parts_->encode_text(valid_text(second, storage_second), options, b);
  for (int64_t item : items) {
    if (item < 0) {
      const auto& tokens = item == PostProcessor::kFirst ? a : b;
      ids.insert(ids.end(), tokens.begin(), tokens.end());
    } else {
      ids.push_back(static_cast<int32_t>(item));
    }
  }
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string out;
  out.reserve(ids.size() * 4);
  if (parts_->decoder.byte_level) {  // the bytes of each token are known
    for (int32_t id : ids) {
      if (skip_special && parts_->hidden(id)) continue;
      parts_->append_bytes(id, out);
    }
    if (utf8_valid(out)) return out;
    std::string text;
    utf8_append_lossy(text, out);
    return text;
  }
  DecodeChain chain(parts_->decoder, out);
  for (int32_t id : ids) {
    if (skip_special && parts_->hidden(id)) continue;
    std::string_view token = parts_->shown(id);
    if (token.data()) chain.token(token);
  }
  chain.finish();
  return out;
}

size_t Tokenizer::vocab_size() const { return parts_->model->vocabulary().size() + parts_->added.outside_model(); }

int64_t Tokenizer::id_end() const {
  const Vocabulary& vocabulary = parts_->model->vocabulary();
  int64_t end = vocabulary.size() == 0 ? 0 : int64_t{vocabulary.max_id()} + 1;
  return parts_->added.empty() ? end : std::max(end, int64_t{parts_->added.max_id()} + 1);
}

std::optional<int32_t> Tokenizer::token_to_id(std::string_view token) const {
  if (auto id = parts_->added.id_of(token)) return static_cast<int32_t>(*id);
  int64_t id = parts_->model->vocabulary().find(token);
  return id == Vocabulary::kMissing ? std::nullopt : std::optional(static_cast<int32_t>(id));
}

std::optional<std::string> Tokenizer::id_to_token(int32_t id) const {
  std::string_view token = parts_->shown(id);
  return token.data() ? std::optional(std::string(token)) : std::nullopt;
}

std::string Tokenizer::token_bytes(int32_t id) const {
  std::string out;
  parts_->append_token_bytes(id, out);
  return out;
}

bool Tokenizer::is_special(int32_t id) const { return parts_->hidden(id); }

const std::vector<SpecialToken>& Tokenizer::special_tokens() const { return parts_->special_tokens; }

struct DecodeStream::State {
  std::shared_ptr<const Tokenizer> tokenizer;
  bool skip_special;
  std::string out;
  std::unique_ptr<DecodeChain> chain;
};

DecodeStream::DecodeStream(std::shared_ptr<const Tokenizer> tokenizer, bool skip_special) : state_(std::make_unique<State>()) {
  state_->tokenizer = std::move(tokenizer);
  state_->skip_special = skip_special;
  state_->chain = std::make_unique<DecodeChain>(state_->tokenizer->parts_->decoder, state_->out);
}
DecodeStream::~DecodeStream() = default;
DecodeStream::DecodeStream(DecodeStream&&) noexcept = default;
DecodeStream& DecodeStream::operator=(DecodeStream&&) noexcept = default;

std::string DecodeStream::push(int32_t id) {
  const auto& parts = *state_->tokenizer->parts_;
  if (!(state_->skip_special && parts.hidden(id))) {
    std::string_view token = parts.shown(id);
    if (token.data()) state_->chain->token(token);
  }
  return std::exchange(state_->out, std::string());
}

std::string DecodeStream::flush() {
  state_->chain->finish();
  std::string rest = std::exchange(state_->out, std::string());
  state_->chain = std::make_unique<DecodeChain>(state_->tokenizer->parts_->decoder, state_->out);
  return rest;
}

}  // namespace mlxc
