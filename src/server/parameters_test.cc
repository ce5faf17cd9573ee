#include "server/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "actogram/error.h"

namespace actogram {
namespace {

using testing::HasSubstr;

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid);
    return error.what();
  }
  return "no error";
}

Parameters one(const std::string& name, const std::string& value) {
  std::map<std::string, std::string, std::less<>> values;
  values[name] = value;
  return Parameters(std::move(values));
}

TEST(Parameters, WhatIsNotGivenHasItsStandard) {
  const Parameters none;
  EXPECT_EQ(none.text("q"), "");
  EXPECT_EQ(none.number("limit", 20, 1, 50), 20u);
  EXPECT_EQ(none.real("least"), std::nullopt);
  EXPECT_EQ(none.choice("order", std::array<std::string_view, 2>{"highest", "lowest"}), 0u);
}

TEST(Parameters, WhatIsGivenIsRead) {
  const Parameters given({{"limit", "50"}, {"least", "-1.5e-3"}, {"order", "lowest"}, {"q", ""}});
  EXPECT_EQ(given.number("limit", 20, 1, 50), 50u);
  EXPECT_EQ(given.real("least"), -1.5e-3);
  EXPECT_EQ(given.choice("order", std::array<std::string_view, 2>{"highest", "lowest"}), 1u);
  EXPECT_TRUE(given.has("q"));
}

TEST(Parameters, WhatCannotBeMeantIsAnErrorThatNamesIt) {
  for (const char* text : {"", "0", "51", "-1", " 5", "5x", "99999999999999999999", "0x10"}) {
    const Parameters given = one("limit", text);
    EXPECT_THAT(message_of([&] { given.number("limit", 20, 1, 50); }),
                HasSubstr("?limit: expected a number from 1 to 50, found"))
        << text;
  }
  for (const char* text : {"", "inf", "nan", "1,5", "1e999", "x"}) {
    const Parameters given = one("least", text);
    EXPECT_THAT(message_of([&] { given.real("least"); }), HasSubstr("?least: expected a number"))
        << text;
  }
  const Parameters given = one("order", "high");
  EXPECT_EQ(message_of([&] {
              given.choice("order", std::array<std::string_view, 2>{"highest", "lowest"});
            }),
            "?order: expected one of highest, lowest, found 'high'");
}

TEST(Parameters, OnlyKnownNamesPass) {
  const Parameters given({{"limit", "1"}, {"sort", "x"}});
  given.check("sort limit");
  given.check("limit other sort");
  EXPECT_EQ(message_of([&] { given.check("limit sor"); }),
            "?sort: there is no such parameter here; there are: limit sor");
  EXPECT_THAT(message_of([&] { given.check(""); }), HasSubstr("there are none"));
  Parameters().check("");
}

}  // namespace
}  // namespace actogram
