// events_bench: how fast are the events of sparse units imported and looked up?
//
//   events_bench EVENTS.parquet --folder OUT --features 5 17 ... --tokens PROMPT:POSITION ...
//                [--partners-of 3] [--look-ups 2000] [--threads N] [--memory-bytes N]
//
// Reads the table into the two indexes of events, then answers: all events of a feature, all
// features of a token, the top 10 of every feature, the partners of a feature. Times go to stdout
// as one JSON object; the answers go to OUT/answers/*.arrow, and bench/events_duckdb.py holds them
// against those of DuckDB, timed in the same run. The times of look-ups are of distinct features
// and tokens, drawn at random; every number of the answer is read.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <random>
#include <thread>

#include "codec/arrow_table.h"
#include "codec/json.h"
#include "formats/event_files.h"
#include "query/partners.h"
#include "store/event_check.h"
#include "store/event_index.h"
#include "store/event_writer.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTop = 10;

struct Options {
  std::vector<std::string> events;
  std::string folder = "events_bench.tmp";
  std::vector<uint64_t> features;
  std::vector<std::string> tokens;
  uint64_t partners_of = 0;
  size_t look_ups = 2000;
  size_t memory_bytes = EventWriter::kMemoryBytes;
  size_t threads = std::max(1u, std::thread::hardware_concurrency());
};

double seconds_of(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Median and 99th percentile in microseconds of doing each of `n` things once.
Json microseconds_each(size_t n, const auto& work) {
  std::vector<double> times(n);
  for (size_t i = 0; i < n; ++i) times[i] = 1e6 * seconds_of([&] { work(i); });
  std::ranges::sort(times);
  return {{"median", times[n / 2]}, {"p99", times[n * 99 / 100]}, {"max", times.back()}};
}

template <typename T>
std::span<const T> whole(const std::vector<T>& values) {
  return values;
}

void write_table(const std::string& path, const std::vector<ColumnSpec>& specs, size_t n,
                 const std::vector<ColumnData>& columns) {
  TableWriter table(path, specs);
  table.write(n, columns);
  table.finish();
}

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options), pool_(options.threads) {
    fs::remove_all(options_.folder);
    fs::create_directories(answers());
  }

  Json run() {
    import();
    const EventIndex index(options_.folder);
    if (const auto problems = problems_of(index); !problems.empty()) {
      fail(Code::corrupt, "{}", problems.front());
    }
    time_look_ups(index);
    answer_features(index);
    answer_tokens(index);
    answer_top(index);
    answer_partners(index);
    return times_;
  }

 private:
  using ColumnType::f32, ColumnType::f64, ColumnType::u32, ColumnType::u64;

  std::string answers() const { return options_.folder + "/answers"; }

  void import() {
    StoredFiles files;
    times_["import"] = seconds_of([&] {
      const EventFiles source(options_.events);
      times_["import_scan"] = seconds_of([&] { scan_ = source.scan(pool_); });
      EventWriter writer(options_.folder, {scan_.n_tokens(), scan_.n_units()}, pool_.n_threads(),
                         options_.memory_bytes);
      times_["import_read"] = seconds_of([&] {
        source.read(scan_, pool_, [&](size_t thread, auto tokens, auto units, auto values) {
          writer.add(thread, tokens, units, values);
        });
      });
      times_["import_write"] = seconds_of([&] { files = writer.finish(pool_); });
    });
    uint64_t n_bytes = 0;
    for (const auto& [name, file] : files) n_bytes += file.n_bytes;
    times_["events"] = scan_.n_rows;
    times_["tokens"] = scan_.n_tokens();
    times_["units"] = scan_.n_units();
    times_["bytes_per_event"] = static_cast<double>(n_bytes) / static_cast<double>(scan_.n_rows);
  }

  // Reads all of it, as a caller would.
  void time_look_ups(const EventIndex& index) {
    std::mt19937_64 random(1);
    std::vector<uint64_t> units(options_.look_ups), tokens(options_.look_ups);
    for (uint64_t& unit : units) unit = random() % index.n_units();
    for (uint64_t& token : tokens) token = random() % index.n_tokens();
    double sum = 0;
    times_["feature_us"] = microseconds_each(units.size(), [&](size_t i) {
      for (const auto& piece : index.of_unit(units[i]).pieces) {
        for (size_t j = 0; j < piece.tokens.size(); ++j) sum += piece.tokens[j] + piece.values[j];
      }
    });
    times_["token_us"] = microseconds_each(tokens.size(), [&](size_t i) {
      const TokenEvents found = index.at_token(tokens[i]);
      for (size_t j = 0; j < found.size(); ++j) sum += found.unit(j) + found.values()[j];
    });
    times_["sum"] = sum;  // so that none of it is left out
  }

  uint64_t token_of(const std::string& address) const {
    const size_t colon = address.rfind(':');
    const auto prompt = std::ranges::find(scan_.prompts, address.substr(0, colon));
    if (colon == std::string::npos || prompt == scan_.prompts.end()) {
      fail(Code::not_found, "{}: no such prompt", address);
    }
    return scan_.first_token[static_cast<size_t>(prompt - scan_.prompts.begin())] +
           std::stoull(address.substr(colon + 1));
  }

  // (prompt's number, position) of tokens, for comparing.
  struct Rows {
    std::vector<uint32_t> key, prompt, position;
    std::vector<float> value;
  };
  void add(Rows& rows, uint64_t key, const UnitEvent& event) const {
    const auto after = std::ranges::upper_bound(scan_.first_token, event.token);
    const auto prompt = static_cast<size_t>(after - scan_.first_token.begin()) - 1;
    rows.key.push_back(static_cast<uint32_t>(key));
    rows.prompt.push_back(static_cast<uint32_t>(prompt));
    rows.position.push_back(static_cast<uint32_t>(event.token - scan_.first_token[prompt]));
    rows.value.push_back(event.value);
  }
  void write(const std::string& name, const Rows& rows) const {
    write_table(answers() + "/" + name,
                {{"feature", u32}, {"prompt", u32}, {"position", u32}, {"value", f32}},
                rows.key.size(),
                {whole(rows.key), whole(rows.prompt), whole(rows.position), whole(rows.value)});
  }

  void answer_features(const EventIndex& index) const {
    Rows rows;
    for (const uint64_t feature : options_.features) {
      for (const auto& piece : index.of_unit(feature).pieces) {
        for (size_t i = 0; i < piece.tokens.size(); ++i) {
          add(rows, feature, {piece.tokens[i], piece.values[i]});
        }
      }
    }
    write("features.arrow", rows);
  }

  void answer_tokens(const EventIndex& index) const {
    Rows rows;
    for (const std::string& address : options_.tokens) {
      const uint64_t token = token_of(address);
      const TokenEvents found = index.at_token(token);
      for (size_t i = 0; i < found.size(); ++i) {
        add(rows, found.unit(i), {static_cast<uint32_t>(token), found.values()[i]});
      }
    }
    write("tokens.arrow", rows);
  }

  void answer_top(const EventIndex& index) {
    std::vector<std::vector<UnitEvent>> tops(index.n_units());
    constexpr size_t kUnits = 64;
    times_["top_10"] = seconds_of([&] {
      pool_.parallel_for((tops.size() + kUnits - 1) / kUnits, [&](size_t i, size_t) {
        for (size_t unit = i * kUnits; unit < std::min((i + 1) * kUnits, tops.size()); ++unit) {
          tops[unit] = index.top(unit, kTop);
        }
      });
    });
    Rows rows;
    for (size_t unit = 0; unit < tops.size(); ++unit) {
      for (const UnitEvent& event : tops[unit]) add(rows, unit, event);
    }
    write("top.arrow", rows);
  }

  void answer_partners(const EventIndex& index) {
    const std::vector<Site> sites = {
        {"blocks.0.hook_resid_post/sae:zipf", 0, static_cast<uint32_t>(index.n_units())}};
    std::vector<Partner> partners;
    times_["partners_of_events"] = index.span(options_.partners_of).n_events;
    times_["partners_ms"] = 1e3 * seconds_of([&] {
                              partners =
                                  partners_of({index, sites, TokenLists()}, options_.partners_of,
                                              PartnerOrder::together, SIZE_MAX);
                            });
    std::vector<uint64_t> unit, n_together;
    std::vector<double> jaccard, correlation;
    for (const Partner& partner : partners) {
      unit.push_back(partner.unit);
      n_together.push_back(partner.n_together);
      jaccard.push_back(partner.jaccard);
      correlation.push_back(partner.correlation);
    }
    write_table(answers() + "/partners.arrow",
                {{"feature", u64}, {"n_together", u64}, {"jaccard", f64}, {"correlation", f64}},
                unit.size(), {whole(unit), whole(n_together), whole(jaccard), whole(correlation)});
  }

  const Options& options_;
  ThreadPool pool_;
  EventScan scan_;
  Json times_;
};

}  // namespace
}  // namespace actogram

int main(int argc, char** argv) {
  using namespace actogram;
  Options options;
  CLI::App app("How fast are the events of sparse units imported and looked up?");
  app.add_option("events", options.events)->required();
  app.add_option("--folder", options.folder, "Overwritten");
  app.add_option("--features", options.features);
  app.add_option("--tokens", options.tokens);
  app.add_option("--partners-of", options.partners_of);
  app.add_option("--look-ups", options.look_ups);
  app.add_option("--memory-bytes", options.memory_bytes);
  app.add_option("--threads", options.threads);
  CLI11_PARSE(app, argc, argv);
  try {
    std::printf("%s\n", to_text(Bench(options).run()).c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "events_bench: %s\n", error.what());
    return 1;
  }
}
