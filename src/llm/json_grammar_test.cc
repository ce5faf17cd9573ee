#include "llm/json_grammar.h"

#include <gtest/gtest.h>

#include "actogram/error.h"

namespace actogram {
namespace {

std::string root_of(const char* schema) {
  const std::string grammar = json_grammar(parse_json(schema, "test"));
  return grammar.substr(0, grammar.find('\n'));
}

// What llama.cpp makes of them is explain/local_model_test.cc.
TEST(JsonGrammar, IsWhatTheSchemaSays) {
  EXPECT_EQ(root_of(R"({"type": "string"})"), "root ::= string");
  EXPECT_EQ(root_of(R"({"enum": [0, 1, "a\"b"]})"), R"(root ::= ("0" | "1" | "\"a\\\"b\""))");
  EXPECT_EQ(root_of(R"({"type": "array", "items": {"type": "integer"}, "minItems": 3,
                        "maxItems": 3})"),
            R"(root ::= "[" integer ("," sp integer){2} "]")");
  EXPECT_EQ(root_of(R"({"type": "array", "items": {"enum": [7]}, "minItems": 1, "maxItems": 1})"),
            R"(root ::= "[" ("7") "]")");
  EXPECT_EQ(root_of(R"({"type": "object", "properties": {"a": {"type": "string"},
                        "b c": {"type": "integer"}}, "required": ["a", "b c"],
                        "additionalProperties": false})"),
            R"(root ::= "{" "\"a\"" ":" sp string "," sp "\"b c\"" ":" sp integer "}")");
}

TEST(JsonGrammar, RefusesWhatItDoesNotKnow) {
  for (const char* schema :
       {"{}", "[]", "null", R"({"type": "number"})", R"({"enum": []})",
        R"({"type": "array", "items": {"type": "string"}})",
        R"({"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2})",
        R"({"type": "array", "items": {"type": "string"}, "minItems": 0, "maxItems": 0})",
        R"({"type": "object", "properties": {}})",
        R"({"type": "object", "properties": {"a": {"type": "string"}}})",
        R"({"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"]})"}) {
    EXPECT_THROW(json_grammar(parse_json(schema, "test")), Error) << schema;
  }
}

}  // namespace
}  // namespace actogram
