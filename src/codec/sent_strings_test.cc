#include "codec/sent_strings.h"

#include <gtest/gtest.h>

#include <array>

#include "actogram/error.h"

namespace actogram {
namespace {

constexpr std::array<std::string_view, 2> kNames = {"label", "note"};

TEST(SentStrings, AreTheMembersThatWereSent) {
  EXPECT_TRUE(parse_sent_strings("{}", kNames).empty());
  const SentStrings sent =
      parse_sent_strings(R"( {"note": "a \"b\" é\n\u0000", "label": ""} )", kNames);
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent.at("note"), std::string("a \"b\" \xc3\xa9\n\0", 10));
  EXPECT_EQ(sent.at("label"), "");
}

TEST(SentStrings, AMistakeIsTheClients) {
  const std::string deep(2000, '[');
  for (const std::string_view body :
       {std::string_view(), std::string_view("[]"), std::string_view("null"), std::string_view("{"),
        std::string_view(R"({"label": 1})"), std::string_view(R"({"label": null})"),
        std::string_view(R"({"other": "x"})"), std::string_view("{\"label\": \"\xff\"}"),
        std::string_view(R"({"label": "\ud800"})"), std::string_view(deep)}) {
    try {
      parse_sent_strings(body, kNames);
      ADD_FAILURE() << body << " is taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::invalid) << body;
    }
  }
}

}  // namespace
}  // namespace actogram
