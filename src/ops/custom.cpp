#include "ops/custom.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/error.h"

namespace mlxc {
namespace {

constexpr size_t kMostOperands = 16, kLongestName = 31, kLongestSource = size_t{1} << 20;

void check_name(const std::string& name, const char* of) {
  const bool letters = std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  if (name.empty() || name.size() > kLongestName || !letters || std::isdigit(static_cast<unsigned char>(name[0])))
    fail(Status::invalid_argument, "\"", name, "\" is no name for ", of, ": up to ", kLongestName,
         " letters, digits and _ are, not beginning with a digit");
  if (name.rfind("gl_", 0) == 0 || name.rfind("mlxc_", 0) == 0 || name.find("__") != std::string::npos || name == "main")
    fail(Status::invalid_argument, "\"", name, "\" as a name for ", of, " is reserved");
}

}  // namespace

void check(const CustomKernel& kernel) {
  check_name(kernel.name, "a kernel");
  if (kernel.outputs.empty()) fail(Status::invalid_argument, "kernel ", kernel.name, " has no output");
  if (kernel.inputs.size() + kernel.outputs.size() > kMostOperands)
    fail(Status::invalid_argument, "kernel ", kernel.name, " has ", kernel.inputs.size() + kernel.outputs.size(),
         " inputs and outputs, at most ", kMostOperands, " are possible");
  std::set<std::string> seen;
  for (const std::vector<std::string>* names : {&kernel.inputs, &kernel.outputs})
    for (const std::string& name : *names) {
      check_name(name, names == &kernel.inputs ? "an input" : "an output");
      if (!seen.insert(name).second) fail(Status::invalid_argument, "kernel ", kernel.name, " has two operands named \"", name, "\"");
    }
  if (kernel.source.empty() || kernel.source.size() > kLongestSource)
    fail(Status::invalid_argument, "kernel ", kernel.name, " has a source of ", kernel.source.size(), " bytes; 1 to ", kLongestSource,
         " are possible");
  for (uint32_t size : kernel.group)
    if (size < 1 || size > 1024)
      fail(Status::invalid_argument, "kernel ", kernel.name, " has a workgroup of ", size, " along an axis; 1 to 1024 are possible");
}

Arrays custom(Device& device, const CustomKernelPtr& kernel, const Arrays& inputs, const std::vector<TensorType>& types,
              const Dims& threads) {
  if (inputs.size() != kernel->inputs.size() || types.size() != kernel->outputs.size())
    fail(Status::invalid_argument, "kernel ", kernel->name, " takes ", kernel->inputs.size(), " inputs and gives ", kernel->outputs.size(),
         " outputs, not ", inputs.size(), " and ", types.size());
  if (threads.rank() != 3) fail(Status::invalid_argument, "kernel ", kernel->name, " needs a count of threads along x, y and z");
  for (int64_t count : threads)
    if (count < 1)
      fail(Status::invalid_argument, "kernel ", kernel->name, " is asked to run ", count, " threads along an axis, at least 1 is needed");
  return apply_all(std::make_shared<const Custom>(kernel, types, threads), inputs, &device);
}

}  // namespace mlxc
