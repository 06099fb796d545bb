#include "text/tokenizer_load.h"

#include <algorithm>

#include "base/error.h"
#include "text/byte_level.h"
#include "text/tokenizer_file.h"
#include "text/utf8.h"

namespace mlxc::text {
namespace {

const Json& field(const Json& json, const char* key) {
  static const Json null;
  auto found = json.find(key);
  return found == json.end() ? null : *found;
}

// The merges as pairs of views into the list's bytes; "#version" lines of old files are left out.
Merges split_merges(const MergeList& list) {
  Merges merges;
  merges.reserve(list.entries.size());
  std::string_view bytes = list.bytes;
  for (const auto& entry : list.entries) {
    if (entry.right != MergeList::kLegacy) {
      merges.emplace_back(bytes.substr(entry.begin, entry.left), bytes.substr(entry.begin + entry.left, entry.right));
      continue;
    }
    std::string_view line = bytes.substr(entry.begin, entry.left);
    if (line.starts_with("#version")) continue;
    size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      fail(Status::format, "merge ", merges.size(), " \"", line.substr(0, 80), "\" is not two pieces with one space between");
    }
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

std::string model_type(const JsonObject& model, const TokenizerFile& file) {
  if (auto type = model.maybe<std::string>("type")) return *type;
  // Old files carry no type: tokenizers tries them in this order.
  if (file.has_vocabulary && file.has_merges && !file.scored) return "BPE";
  if (file.has_vocabulary && !file.scored && model.has("continuing_subword_prefix") && model.has("max_input_chars_per_word"))
    return "WordPiece";
  if (file.has_vocabulary && !file.scored && model.has("unk_token")) return "WordLevel";
  if (file.scored) return "Unigram";
  fail(Status::format, "the model has no type, and its fields fit none of BPE, WordPiece, WordLevel and Unigram");
}

BpeOptions bpe_options(const JsonObject& model) {
  BpeOptions options;
  if (auto dropout = model.maybe<double>("dropout"); dropout && *dropout != 0) {
    if (!(*dropout > 0 && *dropout <= 1)) fail(Status::format, "BPE: dropout ", *dropout, " is not in [0, 1]");
    fail(Status::unsupported, "BPE: dropout ", *dropout, " makes ids random, only null and 0 are supported");
  }
  if (auto unk = model.maybe<std::string>("unk_token")) options.unk_token = *unk, options.has_unk = true;
  options.continuing_subword_prefix = model.get<std::string>("continuing_subword_prefix", "");
  options.end_of_word_suffix = model.get<std::string>("end_of_word_suffix", "");
  options.fuse_unk = model.get<bool>("fuse_unk", false);
  options.byte_fallback = model.get<bool>("byte_fallback", false);
  options.ignore_merges = model.get<bool>("ignore_merges", false);
  return options;
}

void expect(bool there, const char* model, const char* what) {
  if (!there) fail(Status::format, model, ": ", what);
}

std::unique_ptr<Model> make_unigram_model(const JsonObject& model, TokenizerFile& file) {
  expect(file.has_vocabulary && file.scored, "Unigram", "vocab must be a list of [piece, score]");
  int64_t unk_id = -1;
  if (auto id = model.maybe<uint64_t>("unk_id")) {
    if (*id >= file.vocabulary.size())
      fail(Status::format, "Unigram: unk_id ", *id, " is not below the ", file.vocabulary.size(), " pieces");
    unk_id = static_cast<int64_t>(*id);
  }
  return make_unigram(std::move(file.vocabulary), std::move(file.scores), unk_id, model.get<bool>("byte_fallback", false));
}

std::unique_ptr<Model> make_model(const JsonObject& model, const std::string& type, TokenizerFile& file, bool raw_bytes) {
  if (type == "BPE") {
    expect(file.has_vocabulary && !file.scored, "BPE", "vocab must be an object of pieces and ids");
    expect(file.has_merges, "BPE", "merges are missing");
    return make_bpe(std::move(file.vocabulary), split_merges(file.merges), bpe_options(model), raw_bytes);
  }
  if (type == "Unigram") return make_unigram_model(model, file);
  if (type == "WordPiece") {
    expect(file.has_vocabulary && !file.scored, "WordPiece", "vocab must be an object of pieces and ids");
    return make_word_piece(std::move(file.vocabulary), model.get<std::string>("unk_token"),
                           model.get<std::string>("continuing_subword_prefix"), model.get<uint64_t>("max_input_chars_per_word"));
  }
  if (type == "WordLevel") {
    expect(file.has_vocabulary && !file.scored, "WordLevel", "vocab must be an object of pieces and ids");
    return make_word_level(std::move(file.vocabulary), model.get<std::string>("unk_token"));
  }
  fail(Status::unsupported, "model type \"", type, "\" is not known, known are BPE, Unigram, WordPiece and WordLevel");
}

// The mark that the decoder turns into a space, for token_bytes.
std::string find_space_mark(const Json& decoder) {
  if (!decoder.is_object()) return "";
  const Json& type = field(decoder, "type");
  if (type == "Metaspace" && field(decoder, "replacement").is_string()) return decoder["replacement"].get<std::string>();
  if (type == "Replace" && field(decoder, "content") == " " && field(field(decoder, "pattern"), "String").is_string()) {
    return decoder["pattern"]["String"].get<std::string>();
  }
  if (type == "Sequence") {
    for (const Json& part : field(decoder, "decoders")) {
      if (std::string mark = find_space_mark(part); !mark.empty()) return mark;
    }
  }
  return "";
}

void list_special(TokenizerParts& parts) {
  // tokenizers hides a token by its text: a model's token that looks like a special one is hidden too.
  for (const std::string& text : parts.added.special_texts()) {
    uint32_t id = *parts.added.id_of(text);
    parts.special_tokens.push_back({static_cast<int32_t>(id), text});
    if (parts.added.is_special_text(*parts.added.shown(id))) parts.special_ids.push_back(static_cast<int32_t>(id));
    int64_t model_id = parts.model->vocabulary().find(text);
    if (model_id != Vocabulary::kMissing && !parts.added.shown(static_cast<uint32_t>(model_id))) {
      parts.special_ids.push_back(static_cast<int32_t>(model_id));
    }
  }
  std::sort(parts.special_ids.begin(), parts.special_ids.end());
  parts.special_ids.erase(std::unique(parts.special_ids.begin(), parts.special_ids.end()), parts.special_ids.end());
  std::sort(parts.special_tokens.begin(), parts.special_tokens.end(),
            [](const SpecialToken& a, const SpecialToken& b) { return a.id < b.id; });
}

TokenizerParts assemble(std::string_view json, const std::string& name) {
  TokenizerFile file = read_tokenizer_file(json, name);
  JsonObject root(file.parts, name);
  if (auto version = root.maybe<std::string>("version"); version && *version != "1.0") {
    fail(Status::unsupported, "version \"", *version, "\" is not known, only 1.0 is");
  }
  JsonObject model = root.object("model");
  std::string type = model_type(model, file);
  TokenizerParts parts;
  parts.normalizer = make_normalizer(field(file.parts, "normalizer"));
  bool may_keep_raw = false;
  if (type == "BPE") {
    BpeOptions options = bpe_options(model);
    may_keep_raw = options.continuing_subword_prefix.empty() && options.end_of_word_suffix.empty() && !options.byte_fallback;
  }
  parts.pre_tokenizer = make_pre_tokenizer(field(file.parts, "pre_tokenizer"), may_keep_raw);
  parts.track_always = parts.pre_tokenizer.needs_origins && (parts.normalizer || parts.pre_tokenizer.moves_text);
  parts.post_processor = PostProcessor(field(file.parts, "post_processor"));
  parts.decoder = make_decoder(field(file.parts, "decoder"));
  parts.space_mark = find_space_mark(field(file.parts, "decoder"));
  parts.model = make_model(model, type, file, parts.pre_tokenizer.raw_bytes);
  parts.added = AddedTokens(file.added_tokens, parts.model->vocabulary(), parts.normalizer.get());
  list_special(parts);
  return parts;
}

}  // namespace

std::string_view TokenizerParts::shown(int32_t id) const {
  if (id < 0) return {};
  if (const std::string* text = added.shown(static_cast<uint32_t>(id))) return *text;
  return model->vocabulary().piece(static_cast<uint32_t>(id)).value_or(std::string_view());
}

void TokenizerParts::append_bytes(int32_t id, std::string& out) const {
  std::string_view piece = shown(id);
  size_t before = out.size();
  for (size_t at = 0; at < piece.size();) {
    int byte = char_to_byte(utf8_next(piece, at));
    if (byte < 0) {  // a piece with any other character stands for itself
      out.resize(before);
      out += piece;
      return;
    }
    out += static_cast<char>(byte);
  }
}

void TokenizerParts::append_token_bytes(int32_t id, std::string& out) const {
  if (decoder.byte_level) return append_bytes(id, out);
  std::string_view piece = shown(id);
  if (decoder.byte_fallback && piece.size() == 6 && piece.starts_with("<0x") && piece.back() == '>') {
    auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
    int high = digit(piece[3]), low = digit(piece[4]);
    if (high >= 0 && low >= 0) {
      out += static_cast<char>(high * 16 + low);
      return;
    }
  }
  size_t done = 0;
  while (!space_mark.empty()) {
    size_t at = piece.find(space_mark, done);
    if (at == std::string_view::npos) break;
    out += piece.substr(done, at - done);
    out += ' ';
    done = at + space_mark.size();
  }
  out += piece.substr(done);
}

TokenizerParts load_tokenizer_parts(std::string_view json, const std::string& name) {
  try {
    return assemble(json, name);
  } catch (const Error& error) {
    std::string what = error.what();
    if (what.starts_with(name)) throw;
    throw Error(error.status(), cat(name, ": ", what), error.native());
  }
}

}  // namespace mlxc::text
