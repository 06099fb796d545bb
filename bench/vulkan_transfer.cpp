// Bytes between the host and a Vulkan device with memory of its own: through staging buffers, and straight from and to the caller's memory
// (VK_EXT_external_memory_host). bench_vulkan_transfer [device number]
// Decides from how many bytes on transfers import (kImportBytes in backend/vulkan/context.cpp). A device that shares the host's memory is
// treated as one that does not.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "backend/cpu/cpu_device.h"
#include "backend/vulkan/instance.h"
#include "backend/vulkan/open.h"
#include "base/error.h"

using namespace mlxc;
using Clock = std::chrono::steady_clock;

namespace {

constexpr int kSamples = 7;

template <class Body>
double seconds_of(Body&& body) {
  const auto start = Clock::now();
  body();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const size_t index = argc > 1 ? size_t(std::atoi(argv[1])) : 0;
    using vulkan::open_device;
    const auto staged = open_device(index, cpu_device(), {{.disable = "unified,external_host"}, {}});
    const auto imported = open_device(index, cpu_device(), {{.disable = "unified", .import_bytes = 1}, {}});
    if (!imported->context()->caps.external_host) fail(Status::unsupported, "the device does not import host memory");
    std::printf("%s\n%-10s %10s %14s %14s %10s\n", staged->description().c_str(), "", "MiB", "staged, GB/s", "imported, GB/s", "speed-up");
    for (size_t mib : {1, 4, 16, 64, 256, 1024}) {
      const size_t bytes = mib << 20;
      std::vector<std::byte> host(bytes + 16, std::byte{1});
      std::byte* const data = host.data() + 16;  // where malloc puts it: no whole pages
      vulkan::OpenDevice* const devices[2] = {staged.get(), imported.get()};
      StoragePtr storages[2];
      for (int i = 0; i < 2; ++i) storages[i] = devices[i]->allocator().allocate(bytes);
      for (const bool upload : {true, false}) {
        std::vector<double> times[2];
        for (int sample = -1; sample < kSamples; ++sample) {  // the first one warms up
          for (int i = 0; i < 2; ++i) {
            const double time = seconds_of([&] {
              if (upload)
                devices[i]->write(*storages[i], 0, data, bytes);
              else
                devices[i]->read(*storages[i], 0, data, bytes);
            });
            if (sample >= 0) times[i].push_back(time);
          }
        }
        const double speed[2] = {double(bytes) * 1e-9 / median(times[0]), double(bytes) * 1e-9 / median(times[1])};
        std::printf("%-10s %10zu %14.2f %14.2f %9.2fx\n", upload ? "upload" : "read-back", mib, speed[0], speed[1], speed[1] / speed[0]);
      }
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
