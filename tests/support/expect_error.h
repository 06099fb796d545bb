// An expected mlxc::Error: its status and what its message says.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace mlxc::test {

template <class Call>
void expect_error(Status status, const std::string& says, Call call) {
  try {
    call();
    ADD_FAILURE() << "no error, expected one that says " << says;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), status) << error.what();
    EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
  }
}

}  // namespace mlxc::test
