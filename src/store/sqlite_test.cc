#include "store/sqlite.h"

#include <gtest/gtest.h>

#include <utility>

#include "actogram/error.h"
#include "base/temporary_folder_test.h"

namespace actogram {
namespace {

class KeptStatements : public ::testing::Test {
 protected:
  KeptStatements() { database_.run("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)"); }

  void add(int64_t a, std::string_view b) {
    Statement(database_, "INSERT INTO t VALUES (?, ?)", a, b).run();
  }

  testing::TemporaryFolder folder_;
  Database database_{folder_.path("x.sqlite"), Database::Mode::write};
};

constexpr const char* kAll = "SELECT a FROM t ORDER BY a";

TEST_F(KeptStatements, BeginAnew) {
  add(1, "one"), add(2, "two");
  for (int round = 0; round < 3; ++round) {
    Statement rows(database_, kAll);
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.integer(0), 1) << "whatever row the last one ended at";
  }
}

TEST_F(KeptStatements, ForgetTheirParameters) {
  constexpr const char* kEcho = "SELECT ?";
  Statement first(database_, kEcho, "said before");
  { const Statement done = std::move(first); }
  Statement silent(database_, kEcho);
  ASSERT_TRUE(silent.next());
  EXPECT_EQ(silent.text(0), "");
}

TEST_F(KeptStatements, OfOneTextAreApart) {
  add(1, "one"), add(2, "two");
  Statement outer(database_, kAll);
  ASSERT_TRUE(outer.next());
  {
    Statement inner(database_, kAll);
    ASSERT_TRUE(inner.next());
    ASSERT_TRUE(inner.next());
    EXPECT_EQ(inner.integer(0), 2);
  }
  EXPECT_EQ(outer.integer(0), 1);
  ASSERT_TRUE(outer.next());
  EXPECT_EQ(outer.integer(0), 2);
}

TEST_F(KeptStatements, OutliveAFailure) {
  add(1, "one");
  EXPECT_THROW(add(1, "again"), Error);
  EXPECT_NO_THROW(add(2, "two"));
}

}  // namespace
}  // namespace actogram
