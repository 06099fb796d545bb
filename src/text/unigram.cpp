// Unigram language model: the segmentation with the highest sum of scores (Viterbi). https://arxiv.org/abs/1804.10959
#include <algorithm>
#include <array>
#include <limits>

#include "base/error.h"
#include "text/byte_level.h"
#include "text/model.h"
#include "text/trie.h"
#include "text/utf8.h"

namespace mlxc::text {
namespace {

constexpr double kUnknownPenalty = 10.0;
constexpr size_t kMaxPiece = 4096;  // bounds the work per character of the text

class Unigram final : public Model {
 public:
  Unigram(Vocabulary vocabulary, std::vector<double> scores, int64_t unk_id, bool byte_fallback)
      : Model(std::move(vocabulary)), scores_(std::move(scores)), unk_id_(unk_id), byte_fallback_(byte_fallback) {
    std::vector<std::pair<std::string_view, uint32_t>> patterns;
    patterns.reserve(scores_.size());
    for (size_t i = 0; i < scores_.size(); ++i) {
      std::string_view piece = vocabulary_.piece_at(i);
      if (piece.size() > kMaxPiece)
        fail(Status::unsupported, "Unigram: a piece of ", piece.size(), " bytes, at most ", kMaxPiece, " are supported");
      patterns.emplace_back(piece, static_cast<uint32_t>(i));
      min_score_ = std::min(min_score_, scores_[i]);
    }
    trie_ = Trie(std::move(patterns));
    for (unsigned byte = 0; byte < 256; ++byte) byte_tokens_[byte] = vocabulary_.find(byte_token(static_cast<unsigned char>(byte)));
  }

  void tokenize(std::string_view piece, std::vector<int32_t>& ids) const override {
    bool cached = piece.size() <= WordCache::kMaxWord;
    uint64_t hash = cached ? cache_.hash(piece) : 0;
    if (cached) {
      auto found = cache_.find(piece, hash);
      if (found.data()) {
        ids.insert(ids.end(), found.begin(), found.end());
        return;
      }
    }
    size_t before = ids.size();
    for_each_token(piece, [&](int64_t id, size_t, size_t, bool) { ids.push_back(static_cast<int32_t>(id)); });
    if (cached) cache_.insert(piece, hash, std::span(ids).subspan(before));
  }

  void tokenize(std::string_view piece, std::vector<Token>& tokens) const override {
    for_each_token(piece, [&](int64_t id, size_t begin, size_t end, bool byte) {
      std::string value(byte ? *vocabulary_.piece(static_cast<uint32_t>(id)) : piece.substr(begin, end - begin));
      tokens.push_back({static_cast<int32_t>(id), begin, end, std::move(value)});
    });
  }

 private:
  struct Best {
    double score;
    uint32_t begin;  // kUnreached until a path ends here
    uint32_t id;
  };
  static constexpr uint32_t kUnreached = ~uint32_t{0};

  // Fills `ends` with the borders of the best segmentation, last first; unknown neighbours are one part.
  void segment(std::string_view piece, std::vector<std::pair<size_t, size_t>>& parts) const {
    if (piece.size() >= kUnreached) fail(Status::invalid_argument, "a piece of ", piece.size(), " bytes is too long to tokenize");
    thread_local std::vector<Best> best;
    best.assign(piece.size() + 1, {0, kUnreached, 0});
    best[0].begin = 0;
    double unknown_score = min_score_ - kUnknownPenalty;
    auto offer = [&](size_t end, size_t begin, double score, uint32_t id) {
      if (best[end].begin == kUnreached || score > best[end].score) best[end] = {score, static_cast<uint32_t>(begin), id};
    };
    for (size_t at = 0; at < piece.size();) {
      double here = best[at].score;
      unsigned length = utf8_length(static_cast<unsigned char>(piece[at]));
      bool single = false;
      uint32_t node = Trie::kRoot;
      for (size_t end = at; end < piece.size();) {
        node = trie_.child(node, static_cast<unsigned char>(piece[end]));
        if (node == Trie::kNone) break;
        ++end;
        uint32_t id = trie_.value(node);
        if (id == Trie::kNone) continue;
        offer(end, at, here + scores_[id], id);
        single |= end - at == length;
      }
      if (!single) {
        if (unk_id_ < 0 && (best[at + length].begin == kUnreached || here + unknown_score > best[at + length].score)) missing_unknown();
        offer(at + length, at, here + unknown_score, static_cast<uint32_t>(unk_id_));
      }
      at += length;
    }
    parts.clear();
    bool unknown = false;
    for (size_t end = piece.size(); end > 0; end = best[end].begin) {
      bool now = unk_id_ >= 0 && best[end].id == static_cast<uint32_t>(unk_id_);
      if (now && unknown) {
        parts.back().first = best[end].begin;
      } else {
        parts.emplace_back(best[end].begin, end);
      }
      unknown = now;
    }
    if (best.capacity() > size_t{1} << 20) std::vector<Best>().swap(best);
  }

  [[noreturn]] static void missing_unknown() {
    fail(Status::format, "Unigram: the text holds a character that is not in the vocabulary, and the file names no unk_id");
  }

  template <class Emit>
  void for_each_token(std::string_view piece, Emit&& emit) const {
    std::vector<std::pair<size_t, size_t>> parts;
    segment(piece, parts);
    for (size_t i = parts.size(); i-- > 0;) {
      auto [begin, end] = parts[i];
      int64_t id = vocabulary_.find(piece.substr(begin, end - begin));
      if (id == Vocabulary::kMissing && byte_fallback_) {
        std::string_view bytes = piece.substr(begin, end - begin);
        bool all = std::all_of(bytes.begin(), bytes.end(),
                               [&](char c) { return byte_tokens_[static_cast<unsigned char>(c)] != Vocabulary::kMissing; });
        if (all) {
          for (char c : bytes) emit(byte_tokens_[static_cast<unsigned char>(c)], begin, end, true);
          continue;
        }
      }
      if (id == Vocabulary::kMissing) {
        if (unk_id_ < 0) missing_unknown();
        id = unk_id_;
      }
      emit(id, begin, end, false);
    }
  }

  std::vector<double> scores_;
  int64_t unk_id_;
  bool byte_fallback_;
  double min_score_ = std::numeric_limits<double>::infinity();
  Trie trie_;
  std::array<int64_t, 256> byte_tokens_;
  mutable WordCache cache_;
};

}  // namespace

std::unique_ptr<Model> make_unigram(Vocabulary vocabulary, std::vector<double> scores, int64_t unk_id, bool byte_fallback) {
  return std::make_unique<Unigram>(std::move(vocabulary), std::move(scores), unk_id, byte_fallback);
}

}  // namespace mlxc::text
