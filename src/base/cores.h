// The CPU quota of control groups, apart from available_cores() so that tests can bring their own files.
#pragma once

#include <string>
#include <string_view>

namespace mlxc {

// The smallest CPU quota on the way from the process's group to the root, in cores (1.5 = one and a half), or 0 for none.
// membership: the text of /proc/self/cgroup. mount: where the hierarchy is mounted, /sys/fs/cgroup.
double cgroup_quota(std::string_view membership, const std::string& mount);

}  // namespace mlxc
