// Text to token ids and back, as Hugging Face `tokenizers` does it from the same tokenizer.json.
//
// Ids and decoded bytes equal those of `tokenizers` 0.23. What a file asks for and this library does not do is Status::unsupported
// with the part's name at load, never a wrong id. The fields `truncation` and `padding` of a file are ignored: encode returns all ids.
// Input that is not valid UTF-8 is read with U+FFFD in place of every maximal ill-formed part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlxc {

struct EncodeOptions {
  // Add what the post-processor adds: begin and end of text, [CLS], [SEP].
  bool add_special_tokens = true;
  // Recognise special tokens written in the text. false reads them as plain text (`encode_special_tokens` of tokenizers): use it
  // for text that comes from users. Added tokens that are not special are recognised always.
  bool parse_special = true;
};

// Bytes [begin, end) of the text that was encoded; both 0 for a token that the post-processor added.
struct TextRange {
  size_t begin = 0, end = 0;
  bool operator==(const TextRange&) const = default;
};

struct Encoding {
  std::vector<int32_t> ids;
  std::vector<TextRange> offsets;  // one an id
};

struct SpecialToken {
  int32_t id;
  std::string content;
};

// Immutable after loading: one object serves any number of threads.
class Tokenizer {
 public:
  // `path` names a tokenizer.json or a folder that holds one. Errors: not_found, io, format, unsupported.
  static std::shared_ptr<const Tokenizer> load_file(const std::string& path);
  // `name` stands for the file in messages.
  static std::shared_ptr<const Tokenizer> from_json(std::string_view json, const std::string& name = "tokenizer.json");
  ~Tokenizer();

  std::vector<int32_t> encode(std::string_view text, EncodeOptions options = {}) const;
  Encoding encode_with_offsets(std::string_view text, EncodeOptions options = {}) const;
  // Two texts in one sequence, as the post-processor joins them (cross-encoders).
  std::vector<int32_t> encode_pair(std::string_view first, std::string_view second, EncodeOptions options = {}) const;

  // Ids without a token are passed over. The result is valid UTF-8.
  std::string decode(std::span<const int32_t> ids, bool skip_special = true) const;

  size_t vocab_size() const;  // tokens of the model and added ones, as get_vocab_size() of tokenizers
  int64_t id_end() const;     // one past the largest id
  std::optional<int32_t> token_to_id(std::string_view token) const;
  std::optional<std::string> id_to_token(int32_t id) const;  // as written in the vocabulary ("Ġthe", "▁the", "##ing")
  std::string token_bytes(int32_t id) const;                 // the bytes it stands for inside a text; empty for an unknown id
  bool is_special(int32_t id) const;
  const std::vector<SpecialToken>& special_tokens() const;  // by id

 private:
  friend class DecodeStream;
  struct Parts;
  explicit Tokenizer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// Decodes ids one at a time: the pieces returned by push() and flush(), joined, equal decode() of all ids.
// Text is held back while it could still change: inside a UTF-8 character, inside a run of byte tokens, and where a decoder needs
// what follows (the WordPiece clean-up does not; a decoder unknown to stream delivers everything at flush()).
class DecodeStream {
 public:
  explicit DecodeStream(std::shared_ptr<const Tokenizer> tokenizer, bool skip_special = true);
  ~DecodeStream();
  DecodeStream(DecodeStream&&) noexcept;
  DecodeStream& operator=(DecodeStream&&) noexcept;

  std::string push(int32_t id);
  std::string flush();  // what is held back; the stream then starts anew

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What stands beside tokenizer.json: names for chat and generation. Ids never come from here.
struct TokenizerConfig {
  std::optional<std::string> bos_token, eos_token, unk_token, pad_token;
  std::optional<bool> add_bos_token, add_eos_token;
  std::optional<std::string> chat_template;  // chat_template.jinja wins over tokenizer_config.json's field

  // Reads tokenizer_config.json, special_tokens_map.json and chat_template.jinja of a folder; all of them may be missing.
  static TokenizerConfig load_folder(const std::string& folder);
};

}  // namespace mlxc
