// Drives convolutions: an image, or a band of it, is copied into planes with its padding, one plane a residue of the stride, so that what a
// tap of the kernel sees lies at one constant offset from every place. A row of planes is longer than a row of results by the kernel's
// reach; what is computed in between is dropped.
#include <algorithm>
#include <cstring>
#include <vector>

#include "backend/cpu/kernels/isa.h"
#include "backend/cpu/kernels/scratch.h"
#include "base/error.h"

namespace mlxc::cpu {
namespace {

constexpr int64_t kPlaneBytes = 512 << 10;  // of planes and results of one task: in L2
constexpr int64_t kForkWork = 1 << 16;      // multiply-adds below which one thread is faster
constexpr int64_t kSlack = 512;             // elements that kernels may read or write beyond their count
constexpr int64_t kSumTasks = 16;           // parts of a weight gradient, whatever the number of threads
constexpr int64_t kPartialBytes = 4 << 20;  // of their results
constexpr int64_t kSumPlaces = 512;         // of eight rows: in L1 while all taps pass by

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }
int64_t floor_divide(int64_t a, int64_t b) { return a >= 0 ? a / b : -((b - 1 - a) / b); }
int64_t volume(const int64_t (&size)[3]) { return size[0] * size[1] * size[2]; }

// ---- the inner kernels, for either type -----------------------------------------------------------------------------------------------

void shifted(const Isa& isa, const Shifted<float>& a) { isa.shifted(a); }
void shifted(const Isa&, const Shifted<double>& a) {
  for (int64_t r = 0; r < a.rows; ++r) {
    double* out = a.out + r * a.out_stride;
    std::fill_n(out, a.count, a.bias ? a.bias[r] : 0.0);
    for (int64_t t = 0; t < a.taps; ++t) {
      const double weight = a.weights[t * a.rows + r], *x = a.planes + a.offsets[t];
      for (int64_t q = 0; q < a.count; ++q) out[q] += weight * x[q];
    }
    if (a.relu)
      for (int64_t q = 0; q < a.count; ++q) out[q] = out[q] < 0 ? 0 : out[q];
  }
}

void shifted_sums(const Isa& isa, const ShiftedSums<float>& a) { isa.shifted_sums(a); }
void shifted_sums(const Isa&, const ShiftedSums<double>& a) {
  for (int64_t r = 0; r < a.rows; ++r)
    for (int64_t t = 0; t < a.taps; ++t) {
      const double *g = a.g + r * a.g_stride, *x = a.planes + a.offsets[t];
      double sum = 0;
      for (int64_t q = 0; q < a.count; ++q) sum += g[q] * x[q];
      a.sums[r * a.sums_stride + t] += sum;
    }
}

void spread_rows(const Isa& isa, const Rows<float>& a) { isa.spread_rows(a); }
void gather_rows(const Isa& isa, const Rows<float>& a) { isa.gather_rows(a); }
void spread_rows(const Isa&, const Rows<double>& a) {
  for (int64_t r = 0; r < a.rows; ++r) std::copy_n(a.from + r * a.from_stride, a.n, a.to + r * a.to_stride);
}
void gather_rows(const Isa& isa, const Rows<double>& a) { spread_rows(isa, a); }

double sum_of(const Isa& isa, const float* x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i += 4096) sum += double(isa.sum(x + i, std::min<int64_t>(4096, n - i)));
  return sum;
}
double sum_of(const Isa&, const double* x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

// ---- planes ---------------------------------------------------------------------------------------------------------------------------

// One axis of planes: element l of phase p is coordinate starts[p] + l * step of the image.
struct PlaneAxis {
  int64_t size = 1, step = 1, length = 1;
  std::vector<int64_t> starts{0};
};

struct Planes {
  PlaneAxis axis[3];
  int64_t images = 1;  // side by side

  int64_t plane() const { return axis[0].length * axis[1].length * axis[2].length; }
  int64_t phases() const { return int64_t(axis[0].starts.size() * axis[1].starts.size() * axis[2].starts.size()); }
  int64_t channel() const { return phases() * images * plane(); }

  // Of one channel of one image; `to` is zero.
  template <class T>
  void fill(const Isa& isa, const T* image, T* to, int64_t number) const {
    to += number * plane();
    for (int64_t s0 : axis[0].starts)
      for (int64_t s1 : axis[1].starts)
        for (int64_t s2 : axis[2].starts) {
          fill_phase(isa, image, to, s0, s1, s2);
          to += images * plane();
        }
  }

 private:
  // The l in [first, last) whose coordinates lie in the image.
  struct Range {
    int64_t first, last;
  };
  static Range inside(const PlaneAxis& a, int64_t start) {
    const int64_t first = std::max<int64_t>(0, -floor_divide(start, a.step));  // ceil(-start / step)
    return {first, std::min(a.length, floor_divide(a.size - 1 - start, a.step) + 1)};
  }

  template <class T>
  void fill_phase(const Isa& isa, const T* image, T* to, int64_t s0, int64_t s1, int64_t s2) const {
    const Range r0 = inside(axis[0], s0), r1 = inside(axis[1], s1), r2 = inside(axis[2], s2);
    if (r1.first >= r1.last || r2.first >= r2.last) return;
    const int64_t step = axis[2].step, width = axis[2].length;
    for (int64_t i = r0.first; i < r0.last; ++i) {
      const T* from = image + ((s0 + i * axis[0].step) * axis[1].size + s1 + r1.first * axis[1].step) * axis[2].size + s2 + r2.first * step;
      T* row = to + (i * axis[1].length + r1.first) * width + r2.first;
      const int64_t rows = r1.last - r1.first, n = r2.last - r2.first, from_stride = axis[1].step * axis[2].size;
      if (step == 1) {
        spread_rows(isa, Rows<T>{from, from_stride, row, width, rows, n});
        continue;
      }
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t l = 0; l < n; ++l) row[r * width + l] = from[r * from_stride + l * step];
    }
  }
};

// Where a tap of one axis looks.
struct Tap {
  int64_t tap, phase, shift;
};

// Results at first + i * step, i < count, of each axis.
struct Target {
  int64_t count[3], first[3], step[3];
  std::vector<int64_t> offsets;  // by channel and tap, in the order of the weights
  int64_t weights = 0;           // where its packed weights begin

  int64_t span(const Planes& planes) const {  // places up to the last result
    return ((count[0] - 1) * planes.axis[1].length + count[1] - 1) * planes.axis[2].length + count[2];
  }
};

void set_offsets(Target& target, const Planes& planes, int64_t channels, const std::vector<Tap> (&taps)[3]) {
  const PlaneAxis(&a)[3] = planes.axis;
  target.offsets.clear();
  target.offsets.reserve(size_t(channels) * taps[0].size() * taps[1].size() * taps[2].size());
  for (int64_t c = 0; c < channels; ++c)
    for (const Tap& t0 : taps[0])
      for (const Tap& t1 : taps[1])
        for (const Tap& t2 : taps[2]) {
          const int64_t phase = (t0.phase * int64_t(a[1].starts.size()) + t1.phase) * int64_t(a[2].starts.size()) + t2.phase;
          target.offsets.push_back(c * planes.channel() + phase * planes.images * planes.plane() +
                                   (t0.shift * a[1].length + t1.shift) * a[2].length + t2.shift);
        }
}

// The part [begin, end) of the outermost axis: what a task reads, and what it makes of that.
struct Band {
  Planes planes;
  std::vector<Target> targets;
};

// Of x, for results [begin, end) of axis `outer`.
Band forward_band(const ConvolutionArgs& args, int outer, int64_t begin, int64_t end, int64_t images) {
  Band band;
  band.planes.images = images;
  Target& target = band.targets.emplace_back();
  std::vector<Tap> taps[3];
  for (int i = 0; i < 3; ++i) {
    PlaneAxis& axis = band.planes.axis[i];
    const int64_t from = i == outer ? begin : 0, count = i == outer ? end - begin : args.out[i], stride = args.stride[i];
    axis.size = args.size[i];
    axis.step = stride;
    axis.length = count + (args.kernel[i] - 1) * args.dilation[i] / stride;
    axis.starts.clear();
    for (int64_t t = 0; t < args.kernel[i]; ++t) {
      const int64_t reach = t * args.dilation[i], start = from * stride + reach % stride - args.padding[i];
      const auto found = std::find(axis.starts.begin(), axis.starts.end(), start);
      taps[i].push_back({t, found - axis.starts.begin(), reach / stride});
      if (found == axis.starts.end()) axis.starts.push_back(start);
    }
    target.count[i] = count, target.first[i] = from, target.step[i] = 1;
  }
  set_offsets(target, band.planes, args.channels / args.groups, taps);
  return band;
}

// The taps of an axis that results of a residue r = (place + padding) % stride see.
std::vector<Tap> taps_of_residue(const ConvolutionArgs& args, int axis, int64_t residue) {
  std::vector<Tap> taps;
  for (int64_t t = 0; t < args.kernel[axis]; ++t)
    if (const int64_t reach = t * args.dilation[axis]; reach % args.stride[axis] == residue)
      taps.push_back({t, 0, reach / args.stride[axis]});
  return taps;
}

// Of y, for places [begin, end) of x on axis `outer`. Place u with u + padding = v stride + residue adds y at v - shift for each tap.
Band backward_band(const ConvolutionArgs& args, int outer, int64_t begin, int64_t end) {
  struct Residue {
    int64_t residue, first, count;
    std::vector<Tap> taps;
  };
  Band band;
  std::vector<Residue> residues[3];
  int64_t low[3];
  for (int i = 0; i < 3; ++i) {
    const int64_t from = i == outer ? begin : 0, to = i == outer ? end : args.size[i], stride = args.stride[i];
    int64_t lowest = INT64_MAX, highest = INT64_MIN;
    for (int64_t r = 0; r < stride; ++r) {
      const int64_t first = -floor_divide(r - from - args.padding[i], stride), last = floor_divide(to - 1 + args.padding[i] - r, stride);
      residues[i].push_back({r, first, std::max<int64_t>(last - first + 1, 0), taps_of_residue(args, i, r)});
      for (const Tap& tap : residues[i].back().taps)
        if (first <= last) lowest = std::min(lowest, first - tap.shift), highest = std::max(highest, last - tap.shift);
    }
    if (lowest > highest) lowest = highest = 0;
    low[i] = lowest;
    PlaneAxis& axis = band.planes.axis[i];
    axis.size = args.out[i];
    axis.length = highest - lowest + 1;
    axis.starts = {lowest};
  }
  for (const Residue& r0 : residues[0])
    for (const Residue& r1 : residues[1])
      for (const Residue& r2 : residues[2]) {
        Target target{};
        std::vector<Tap> taps[3];
        for (int i = 0; i < 3; ++i) {
          const Residue& r = i == 0 ? r0 : i == 1 ? r1 : r2;
          target.count[i] = r.count, target.step[i] = args.stride[i];
          target.first[i] = r.first * args.stride[i] + r.residue - args.padding[i];
          for (const Tap& tap : r.taps) taps[i].push_back({tap.tap, 0, r.first - tap.shift - low[i]});
        }
        set_offsets(target, band.planes, args.filters / args.groups, taps);
        band.targets.push_back(std::move(target));
      }
  return band;
}

// ---- weights --------------------------------------------------------------------------------------------------------------------------

int64_t block_rows(int64_t left) { return left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1; }

// Of one group: [block of rows][channel, tap][row of the block].
template <class T, class At>
void pack_weights(int64_t rows, int64_t taps, T* to, At&& at) {
  for (int64_t first = 0; first < rows; first += block_rows(rows - first)) {
    const int64_t count = block_rows(rows - first);
    for (int64_t t = 0; t < taps; ++t)
      for (int64_t r = 0; r < count; ++r) *to++ = at(first + r, t);
  }
}

// ---- products -------------------------------------------------------------------------------------------------------------------------

// From planes of `inputs` channels a group to `outputs` channels a group.
struct Side {
  int64_t channels;
  const int64_t (&size)[3];
};
template <class T>
struct Product {
  const Isa& isa;
  const ConvolutionArgs& args;
  Side from, to;
  const T* source;
  const T* weights;  // packed, groups of weight_stride
  int64_t weight_stride;
  const T* bias;
  T* result;
  bool relu;

  void run(const Band& band, int64_t image, int64_t group) const {
    const int64_t inputs = from.channels / args.groups, outputs = to.channels / args.groups;
    const int64_t used = inputs * band.planes.channel();
    T* planes = scratch<T>(ScratchUse::packed, used + kSlack);
    std::fill_n(planes, used + kSlack, T(0));
    const T* images = source + (image * from.channels + group * inputs) * volume(from.size);
    for (int64_t c = 0; c < inputs; ++c) band.planes.fill(isa, images + c * volume(from.size), planes + c * band.planes.channel(), 0);
    T* results = result + (image * to.channels + group * outputs) * volume(to.size);
    for (const Target& target : band.targets) {
      if (target.count[0] <= 0 || target.count[1] <= 0 || target.count[2] <= 0) continue;
      const int64_t span = target.span(band.planes), stride = round_up(span, 16) + kSlack / 4;
      T* tile = scratch<T>(ScratchUse::tile, 8 * stride);
      const T* packed = weights + group * weight_stride + target.weights;
      const int64_t taps = int64_t(target.offsets.size());
      for (int64_t row = 0; row < outputs;) {
        const int64_t rows = block_rows(outputs - row);
        shifted(isa, Shifted<T>{planes, target.offsets.data(), taps, packed, bias ? bias + group * outputs + row : nullptr, rows, tile,
                                stride, span, relu});
        for (int64_t r = 0; r < rows; ++r) store(band.planes, target, tile + r * stride, results + (row + r) * volume(to.size));
        packed += taps * rows;
        row += rows;
      }
    }
  }

 private:
  void store(const Planes& planes, const Target& target, const T* tile, T* plane) const {
    const int64_t width = planes.axis[2].length;
    for (int64_t i = 0; i < target.count[0]; ++i, tile += planes.axis[1].length * width) {
      T* row = plane + ((target.first[0] + i * target.step[0]) * to.size[1] + target.first[1]) * to.size[2] + target.first[2];
      const int64_t to_stride = target.step[1] * to.size[2], step = target.step[2];
      if (step == 1 && to_stride == target.count[2]) {
        gather_rows(isa, Rows<T>{tile, width, row, to_stride, target.count[1], target.count[2]});
        continue;
      }
      for (int64_t r = 0; r < target.count[1]; ++r)
        for (int64_t j = 0; j < target.count[2]; ++j) row[r * to_stride + j * step] = tile[r * width + j];
    }
  }
};

int outermost(const int64_t (&size)[3]) { return size[0] > 1 ? 0 : size[1] > 1 ? 1 : 2; }

// Bands that fit the cache and give all threads something to do; results do not depend on where they are cut.
template <class T, class MakeBand>
void run_bands(ThreadPool& pool, const Product<T>& product, MakeBand&& make) {
  const ConvolutionArgs& args = product.args;
  const int outer = outermost(product.to.size);
  const int64_t length = product.to.size[outer], tasks = args.batch * args.groups;
  auto bytes = [&](const Band& band) {
    return (product.from.channels / args.groups * band.planes.channel() + 8 * band.planes.plane()) * int64_t(sizeof(T));
  };
  int64_t rows = length;
  while (rows > 1 && bytes(make(outer, 0, rows)) > kPlaneBytes) rows = (rows + 1) / 2;
  if (tasks < 2 * pool.size()) rows = std::min(rows, std::max<int64_t>((length * tasks + 2 * pool.size() - 1) / (2 * pool.size()), 4));
  std::vector<Band> bands;
  for (int64_t begin = 0; begin < length; begin += rows) bands.push_back(make(outer, begin, std::min(length, begin + rows)));
  const int64_t count = int64_t(bands.size());
  const int64_t work =
      product.from.channels / args.groups * product.to.channels * volume(args.kernel) * volume(args.out) / count / args.groups;
  pool.parallel_for(tasks * count, std::max<int64_t>(1, kForkWork / std::max<int64_t>(work, 1)), [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) product.run(bands[size_t(i % count)], i / count / args.groups, i / count % args.groups);
  });
}

template <class T>
void run_forward(ThreadPool& pool, const ConvolutionArgs& args, const Isa& isa) {
  const int64_t outputs = args.filters / args.groups, taps = args.channels / args.groups * volume(args.kernel);
  T* packed = scratch<T>(ScratchUse::shared, args.filters * taps);
  for (int64_t g = 0; g < args.groups; ++g) {
    const T* weight = static_cast<const T*>(args.weight) + g * outputs * taps;
    pack_weights(outputs, taps, packed + g * outputs * taps, [&](int64_t row, int64_t tap) { return weight[row * taps + tap]; });
  }
  const Product<T> product{
      isa,    args,           {args.channels, args.size},       {args.filters, args.out}, static_cast<const T*>(args.x),
      packed, outputs * taps, static_cast<const T*>(args.bias), static_cast<T*>(args.y),  args.relu};
  run_bands(pool, product, [&](int outer, int64_t begin, int64_t end) { return forward_band(args, outer, begin, end, 1); });
}

template <class T>
void run_input(ThreadPool& pool, const ConvolutionArgs& args, const Isa& isa) {
  const int64_t inputs = args.filters / args.groups, outputs = args.channels / args.groups, window = volume(args.kernel);
  T* packed = scratch<T>(ScratchUse::shared, args.filters * outputs * window);
  const int64_t group_size = inputs * outputs * window;
  std::vector<int64_t> starts;  // of the targets' weights: one set of taps a combination of residues
  for (int64_t g = 0; g < args.groups; ++g) {
    const T* weight = static_cast<const T*>(args.weight) + g * group_size;
    T* to = packed + g * group_size;
    for (int64_t r0 = 0; r0 < args.stride[0]; ++r0)
      for (int64_t r1 = 0; r1 < args.stride[1]; ++r1)
        for (int64_t r2 = 0; r2 < args.stride[2]; ++r2) {
          std::vector<int64_t> taps;
          for (const Tap& t0 : taps_of_residue(args, 0, r0))
            for (const Tap& t1 : taps_of_residue(args, 1, r1))
              for (const Tap& t2 : taps_of_residue(args, 2, r2))
                taps.push_back((t0.tap * args.kernel[1] + t1.tap) * args.kernel[2] + t2.tap);
          const int64_t seen = int64_t(taps.size());
          if (g == 0) starts.push_back(to - packed);
          pack_weights(outputs, inputs * seen, to,
                       [&](int64_t row, int64_t i) { return weight[(i / seen * outputs + row) * window + taps[size_t(i % seen)]]; });
          to += outputs * inputs * seen;
        }
  }
  const Product<T> product{isa,    args,       {args.filters, args.out},         {args.channels, args.size}, static_cast<const T*>(args.y),
                           packed, group_size, static_cast<const T*>(args.bias), static_cast<T*>(args.x),    false};
  run_bands(pool, product, [&](int outer, int64_t begin, int64_t end) {
    Band band = backward_band(args, outer, begin, end);
    for (size_t i = 0; i < band.targets.size(); ++i) band.targets[i].weights = starts[i];
    return band;
  });
}

// ---- the gradient of the weights ------------------------------------------------------------------------------------------------------

// Products of planes of x with planes of y that are zero between the rows of results. Images of a chunk and bands follow each other in a
// fixed order, and so do the chunks' sums: the result does not depend on threads.
template <class T>
struct WeightSums {
  const Isa& isa;
  const ConvolutionArgs& args;
  int outer;
  int64_t rows;    // of a band
  int64_t images;  // worked on together

  int64_t inputs() const { return args.channels / args.groups; }
  int64_t outputs() const { return args.filters / args.groups; }
  int64_t taps() const { return inputs() * volume(args.kernel); }

  // Of filters [first, last) of a group, added to sums [filters, taps] and bias.
  void run(int64_t group, int64_t first, int64_t last, int64_t image_begin, int64_t image_end, T* sums, T* bias) const {
    const int64_t length = args.out[outer];
    for (int64_t begin = 0; begin < length; begin += rows) {
      const int64_t end = std::min(length, begin + rows);
      const Band band = forward_band(args, outer, begin, end, images);
      for (int64_t image = image_begin; image < image_end; image += images)
        add(band, group, first, last, image, std::min(images, image_end - image), sums, bias);
    }
  }

 private:
  void add(const Band& band, int64_t group, int64_t first, int64_t last, int64_t image, int64_t count, T* sums, T* bias) const {
    const Target& target = band.targets[0];
    const int64_t channel = band.planes.channel(), plane = band.planes.plane();
    const int64_t places = round_up(count * plane, 16), g_stride = round_up(images * plane, 16) + kSlack / 8, filters = last - first;
    T* planes = scratch<T>(ScratchUse::packed, inputs() * channel + filters * g_stride + kSlack);
    T* g = planes + inputs() * channel + kSlack;
    std::fill(planes, g + filters * g_stride, T(0));
    const T *x = static_cast<const T*>(args.x), *y = static_cast<const T*>(args.y);
    for (int64_t c = 0; c < inputs(); ++c)
      for (int64_t i = 0; i < count; ++i)
        band.planes.fill(isa, x + ((image + i) * args.channels + group * inputs() + c) * volume(args.size), planes + c * channel, i);
    for (int64_t f = 0; f < filters; ++f)
      for (int64_t i = 0; i < count; ++i)
        spread(band, y + ((image + i) * args.filters + group * outputs() + first + f) * volume(args.out), g + f * g_stride + i * plane);
    for (int64_t f = 0; f < filters; f += block_rows(filters - f))
      for (int64_t q = 0; q < places; q += kSumPlaces)
        shifted_sums(isa, ShiftedSums<T>{planes + q, target.offsets.data(), taps(), g + f * g_stride + q, g_stride, block_rows(filters - f),
                                         sums + f * taps(), taps(), std::min(kSumPlaces, places - q)});
    if (bias)
      for (int64_t f = 0; f < filters; ++f) bias[f] += T(sum_of(isa, g + f * g_stride, count * plane));
  }

  void spread(const Band& band, const T* image, T* to) const {
    const Target& target = band.targets[0];
    const int64_t width = band.planes.axis[2].length;
    for (int64_t i = 0; i < target.count[0]; ++i) {
      const T* from = image + ((target.first[0] + i) * args.out[1] + target.first[1]) * args.out[2] + target.first[2];
      spread_rows(isa, Rows<T>{from, args.out[2], to + i * band.planes.axis[1].length * width, width, target.count[1], target.count[2]});
    }
  }
};

template <class T>
void run_weight(ThreadPool& pool, const ConvolutionArgs& args, const Isa& isa) {
  WeightSums<T> work{isa, args, outermost(args.out), args.out[outermost(args.out)], 1};
  const int64_t weights = args.filters * work.taps(), outputs = work.outputs();
  const int64_t chunks = std::clamp<int64_t>(std::min(args.batch, kPartialBytes / (weights * int64_t(sizeof(T)) + 1)), 1, kSumTasks);
  const int64_t parts = std::clamp<int64_t>(kSumTasks / (chunks * args.groups), 1, (outputs + 7) / 8);
  const int64_t filters = round_up((outputs + parts - 1) / parts, 8), filter_parts = (outputs + filters - 1) / filters;
  const int64_t chunk = (args.batch + chunks - 1) / chunks;
  auto bytes = [&](int64_t rows, int64_t images) {
    const Planes planes = forward_band(args, work.outer, 0, rows, images).planes;
    return (work.inputs() * planes.channel() + std::min(filters, outputs) * images * planes.plane()) * int64_t(sizeof(T));
  };
  while (work.rows > 1 && bytes(work.rows, 1) > kPlaneBytes) work.rows = (work.rows + 1) / 2;
  work.images = std::clamp<int64_t>(kPlaneBytes / std::max<int64_t>(bytes(work.rows, 1), 1), 1, std::max<int64_t>(chunk, 1));

  const int64_t stride = weights + args.filters;  // the weights' sums, then the bias'
  T* sums = scratch<T>(ScratchUse::shared, chunks * stride);
  std::fill_n(sums, chunks * stride, T(0));
  const int64_t tasks = args.groups * filter_parts * chunks;
  const int64_t cost = args.batch * weights * volume(args.out) / std::max<int64_t>(tasks, 1);
  pool.parallel_for(tasks, std::max<int64_t>(1, kForkWork / std::max<int64_t>(cost, 1)), [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t image = i % chunks * chunk, group = i / chunks / filter_parts, first = i / chunks % filter_parts * filters;
      T* mine = sums + i % chunks * stride;
      const int64_t filter = group * outputs + first;
      work.run(group, first, std::min(outputs, first + filters), image, std::min(args.batch, image + chunk), mine + filter * work.taps(),
               args.bias ? mine + weights + filter : nullptr);
    }
  });
  pool.parallel_for(stride, 1 << 13, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      if (i >= weights && !args.bias) return;
      T sum = sums[i];
      for (int64_t c = 1; c < chunks; ++c) sum += sums[c * stride + i];
      (i < weights ? static_cast<T*>(args.weight)[i] : static_cast<T*>(args.bias)[i - weights]) = sum;
    }
  });
}

}  // namespace

void convolution(ThreadPool& pool, const ConvolutionArgs& args, const Isa& isa) {
  args.dtype == DType::f64 ? run_forward<double>(pool, args, isa) : run_forward<float>(pool, args, isa);
}
void convolution_input(ThreadPool& pool, const ConvolutionArgs& args, const Isa& isa) {
  args.dtype == DType::f64 ? run_input<double>(pool, args, isa) : run_input<float>(pool, args, isa);
}
void convolution_weight(ThreadPool& pool, const ConvolutionArgs& args, const Isa& isa) {
  args.dtype == DType::f64 ? run_weight<double>(pool, args, isa) : run_weight<float>(pool, args, isa);
}

}  // namespace mlxc::cpu
