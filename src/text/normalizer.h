// Normalizers of tokenizer.json: changes of the text before it is cut into pieces.
#pragma once

#include <memory>

#include "base/json.h"
#include "text/piece_text.h"

namespace mlxc::text {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(PieceText& text) const = 0;
};

// nullptr for null. Status::unsupported names a type that is not known, Status::format a field that is wrong.
std::unique_ptr<Normalizer> make_normalizer(const Json& json);

// "pattern": {"String": ...} or {"Regex": ...}
Pattern read_pattern(const JsonObject& part);

}  // namespace mlxc::text
