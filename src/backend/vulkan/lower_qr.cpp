#include <bit>
#include <vector>

#include "backend/vulkan/factors.h"

namespace mlxc::vulkan {
namespace {

constexpr int64_t kTile = 32;

// A thread keeps the rows of a panel in registers: the more rows, the fewer columns.
constexpr int64_t kPanelThreads = 256, kMostKept = 128, kMostRows = kMostKept / 4 * kPanelThreads;
int64_t rows_of_a_thread(int64_t rows) { return int64_t(std::bit_ceil(uint64_t(divide_up(rows, kPanelThreads)))); }

}  // namespace

QR::QR(Emitter& emitter, int64_t items_of, int64_t rows_of, int64_t columns_of, int64_t q_columns, const QR* memory)
    : items(items_of),
      rows(rows_of),
      columns(columns_of),
      lead(divide_up(rows, 4) * 4),
      strips(divide_up(columns, kTile)),
      emitter_(emitter) {
  if (rows > kMostRows)
    fail(Status::unsupported, emitter.plan().primitive->name(), ": matrices of more than ", kMostRows,
         " rows do not fit a workgroup's registers; this one has ", rows);
  if (std::max({rows, columns, lead}) * (lead + 16) * kItem > kMostBytes) no_kernel(emitter.plan());
  auto memory_for = [&](int64_t count, const Columns QR::*old) {
    if (!memory) return Columns{emitter_.scratch(items * count * lead * kItem), count, lead};
    return Columns{(memory->*old).ref.at(0, items * count * lead * kItem), count, lead};
  };
  const int64_t reflections = std::min(rows, columns);
  s = memory_for(columns, &QR::s);
  v = memory_for(reflections + 16, &QR::v);
  y = memory_for(reflections + 16, &QR::y);
  q = {emitter_.scratch(items * q_columns * lead * kItem), q_columns, lead};
}

void QR::load(const Ref& x) {
  powers = emitter_.scratch(items * columns * kItem);
  bad = emitter_.scratch(items * strips * 4);
  emitter_.dispatch({"qr_layout.prepare", {}}, emitter_.row(items * strips), {read(x), write(s.ref), write(powers), write(bad)},
                    Words().u(rows).u(columns).u(lead).u(strips).u(items * strips), {.bytes = 2 * double(x.bytes) + double(s.ref.bytes)});
}

void QR::factor() {
  const int64_t tiles = divide_up(lead, 256), all = items * q.count * tiles;
  emitter_.dispatch({"qr_layout.ones", {}}, emitter_.row(all), {write(q.ref)}, Words().u(q.count).u(lead).u(tiles).u(all));
  const std::vector<Panel> list = panels();
  for (const Panel& panel : list) {
    reflect(panel);
    apply(panel, s, panel.first + panel.columns, y, v);
  }
  for (size_t i = list.size(); i-- > 0;) apply(list[i], q, list[i].first, v, y);
}

void QR::write_q(const Ref& out) { give(q, out, rows, q.count, false); }
void QR::write_r(const Ref& out) { give(s, out, q.count, columns, true); }

std::vector<QR::Panel> QR::panels() const {
  const int64_t reflections = std::min(rows, columns);
  std::vector<Panel> list;
  for (int64_t first = 0; first < reflections; first += list.back().columns) {
    const int64_t width = std::min<int64_t>(16, kMostKept / rows_of_a_thread(rows - first));
    list.push_back({first, std::min(width, reflections - first), width});
  }
  return list;
}

// V and Y of the panel, R in its place.
void QR::reflect(const Panel& panel) {
  const int64_t height = rows - panel.first;
  const uint32_t kept = uint32_t(rows_of_a_thread(height));
  emitter_.dispatch(
      {"qr_panel", {kept, uint32_t(panel.width)}}, emitter_.row(items), {update(s.ref), write(v.ref), write(y.ref)},
      Words().u(lead).u(rows).u(panel.first).u(items).u(panel.columns).u(s.bytes()).u(v.bytes()),
      {.flops = double(items) * 6 * double(height * panel.width * panel.width), .bytes = double(items * height * panel.width * 4 * kItem)});
}

// x -= q p^T x for the columns of x from `from` on.
void QR::apply(const Panel& panel, const Columns& x, int64_t from, const Columns& p, const Columns& by) {
  const int64_t count = x.count - from, height = lead - panel.first, groups = divide_up(count, 128 / panel.width);
  if (count <= 0) return;
  emitter_.dispatch(
      {"qr_apply", {uint32_t(panel.width)}}, emitter_.row(items * groups),
      {update(x.from(from, panel.first)), read(p.from(panel.first, panel.first)), read(by.from(panel.first, panel.first))},
      Words().u(lead).u(height / 4).u(count).u(groups).u(items * groups).u(x.bytes()).u(p.bytes()),
      {.flops = double(items) * 4 * double(height * count * panel.width), .bytes = double(items * height * count * 2 * kItem)});
}

void QR::give(const Columns& from, const Ref& out, int64_t out_rows, int64_t out_columns, bool triangle) {
  const int64_t across = divide_up(out_columns, kTile), tiles = across * divide_up(out_rows, kTile);
  emitter_.dispatch({"qr_layout.finish", {triangle}}, emitter_.row(items * tiles), {read(from.ref), write(out), read(powers), read(bad)},
                    Words().u(out_rows).u(out_columns).u(lead).u(from.bytes()).u(from.count).u(strips).u(across).u(tiles).u(items * tiles),
                    {.bytes = 2 * double(out.bytes)});
}

void lower_qr(Emitter& emitter) {
  const auto [items, m, n] = batch_of(emitter.plan().inputs[0]);
  QR qr(emitter, items, m, n, emitter.plan().outputs[0].type.shape.back());
  if (items == 0) return;
  qr.load(emitter.input(0));
  qr.factor();
  qr.write_q(emitter.output(0));
  qr.write_r(emitter.output(1));
}

}  // namespace mlxc::vulkan
