#include "formats/sae_event_pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include "store/event_index.h"
#include "store/event_writer.h"
#include "store/prompt_tables.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

constexpr size_t kShown = 5;

// A pair of a sampled position, as an event would have it.
struct Pair {
  uint32_t unit = 0;
  float value = 0;
};

class Pass {
 public:
  Pass(const SaeTablesFolder& tables, const PromptPass& prompts,
       const std::vector<EventLayer>& layers, const std::string& folder, ThreadPool& pool,
       const ProgressFn& progress)
      : tables_(tables),
        prompts_(prompts),
        layers_(layers),
        folder_(folder),
        pool_(pool),
        progress_(progress) {
    for (const EventLayer& layer : layers) {
      if (layer.layer == prompts.layer) first_unit_ = n_units_;
      n_units_ += layer.n_features;
    }
  }

  EventPass run() {
    write_rows();
    if (prompts_.has_table) {
      const EventIndex rows(folder_);
      compare(rows);
    }
    if (pass_.n_added > 0) write_again();
    find_known();
    return std::move(pass_);
  }

 private:
  auto naming() const {
    return [this](const Event& event) { return name_of(event.token, event.unit); };
  }
  EventSpace space() const { return {prompts_.n_tokens(), n_units_}; }

  std::string name_of(uint32_t token, uint32_t unit) const {
    const auto after = std::ranges::upper_bound(prompts_.first_token, uint64_t{token});
    const auto prompt = static_cast<size_t>(after - prompts_.first_token.begin()) - 1;
    const auto* layer = layers_.data();
    for (; unit >= layer->n_features; ++layer) unit -= layer->n_features;
    return fmt::format("prompt {}, position {}: feature {} of layer {}", prompts_.prompts[prompt],
                       token - prompts_.first_token[prompt], unit, layer->layer);
  }

  void write_rows() {
    EventWriter writer(folder_, space(), pool_.n_threads());
    writer.drop_repeated(naming());
    if (!tables_.activations.empty()) {
      progress_({"reading the events", 0, 0, 0, "events"});
      const EventScan numbers{.n_rows = 0,
                              .layers = layers_,
                              .prompts = prompts_.prompts,
                              .first_token = prompts_.first_token};
      pass_.left_out =
          EventFiles(tables_.activations)
              .read(numbers, pool_, [&](size_t thread, auto tokens, auto units, auto values) {
                writer.add(thread, tokens, units, values);
              });
    }
    pass_.files = writer.finish(pool_);
    pass_.n_repeated = writer.n_dropped();
  }

  // Calls `take(token, has_pairs, pairs)` for each sampled position; pairs by unit.
  template <typename Take>
  void for_each_sample(Take take) const {
    PromptTables tables(folder_);
    std::vector<Pair> pairs;
    for (uint64_t row = 0; row < tables.n_prompts(); ++row) {
      const bool has_pairs = tables.prompt(row).representation.has_value();
      const auto [first, n] = tables.samples_of(row);
      for (uint64_t i = first; i < first + n; ++i) {
        const SampleRow sample = tables.sample(i);
        pairs.clear();
        for (size_t k = 0; k < sample.units.size(); ++k) {
          pairs.push_back({static_cast<uint32_t>(first_unit_ + sample.units[k]),
                           static_cast<float>(sample.values[k])});
        }
        std::ranges::stable_sort(pairs, {}, &Pair::unit);
        take(sample.token, has_pairs, pairs);
      }
      if (row % 1024 == 0) {
        progress_({"comparing the tables", row, tables.n_prompts(), 0, "prompts"});
      }
    }
  }

  static bool is_event(float value) { return value != 0 && std::isfinite(value); }

  // Both are by unit.
  void compare(const EventIndex& rows) {
    for_each_sample([&](uint32_t token, bool has_pairs, const std::vector<Pair>& pairs) {
      if (!has_pairs) return;
      const TokenEvents events = rows.at_token(token);
      size_t e = 0, n_met = 0;
      for (size_t k = 0; k < pairs.size(); ++k) {
        if (!is_event(pairs[k].value)) {
          ++pass_.n_pairs_no_events;
          continue;
        }
        ++pass_.n_pairs;
        while (e < events.size() && events.unit(e) < pairs[k].unit) ++e;
        if (e == events.size() || events.unit(e) != pairs[k].unit) {
          ++pass_.n_added;
          continue;
        }
        if (k == 0 || pairs[k - 1].unit != pairs[k].unit) ++n_met;
        if (events.values()[e] != pairs[k].value) differ(token, pairs[k], events.values()[e]);
      }
      pass_.n_without_pair += events.size() - n_met;
    });
  }

  void differ(uint32_t token, const Pair& pair, float row) {
    if (++pass_.n_different > kShown) return;
    pass_.differences.push_back(fmt::format("{}: {} in {}, {} in {}", name_of(token, pair.unit),
                                            row, kFeatureActivations, pair.value, kPromptFeatures));
  }

  // The rows' events and the pairs that they lack.
  void write_again() {
    const std::string again = folder_ + "/again";
    fs::create_directories(again);
    {
      const EventIndex rows(folder_);
      EventWriter writer(again, space(), 1);
      writer.drop_repeated(naming());
      std::vector<uint32_t> tokens, units;
      for (uint64_t token = 0; token < rows.n_tokens(); ++token) {
        const TokenEvents events = rows.at_token(token);
        tokens.assign(events.size(), static_cast<uint32_t>(token));
        units.clear();
        for (size_t i = 0; i < events.size(); ++i) units.push_back(events.unit(i));
        writer.add(0, tokens, units, events.values());
      }
      for_each_sample([&](uint32_t token, bool, const std::vector<Pair>& pairs) {
        const TokenEvents events = rows.at_token(token);
        size_t e = 0;
        for (const Pair& pair : pairs) {
          while (e < events.size() && events.unit(e) < pair.unit) ++e;
          const bool there = e < events.size() && events.unit(e) == pair.unit;
          if (is_event(pair.value) && !there) {
            writer.add(0, {&token, 1}, {&pair.unit, 1}, {&pair.value, 1});
          }
        }
      });
      pass_.files = writer.finish(pool_);
    }
    for (const auto& [name, file] : pass_.files) {
      fs::rename(fs::path(again) / name, fs::path(folder_) / name);
    }
    fs::remove(again);
  }

  void find_known() {
    const EventIndex events(folder_);
    for (uint64_t token = 0; token < events.n_tokens(); ++token) {
      if (prompts_.sampled[token] || events.at_token(token).size() > 0) {
        pass_.known.push_back(static_cast<uint32_t>(token));
      }
    }
  }

  const SaeTablesFolder& tables_;
  const PromptPass& prompts_;
  const std::vector<EventLayer>& layers_;
  const std::string& folder_;
  ThreadPool& pool_;
  const ProgressFn& progress_;
  uint64_t first_unit_ = 0;  // of the layer of the table of prompts
  uint64_t n_units_ = 0;
  EventPass pass_;
};

}  // namespace

EventPass read_events(const SaeTablesFolder& tables, const PromptPass& prompts,
                      const std::vector<EventLayer>& layers, const std::string& folder,
                      ThreadPool& pool, const ProgressFn& progress) {
  return Pass(tables, prompts, layers, folder, pool, progress).run();
}

}  // namespace actogram
