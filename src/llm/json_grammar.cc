#include "llm/json_grammar.h"

#include <string_view>

namespace actogram {
namespace {

constexpr std::string_view kTerminals = R"gbnf(
sp ::= " "?
integer ::= "-"? ("0" | [1-9] [0-9]{0,14})
string ::= "\"" char* "\""
char ::= [^"\\\x00-\x1F\x7F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})
)gbnf";

[[noreturn]] void refuse(const Json& schema) {
  fail(Code::unsupported, "no grammar is known for the schema {}", to_text(schema));
}

// A GBNF string that stands for `text`.
std::string literal(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string rule_of(const Json& schema);

std::string one_of(const Json& values) {
  std::string rule;
  for (const Json& value : values) rule += (rule.empty() ? "" : " | ") + literal(to_text(value));
  return '(' + rule + ')';
}

std::string array_rule(const Json& schema) {
  const auto n = schema.find("minItems");
  if (!schema.contains("items") || n == schema.end() || !n->is_number_unsigned() ||
      schema.value("maxItems", Json()) != *n || *n == 0) {
    refuse(schema);
  }
  const std::string item = rule_of(schema["items"]);
  const auto more = n->get<uint64_t>() - 1;
  std::string rule = "\"[\" " + item;
  if (more > 0) rule += fmt::format(" (\",\" sp {}){{{}}}", item, more);
  return rule + " \"]\"";
}

std::string object_rule(const Json& schema) {
  const auto properties = schema.find("properties");
  if (properties == schema.end() || !properties->is_object() || properties->empty()) refuse(schema);
  Json names = Json::array();
  std::string rule = "\"{\"";
  for (const auto& [name, value] : properties->items()) {
    rule += fmt::format("{} {} \":\" sp {}", names.empty() ? "" : " \",\" sp",
                        literal(to_text(Json(name))), rule_of(value));
    names.push_back(name);
  }
  if (schema.value("required", Json()) != names) refuse(schema);
  return rule + " \"}\"";
}

std::string rule_of(const Json& schema) {
  if (!schema.is_object()) refuse(schema);
  if (schema.contains("enum") && schema["enum"].is_array() && !schema["enum"].empty()) {
    return one_of(schema["enum"]);
  }
  const Json type = schema.value("type", Json());
  if (type == "string" || type == "integer") return type.get<std::string>();
  if (type == "array") return array_rule(schema);
  if (type == "object") return object_rule(schema);
  refuse(schema);
}

}  // namespace

std::string json_grammar(const Json& schema) {
  return "root ::= " + rule_of(schema) + std::string(kTerminals);
}

}  // namespace actogram
