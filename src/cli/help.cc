#include "cli/help.h"

namespace actogram {
namespace {

bool has_value(const CLI::Option* option) { return option->get_type_size() != 0; }

}  // namespace

HelpFormatter::HelpFormatter() {
  column_width(30);
  label("SUBCOMMAND", "VERB");
  label("Positionals", "Arguments");
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string name,
                                     CLI::AppFormatMode mode) const {
  const std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
  return CLI::detail::find_and_replace(text, "\n\n\n", "\n\n");
}

// A positional's name says what it is. Of "UINT:UINT in [1 - 5]", the rest is for error messages.
// "--a,--no-a{false}" in the library's words.
std::string HelpFormatter::make_option_name(const CLI::Option* option, bool is_positional) const {
  return CLI::detail::find_and_replace(CLI::Formatter::make_option_name(option, is_positional),
                                       "{false}", "");
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  if (option->get_positional() || !has_value(option)) return "";
  std::string type = option->get_type_name();
  type = type.substr(0, type.find(':'));
  if (type == "UINT" || type == "INT" || type == "FLOAT") type = "N";
  return " " + type;
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  std::string text = option->get_description();
  if (!has_value(option) || option->get_positional()) return text;
  if (option->get_required()) return text + " (required)";
  const std::string standard = option->get_default_str();
  return standard.empty() ? text : text + " (default: " + standard + ")";
}

void add_glu_signs(CLI::App& app, GluSigns& into) {
  app.add_flag_function(
      "--refactor-glu,!--no-refactor-glu",
      [&into](int64_t count) { into = count > 0 ? GluSigns::refactored : GluSigns::model; },
      "with w_in and w_out negated where w_gate and w_in point apart, or as the model has\n"
      "them (default: as the recording says)");
}

std::string usage_message(const CLI::App* app, const CLI::Error& error) {
  const auto verbs = app->get_subcommands();
  const std::string verb = verbs.empty() ? "" : " " + verbs.front()->get_name();
  return "actogram: " + std::string(error.what()) + "\nactogram" + verb + " --help tells more.\n";
}

}  // namespace actogram
