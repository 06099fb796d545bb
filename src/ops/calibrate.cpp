#include "ops/calibrate.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/json.h"
#include "graph/function.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/linalg.h"
#include "ops/matmul.h"

namespace mlxc {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kVersion = 2, kMostFileBytes = 1 << 20;

// The median over as many calls as fit a fifth of a second, at least five; the first one is not counted.
template <class Call>
double seconds_of(Call&& call) {
  std::vector<double> times;
  call();
  for (const auto begin = Clock::now();
       times.size() < 5 || (times.size() < 1000 && Clock::now() - begin < std::chrono::milliseconds(200));) {
    const auto start = Clock::now();
    call();
    times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + long(times.size() / 2), times.end());
  return times[times.size() / 2];
}

Array filled(Device& device, const Shape& shape) {
  return Array::from_vector<float>(device, std::vector<float>(size_t(element_count(shape)), 0.5f), shape, DType::f32);
}

double seconds_of_function(const Array& input, const Array& output) {
  const Function function = Function::capture({input}, {output});
  return seconds_of([&] { function.run({input}); });
}

struct Figure {
  const char* name;
  double DeviceCosts::*value;
  double least, most;
};
constexpr Figure kFigures[] = {{"launch_seconds", &DeviceCosts::launch, 1e-9, 10},
                               {"bytes_per_second", &DeviceCosts::bytes, 1e3, 1e15},
                               {"flops_per_second", &DeviceCosts::flops, 1e3, 1e18},
                               {"factorization_column_seconds", &DeviceCosts::step, 1e-12, 10},
                               {"factorization_flops_per_second", &DeviceCosts::factor, 1e3, 1e18},
                               {"transfer_seconds", &DeviceCosts::transfer, 1e-9, 10},
                               {"transfer_bytes_per_second", &DeviceCosts::transfer_bytes, 1e3, 1e15}};

// QR of two sizes: seconds of a column are `step` and what its share of the arithmetic takes.
void measure_factorizations(Device& device, DeviceCosts& costs) {
  constexpr double kSmall = 64, kLarge = 256, kWork = 8.0 / 3;  // operations, times the cube of the size
  auto seconds_of_column = [&](double size) {
    const Array x = matmul(filled(device, {int64_t(size), 1}), filled(device, {1, int64_t(size)})),
                ones = eye(device, int64_t(size), int64_t(size), 0, DType::f32);
    const Array matrix = x + ones;
    eval({matrix});
    const linalg::QR parts = linalg::qr(matrix, false);
    const Function function = Function::capture({matrix}, {parts.q, parts.r});
    return seconds_of([&] { function.run({matrix}); }) / size;
  };
  const double small = seconds_of_column(kSmall), large = seconds_of_column(kLarge);
  const double slope = std::max(large - small, large / 100) / (kLarge * kLarge - kSmall * kSmall);
  costs.factor = std::min(kWork / slope, costs.flops);
  costs.step = std::max(small - kSmall * kSmall * kWork / costs.factor, small / 100);
}

}  // namespace

DeviceCosts measure_costs(Device& device) {
  DeviceCosts costs;
  const Array small = filled(device, {16}), large = filled(device, {4 << 20}), square = filled(device, {768, 768});
  costs.launch = seconds_of_function(small, small + 1.0);
  const double stream = seconds_of_function(large, large + 1.0);
  costs.bytes = 2 * double(large.bytes()) / std::max(stream - costs.launch, stream / 10);
  const double product = seconds_of_function(square, matmul(square, square));
  costs.flops = 2 * std::pow(768.0, 3) / std::max(product - costs.launch, product / 10);
  measure_factorizations(device, costs);
  // Both ways, as data that visits a device goes.
  std::vector<std::byte> host(size_t(large.bytes()));
  auto there_and_back = [&](const Array& array) {
    return seconds_of([&] {
             device.write(*array.storage(), 0, host.data(), size_t(array.bytes()));
             device.read(*array.storage(), 0, host.data(), size_t(array.bytes()));
           }) /
           2;
  };
  costs.transfer = std::max(there_and_back(small), 1e-9);
  const double copy = there_and_back(large);
  costs.transfer_bytes = double(large.bytes()) / std::max(copy - costs.transfer, copy / 10);
  return costs;
}

std::string costs_to_json(const std::vector<MeasuredDevice>& devices) {
  Json list = Json::array();
  for (const MeasuredDevice& device : devices) {
    Json entry{{"name", device.name}, {"description", device.description}};
    for (const Figure& figure : kFigures) entry[figure.name] = device.costs.*figure.value;
    list.push_back(std::move(entry));
  }
  return Json{{"version", kVersion}, {"devices", list}}.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<MeasuredDevice> costs_from_json(const std::string& path) {
  JsonLimits limits;
  limits.bytes = kMostFileBytes;
  const JsonObject file = JsonObject::read(path, limits);
  if (const int64_t version = file.get<int64_t>("version"); version != kVersion)
    fail(Status::format, path, ": version ", version, ", expected ", kVersion, "; mlxc calibrate writes it anew");
  std::vector<MeasuredDevice> devices;
  for (const JsonObject& entry : file.objects("devices")) {
    MeasuredDevice device{entry.get<std::string>("name"), entry.get<std::string>("description"), {}};
    for (const Figure& figure : kFigures) {
      const double value = entry.get<double>(figure.name);
      if (!(value >= figure.least && value <= figure.most))
        fail(Status::format, entry.where(), ": \"", figure.name, "\" is ", value, ", expected ", figure.least, " to ", figure.most);
      device.costs.*figure.value = value;
    }
    devices.push_back(std::move(device));
  }
  return devices;
}

}  // namespace mlxc
