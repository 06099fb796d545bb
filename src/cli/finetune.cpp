// mlxc merge: what adapters are made of and end in.
#include "commands.h"
#include "session.h"

namespace cli {

int merge(const Arguments& arguments) {
  CommonFlags common;
  std::string output;
  Flags flags("merge", "Adds a LoRA adapter to the weights of its model and writes the result as a model folder.");
  flags.text(&output, "--output -o", "FOLDER", "where the merged model goes; not the model's own folder");
  common.declare(flags);
  if (!flags.parse(arguments)) return 0;
  if (common.adapter.empty()) throw UsageError("--adapter is missing: name the folder of a LoRA adapter");
  if (output.empty()) throw UsageError("--output is missing: name the folder of the merged model");
  const Handle<mlxc_device> device = open_device(common);
  call(mlxc_adapter_merge, device.get(), common.model_path().c_str(), common.adapter.c_str(), output.c_str());
  return 0;
}

}  // namespace cli
