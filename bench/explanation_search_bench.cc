// explanation_search_bench: what does it cost to search published explanations where they lie, and
// what would an index of them cost?
//
//   explanation_search_bench [--explanations 100000] [--quoted 0.2] [--simulation 2000]
//                            [--rounds 9]
//
// A recording's table of explanations of some ten words, made here of 20,000 words as often as
// words are (Zipf), is searched as `actogram serve` does, and in an index of FTS5's over the same
// texts, of which the two must agree. `--quoted` of them hold curly quotes, so they are not ASCII;
// `--simulation` bytes of what was simulated lie between them. Printed for each: milliseconds to
// begin with (opening the table, making the index), of the first question, and of each question
// afterwards (median of the rounds, in turn).
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cmath>
#include <filesystem>
#include <optional>
#include <random>

#include "actogram/error.h"
#include "base/file.h"
#include "bench/measure.h"
#include "store/manifest.h"
#include "store/published_explanations.h"
#include "store/search_words.h"
#include "store/sqlite.h"

namespace actogram {
namespace {

struct Options {
  uint32_t explanations = 100'000;
  double quoted = 0.2;
  size_t simulation = 2000;
  int rounds = 9;
};

constexpr std::array kQuestions = {"w2", "w40", "w40 w2", "w15000", "“w300”", "nothing"};

// Word n stands for the n-th commonest.
std::string random_text(const Options& o, std::mt19937& random) {
  std::uniform_real_distribution<double> uniform;
  const bool quoted = uniform(random) < o.quoted;
  std::string text = "words";
  for (size_t n = 5 + random() % 10, i = 0; i < n; ++i) {
    const auto word = static_cast<uint32_t>(std::pow(20'000.0, uniform(random)));
    text += quoted && i == 0 ? fmt::format(" “w{}”", word) : fmt::format(" w{}", word);
  }
  return text;
}

std::vector<std::string> write_recording(const Options& o, const std::string& folder) {
  std::mt19937 random(1);
  std::vector<std::string> texts;
  const std::string simulation(o.simulation, 'x');
  ScoredExplanationWriter writer(folder, {});
  for (uint32_t unit = 0; unit < o.explanations; ++unit) {
    texts.push_back(random_text(o, random));
    writer.add(unit, {texts.back(), static_cast<double>(random() % 1000) / 1000, simulation});
  }
  Manifest manifest;
  manifest.holds = Holds::records;
  manifest.sites = {{"blocks.0.mlp.hook_post", 0, o.explanations}};
  writer.finish(manifest.files);
  write_file_atomically(folder + "/" + kManifestFile, to_text(manifest));
  return texts;
}

double make_index(const std::vector<std::string>& texts, Database& index) {
  return seconds_of([&] {
    index.run("CREATE VIRTUAL TABLE words USING fts5(explanation); BEGIN");
    for (const std::string& text : texts) {
      Statement(index, "INSERT INTO words VALUES (?)", text).run();
    }
    index.run("COMMIT");
  });
}

size_t ask(const Database& index, std::string_view question) {
  Statement rows(index, "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank",
                 quoted_words(question));
  size_t n = 0;
  while (rows.next()) ++n;
  return n;
}

void print_question(const Options& o, const PublishedExplanations& published, const Database& index,
                    const char* question) {
  std::vector<double> lying, indexed;
  size_t n = 0, n_indexed = 0;
  for (int round = 0; round < o.rounds; ++round) {
    lying.push_back(seconds_of([&] { n = published.search(question).size(); }));
    indexed.push_back(seconds_of([&] { n_indexed = ask(index, question); }));
  }
  if (n != n_indexed) fail(Code::corrupt, "{}: {} found, {} in the index", question, n, n_indexed);
  std::printf("%-10s %7zu found, where they lie %7.2f ms, in an index %7.2f ms\n", question, n,
              1e3 * median(lying), 1e3 * median(indexed));
}

int run(int argc, char** argv) {
  Options o;
  CLI::App app("What searching published explanations costs");
  app.add_option("--explanations", o.explanations)->capture_default_str();
  app.add_option("--quoted", o.quoted, "share that is not ASCII")->capture_default_str();
  app.add_option("--simulation", o.simulation, "bytes of each")->capture_default_str();
  app.add_option("--rounds", o.rounds)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  print_machine(argc, argv);
  namespace fs = std::filesystem;
  const fs::path folder = fs::temp_directory_path() / fmt::format("explanations.{}", ::getpid());
  fs::create_directories(folder);
  {
    const std::vector<std::string> texts = write_recording(o, folder);
    Database index((folder / "index.sqlite").string(), Database::Mode::write);
    const double making = make_index(texts, index);
    std::optional<PublishedExplanations> published;
    const double opening = seconds_of([&] { published.emplace(folder); });
    const double first = seconds_of([&] { published->search(kQuestions[0]); });
    std::printf("where they lie: opening %.2f ms, the first question %.2f ms\n", 1e3 * opening,
                1e3 * first);
    std::printf("an index: making it %.0f ms, %.1f MB\n", 1e3 * making,
                static_cast<double>(fs::file_size(folder / "index.sqlite")) / 1e6);
    for (const char* question : kQuestions) print_question(o, *published, index, question);
  }
  fs::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace actogram

int main(int argc, char** argv) {
  try {
    return actogram::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "explanation_search_bench: %s\n", error.what());
    return 1;
  }
}
