#include "base/cache_folder.h"

#include <sys/stat.h>

#include <cstdlib>

namespace mlxc {

std::optional<std::string> cache_folder() {
  auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  if (std::string own = variable("MLXC_CACHE_DIR"); !own.empty()) return own;
  if (std::string shared = variable("XDG_CACHE_HOME"); shared.starts_with('/')) return shared + "/mlxc";
  if (std::string home = variable("HOME"); home.starts_with('/')) return home + "/.cache/mlxc";
  return std::nullopt;
}

void make_folders(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != path.npos; slash = path.find('/', slash + 1)) mkdir(path.substr(0, slash).c_str(), 0700);
  mkdir(path.c_str(), 0700);
}

}  // namespace mlxc
