// How --help looks: what a value is called, its default at the end of the line, no library's words.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Formatter.hpp>
#include <string>
#include <utility>
#include <vector>

#include "actogram/error.h"
#include "actogram/types.h"

namespace actogram {

class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter();
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

// What is wrong, and which --help to read.
std::string usage_message(const CLI::App* app, const CLI::Error& error);

// The flags --refactor-glu and --no-refactor-glu. `into` must outlive the parsing.
void add_glu_signs(CLI::App& app, GluSigns& into);

// An option whose value is one of a few words. `into` must outlive the parsing.
template <typename Enum>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Enum& into,
                        std::vector<std::pair<std::string, Enum>> choices,
                        const std::string& description) {
  std::string words, chosen;
  for (const auto& [word, value] : choices) {
    words += (words.empty() ? "" : "|") + word;
    if (value == into) chosen = word;
  }
  const auto parse = [name, words, &into, choices = std::move(choices)](const std::string& text) {
    for (const auto& [word, value] : choices) {
      if (word == text) {
        into = value;
        return;
      }
    }
    fail(Code::invalid, "{} {}: write one of {}", name, text, words);
  };
  return app.add_option_function<std::string>(name, parse, description)
      ->type_name(words)
      ->default_str(chosen);
}

}  // namespace actogram
