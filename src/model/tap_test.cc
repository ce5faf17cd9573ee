#include "model/tap.h"

#include <ggml.h>
#include <gtest/gtest.h>

namespace actogram {
namespace {

constexpr int32_t kNeeded = GGML_TENSOR_FLAG_COMPUTE;

ggml_tensor node(ggml_op op) {
  ggml_tensor tensor = {};
  tensor.op = op;
  tensor.flags = kNeeded;
  return tensor;
}

// A tap that wants nothing has everything after the first node that it is shown.
struct Done {
  explicit Done(Tap::Stop stop) {
    tap.start(sink, stop);
    ggml_tensor first = node(GGML_OP_GLU);
    EXPECT_FALSE(asks(first));
    shows(first);
  }
  bool asks(ggml_tensor& tensor) { return Tap::on_eval(&tensor, true, &tap); }
  bool shows(ggml_tensor& tensor) { return Tap::on_eval(&tensor, false, &tap); }

  Tap::Sink sink = [](size_t, const Tapped&) {};
  Tap tap{{}, Tap::Gates::no};
};

TEST(Tap, PassesOverProductsOnTheWayToAnAbort) {
  Done done(Tap::Stop::abort);
  EXPECT_TRUE(Tap::aborted(&done.tap));
  ggml_tensor product = node(GGML_OP_MUL_MAT);
  EXPECT_TRUE(done.asks(product));
  EXPECT_EQ(product.flags, 0) << "it is not computed";
  EXPECT_TRUE(done.shows(product)) << "the graph goes on";
  EXPECT_EQ(product.flags, kNeeded) << "the graph is used again";
  ggml_tensor sum = node(GGML_OP_ADD);
  EXPECT_TRUE(done.asks(sum));
  EXPECT_EQ(sum.flags, kNeeded) << "an abort is noticed after a node that was computed";
  EXPECT_FALSE(done.shows(sum)) << "where nobody polls for an abort, the split ends here";
}

TEST(Tap, RefusesTheFirstNodeOfEachSplitThatIsLeft) {
  Done done(Tap::Stop::split);
  EXPECT_FALSE(Tap::aborted(&done.tap));
  ggml_tensor product = node(GGML_OP_MUL_MAT);
  EXPECT_TRUE(done.asks(product));
  EXPECT_EQ(product.flags, kNeeded);
  EXPECT_FALSE(done.shows(product));
}

}  // namespace
}  // namespace actogram
