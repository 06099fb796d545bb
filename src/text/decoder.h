// Decoders of tokenizer.json as chains of filters. One mechanism serves both ways of decoding: all ids at once, and id by id.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace mlxc::text {

// Takes tokens one after the other; a token comes in parts, the last one followed by end_token().
class TokenSink {
 public:
  virtual ~TokenSink() = default;
  virtual void part(std::string_view text) = 0;
  virtual void end_token() = 0;
  virtual void finish() = 0;  // no further token comes
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  // A filter in its first state that writes to `next`.
  virtual std::unique_ptr<TokenSink> start(TokenSink& next) const = 0;
};

// The steps of a file in order; nothing for null.
struct DecoderPlan {
  std::vector<std::unique_ptr<Decoder>> steps;
  bool byte_level = false;     // the one step is ByteLevel
  bool byte_fallback = false;  // "<0x0A>" stands for a byte
};
// For null the plan joins tokens with spaces. Status::unsupported names a type that is not known, Status::format a wrong field.
DecoderPlan make_decoder(const Json& json);

// A chain that appends to `out`.
class DecodeChain {
 public:
  DecodeChain(const DecoderPlan& plan, std::string& out);
  void token(std::string_view text) {
    first_->part(text);
    first_->end_token();
  }
  void finish() { first_->finish(); }

 private:
  std::vector<std::unique_ptr<TokenSink>> sinks_;
  TokenSink* first_;
};

}  // namespace mlxc::text
