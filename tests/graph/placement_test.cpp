// Where graphs run whose device leaves that open: only on devices that are there.
#include "graph/placement.h"

#include <gtest/gtest.h>

#include "backend/null/null_device.h"
#include "graph/array.h"
#include "graph/function.h"
#include "ops/elementwise.h"

namespace mlxc {
namespace {

class Losable : public NullDevice {
 public:
  explicit Losable(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  bool lost() const override { return gone; }
  bool gone = false;

 private:
  std::string name_;
};

// A home where everything is slow, and a device beside it that is worth every copy.
class PlacementTest : public testing::Test {
 protected:
  void SetUp() override {
    const DeviceCosts slow{.launch = 1, .bytes = 1, .flops = 1, .step = 1, .factor = 1, .transfer = 1, .transfer_bytes = 1};
    const DeviceCosts fast{1e-9, 1e12, 1e12, 1e-9, 1e12, 1e-9, 1e12};
    set_placement(home_, {{&home_, slow}, {&away_, fast}});
  }
  void TearDown() override { set_placement(home_, {}); }

  Losable home_{"home"}, away_{"away"};
};

TEST_F(PlacementTest, LostDevicesAreLeftOut) {
  const Array x = Array::placeholder(home_, {1000}, DType::f32), y = unary(UnaryOp::exp, x);
  const Graph graph = trace({y}, {x}, {}).graph;
  EXPECT_EQ(place(graph).device, &away_);
  away_.gone = true;
  const Placement stayed = place(graph);
  EXPECT_EQ(stayed.device, &home_);
  EXPECT_NE(stayed.reason.find("away is lost"), std::string::npos) << stayed.reason;
}

// What was planned for a device goes on at home once that is lost.
TEST_F(PlacementTest, FunctionsComeHomeFromALostDevice) {
  const Array x = Array::placeholder(home_, {1000}, DType::f32);
  const Function function = Function::capture({x}, {unary(UnaryOp::exp, x)});
  const Array values = Array::from_vector(home_, std::vector<float>(1000, 1), {1000}, DType::f32);
  function.run({values});
  EXPECT_EQ(away_.take_launches().size(), 1u);
  EXPECT_TRUE(home_.take_launches().empty());
  away_.gone = true;
  function.run({values});
  EXPECT_TRUE(away_.take_launches().empty());
  EXPECT_EQ(home_.take_launches().size(), 1u);
}

}  // namespace
}  // namespace mlxc
