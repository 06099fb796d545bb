// Einstein summation. Every operand becomes an array with one labelled axis a letter; pairs are contracted as batched matrix products until
// one is left.
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "ops/arrange.h"
#include "ops/elementwise.h"
#include "ops/products.h"
#include "ops/reduce.h"
#include "ops/shape_ops.h"

namespace mlxc {
namespace {

// A label is a letter, or a number from 128 for an axis behind "...": counted from the last one, so that they broadcast.
using Labels = std::basic_string<unsigned char>;
constexpr int kEllipsis = 128;

struct Term {
  Array array;
  Labels labels;
};

class Einsum {
 public:
  Einsum(std::string_view equation, const std::vector<Array>& operands) {
    const size_t arrow = equation.find("->");
    std::string_view inputs = equation.substr(0, arrow);
    std::vector<std::string> parts(1);
    for (char c : inputs) {
      if (c == ',')
        parts.emplace_back();
      else if (c != ' ')
        parts.back() += c;
    }
    if (parts.size() != operands.size())
      fail(Status::invalid_argument, "einsum: \"", equation, "\" names ", parts.size(), " operands, ", operands.size(), " are given");
    for (size_t i = 0; i < parts.size(); ++i) add_term(parts[i], operands[i]);
    if (arrow == std::string_view::npos) {
      imply_output();
    } else {
      std::string text;
      for (char c : equation.substr(arrow + 2))
        if (c != ' ') text += c;
      output_ = parse(text, ellipsis_);
      for (unsigned char label : output_) {
        if (!sizes_.count(label)) fail(Status::invalid_argument, "einsum: the output has a letter that no operand has: \"", equation, "\"");
        if (std::count(output_.begin(), output_.end(), label) > 1)
          fail(Status::invalid_argument, "einsum: the output names an axis twice: \"", equation, "\"");
      }
    }
  }

  Array run() {
    for (Term& term : terms_) sum_alone(term);
    while (terms_.size() > 1) {
      auto [a, b] = cheapest_pair();
      Term joined = contract(terms_[a], terms_[b]);
      terms_.erase(terms_.begin() + long(b));  // b > a
      terms_[a] = std::move(joined);
    }
    return arranged(terms_[0], output_);
  }

 private:
  static Labels parse(const std::string& text, int ellipsis_rank) {
    Labels labels;
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '.') {
        if (text.compare(i, 3, "...") != 0 || text.find("...", i + 1) != std::string::npos)
          fail(Status::invalid_argument, "einsum: \"", text, "\" is not understood");
        for (int k = ellipsis_rank; k-- > 0;) labels += static_cast<unsigned char>(kEllipsis + k);
        i += 2;
      } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        labels += static_cast<unsigned char>(c);
      } else {
        fail(Status::invalid_argument, "einsum: '", c, "' in \"", text, "\" is no letter");
      }
    }
    return labels;
  }

  void add_term(const std::string& text, const Array& array) {
    const bool dots = text.find('.') != std::string::npos;
    const int letters = int(text.size()) - (dots ? 3 : 0), hidden = dots ? array.rank() - letters : 0;
    Term term{array, parse(text, std::max(hidden, 0))};
    if (int(term.labels.size()) != array.rank())
      fail(Status::invalid_argument, "einsum: \"", text, "\" does not fit the shape ", to_string(array.shape()));
    ellipsis_ = std::max(ellipsis_, hidden);
    take_diagonals(term);
    for (size_t i = 0; i < term.labels.size(); ++i) {
      int64_t& size = sizes_.emplace(term.labels[i], 1).first->second;
      const int64_t dim = term.array.dim(int(i));
      if (size != dim && size != 1 && dim != 1)
        fail(Status::invalid_argument, "einsum: one letter stands for axes of ", size, " and of ", dim);
      if (size == 1) size = dim;
    }
    terms_.push_back(std::move(term));
  }

  // A letter twice in one operand: its diagonal.
  void take_diagonals(Term& term) {
    for (size_t i = 0; i < term.labels.size(); ++i) {
      const size_t j = term.labels.find(term.labels[i], i + 1);
      if (j == Labels::npos) continue;
      if (term.array.dim(int(i)) != term.array.dim(int(j)))
        fail(Status::invalid_argument, "einsum: the diagonal of axes of ", term.array.dim(int(i)), " and ", term.array.dim(int(j)));
      const unsigned char label = term.labels[i];
      repeated_.insert(label);
      term.array = diagonal(move_axes(term.array, {int64_t(i), int64_t(j)}, {-2, -1}), 0);
      term.labels.erase(j, 1);
      term.labels.erase(i, 1);
      term.labels += label;
      i = size_t(-1);  // the order has changed: from the start
    }
  }

  void imply_output() {
    std::map<unsigned char, int> uses;
    for (const Term& term : terms_)
      for (unsigned char label : term.labels) ++uses[label];
    for (int k = ellipsis_; k-- > 0;) output_ += static_cast<unsigned char>(kEllipsis + k);
    for (auto [label, count] : uses)
      if (count == 1 && label < kEllipsis && !repeated_.count(label)) output_ += label;
  }

  bool needed_elsewhere(unsigned char label, const Term* a, const Term* b) const {
    if (output_.find(label) != Labels::npos) return true;
    for (const Term& term : terms_)
      if (&term != a && &term != b && term.labels.find(label) != Labels::npos) return true;
    return false;
  }

  // Axes that only this operand has and nobody wants are summed at once; axes of size 1 that stand for a longer one are too.
  void sum_alone(Term& term) {
    Dims axes;
    Labels kept;
    for (size_t i = 0; i < term.labels.size(); ++i) {
      const bool stretched = term.array.dim(int(i)) == 1 && sizes_.at(term.labels[i]) != 1;
      if (stretched || !needed_elsewhere(term.labels[i], &term, nullptr))
        axes.push_back(int64_t(i));
      else
        kept += term.labels[i];
    }
    if (axes.rank()) {
      const DType dtype = term.array.dtype();
      term.array = cast(reduce(ReduceOp::sum, term.array, axes, false), dtype);
    }
    term.labels = kept;
  }

  double size_of_result(const Term& a, const Term& b) const {
    double size = 1;
    for (auto [label, dim] : sizes_)
      if ((a.labels.find(label) != Labels::npos || b.labels.find(label) != Labels::npos) && needed_elsewhere(label, &a, &b))
        size *= double(dim);
    return size;
  }

  // Greedy: the pair whose result grows least over what it replaces.
  std::pair<size_t, size_t> cheapest_pair() const {
    std::pair<size_t, size_t> best{0, 1};
    double least = INFINITY;
    for (size_t i = 0; i < terms_.size(); ++i)
      for (size_t j = i + 1; j < terms_.size(); ++j) {
        const double cost = size_of_result(terms_[i], terms_[j]) - double(terms_[i].array.size()) - double(terms_[j].array.size());
        if (cost < least) {
          least = cost;
          best = {i, j};
        }
      }
    return best;
  }

  Term contract(const Term& a, const Term& b) const {
    Labels batch, summed, rows, columns;
    for (unsigned char label : a.labels) {
      const bool shared = b.labels.find(label) != Labels::npos, wanted = needed_elsewhere(label, &a, &b);
      (shared ? (wanted ? batch : summed) : rows) += label;
    }
    for (unsigned char label : b.labels)
      if (a.labels.find(label) == Labels::npos) columns += label;
    auto extent = [&](const Labels& labels) {
      int64_t size = 1;
      for (unsigned char label : labels) size *= sizes_.at(label);
      return size;
    };
    const Array left = reshape(arranged(a, batch + rows + summed), {extent(batch), extent(rows), extent(summed)});
    const Array right = reshape(arranged(b, batch + summed + columns), {extent(batch), extent(summed), extent(columns)});
    Labels labels = batch + rows + columns;
    Shape shape;
    for (unsigned char label : labels) shape.push_back(sizes_.at(label));
    return {reshape(matmul(left, right), shape), labels};
  }

  // The axes in the given order, which may leave none out; missing ones are broadcast.
  Array arranged(const Term& term, const Labels& order) const {
    Dims axes;
    Shape narrow, wide;
    for (unsigned char label : order) {
      const size_t at = term.labels.find(label);
      wide.push_back(sizes_.at(label));
      narrow.push_back(at == Labels::npos ? 1 : sizes_.at(label));
      if (at != Labels::npos) axes.push_back(int64_t(at));
    }
    const Array turned = term.array.rank() > 1 ? transpose(term.array, axes) : term.array;
    return broadcast_to(reshape(turned, narrow), wide);
  }

  std::vector<Term> terms_;
  std::map<unsigned char, int64_t> sizes_;
  std::set<unsigned char> repeated_;  // letters that one operand repeats: no part of an implied output
  Labels output_;
  int ellipsis_ = 0;
};

}  // namespace

Array einsum(std::string_view equation, const std::vector<Array>& operands) {
  if (operands.empty()) fail(Status::invalid_argument, "einsum: there are no operands");
  return Einsum(equation, operands).run();
}

}  // namespace mlxc
