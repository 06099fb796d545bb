// Where files that save work are kept between runs.
#pragma once

#include <optional>
#include <string>

namespace mlxc {

// MLXC_CACHE_DIR, else XDG_CACHE_HOME/mlxc, else ~/.cache/mlxc (the XDG base directory specification). Not made by this call.
std::optional<std::string> cache_folder();
// Makes the folder and those above it, with mode 0700, as far as they are missing and can be made.
void make_folders(const std::string& path);

}  // namespace mlxc
