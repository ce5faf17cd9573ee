#include "formats/event_files.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <utility>

#include "actogram/error.h"
#include "codec/parquet_records.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

enum Column : size_t { kLayer, kFeature, kPrompt, kPosition, kValue };

// In the order of Column; scanning needs no values.
std::vector<RecordColumn> columns_of_scan() {
  return {{"layer_id", RecordKind::index},
          {"feature_id", RecordKind::index},
          {"prompt_id", RecordKind::name},
          {"token_position", RecordKind::index}};
}
std::vector<RecordColumn> columns_of_read() {
  std::vector<RecordColumn> columns = columns_of_scan();
  columns.push_back({"activation_value", RecordKind::number});
  return columns;
}

std::vector<std::string> files_of(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    const size_t n_before = files.size();
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.path().extension() == ".parquet") files.push_back(entry.path().string());
    }
    if (files.size() == n_before) fail(Code::not_found, "{}: no *.parquet files in it", path);
    std::sort(files.begin() + static_cast<ptrdiff_t>(n_before), files.end());
  }
  return files;
}

// Strings looked up by a view of one.
struct Hash {
  using is_transparent = void;  // NOLINT(readability-identifier-naming): the library's name
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
template <typename T>
using ByName = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

constexpr uint32_t kUnknown = UINT32_MAX;

// What is behind each code of a batch, looked up when a row first has the code.
template <typename LookUp>
class Codes {
 public:
  Codes(size_t n_codes, LookUp look_up) : known_(n_codes, kUnknown), look_up_(look_up) {}

  uint32_t operator[](uint32_t code) {
    uint32_t& known = known_[code];
    if (known == kUnknown) known = look_up_(code);
    return known;
  }

 private:
  std::vector<uint32_t> known_;
  LookUp look_up_;
};

// What one row group has; prompts in the order of their first rows.
struct Found {
  uint64_t n_rows = 0;
  std::map<uint32_t, uint32_t> n_features;  // [layer]
  std::vector<std::string> prompts;
  std::vector<uint64_t> n_tokens;  // [prompt]
};

Found scan_rows(ParquetRecords& rows) {
  Found found;
  ByName<uint32_t> numbers;
  while (rows.next()) {
    found.n_rows += rows.n_batch_rows();
    Codes prompts(rows.n_codes(kPrompt), [&](uint32_t code) {
      const std::string_view name = rows.name_of(kPrompt, code);
      const auto known = numbers.find(name);
      if (known != numbers.end()) return known->second;
      const auto number = static_cast<uint32_t>(found.prompts.size());
      numbers.emplace(found.prompts.emplace_back(name), number);
      found.n_tokens.push_back(0);
      return number;
    });
    const auto layers = rows.indices(kLayer), features = rows.indices(kFeature);
    const auto codes = rows.codes(kPrompt), positions = rows.indices(kPosition);
    for (size_t begin = 0, end = 0; begin < layers.size(); begin = end) {
      uint32_t highest = 0;
      for (; end < layers.size() && layers[end] == layers[begin]; ++end) {
        highest = std::max(highest, features[end]);
        uint64_t& n_tokens = found.n_tokens[prompts[codes[end]]];
        n_tokens = std::max(n_tokens, uint64_t{positions[end]} + 1);
      }
      if (highest == UINT32_MAX) fail(Code::unsupported, "feature {}: beyond any SAE", highest);
      uint32_t& n_features = found.n_features[layers[begin]];
      n_features = std::max(n_features, highest + 1);
    }
  }
  return found;
}

EventScan join(const std::vector<Found>& parts) {
  EventScan scan;
  std::map<uint32_t, uint32_t> n_features;
  ByName<size_t> numbers;
  std::vector<uint64_t> n_tokens;
  for (const Found& part : parts) {
    scan.n_rows += part.n_rows;
    for (const auto& [layer, n] : part.n_features) {
      n_features[layer] = std::max(n_features[layer], n);
    }
    for (size_t i = 0; i < part.prompts.size(); ++i) {
      const auto [known, is_new] = numbers.try_emplace(part.prompts[i], n_tokens.size());
      if (is_new) {
        scan.prompts.push_back(part.prompts[i]);
        n_tokens.push_back(0);
      }
      n_tokens[known->second] = std::max(n_tokens[known->second], part.n_tokens[i]);
    }
  }
  for (const auto& [layer, n] : n_features) scan.layers.push_back({layer, n});
  for (const uint64_t n : n_tokens) scan.first_token.push_back(scan.first_token.back() + n);
  return scan;
}

// The numbers that a scan gave out, for looking up.
class Numbers {
 public:
  explicit Numbers(const EventScan& scan) : scan_(scan) {
    for (uint32_t i = 0; i < scan.prompts.size(); ++i) prompts_.emplace(scan.prompts[i], i);
    uint64_t first_unit = 0;
    for (const EventLayer& layer : scan.layers) {
      first_units_.emplace(layer.layer, static_cast<uint32_t>(first_unit));
      first_unit += layer.n_features;
    }
  }

  uint32_t first_unit(uint32_t layer) const {
    const auto known = first_units_.find(layer);
    if (known == first_units_.end()) fail(Code::invalid, "layer {}: {}", layer, kChanged);
    return known->second;
  }
  uint32_t first_token(std::string_view prompt) const {
    const auto known = prompts_.find(prompt);
    if (known == prompts_.end()) fail(Code::invalid, "prompt {}: {}", prompt, kChanged);
    return static_cast<uint32_t>(scan_.first_token[known->second]);
  }

 private:
  static constexpr const char* kChanged = "was not there before: did another process write it?";

  const EventScan& scan_;
  ByName<uint32_t> prompts_;
  std::map<uint32_t, uint32_t> first_units_;
};

// A batch's events by their numbers.
struct Events {
  std::vector<uint32_t> tokens, units;
  std::vector<float> values;
  NoEvents left_out;

  void fill(const ParquetRecords& rows, const Numbers& numbers);

 private:
  bool is_event(float value) {
    if (std::isfinite(value) && value != 0) return true;
    if (value == 0) {
      ++left_out.n_zero;
    } else {
      ++(std::isnan(value) ? left_out.n_nan : left_out.n_infinite);
    }
    return false;
  }
};

void Events::fill(const ParquetRecords& rows, const Numbers& numbers) {
  Codes first_tokens(rows.n_codes(kPrompt), [&](uint32_t code) {
    return numbers.first_token(rows.name_of(kPrompt, code));
  });
  const auto layers = rows.indices(kLayer), features = rows.indices(kFeature);
  const auto codes = rows.codes(kPrompt), positions = rows.indices(kPosition);
  const auto found = rows.numbers(kValue);
  tokens.resize(found.size()), units.resize(found.size()), values.resize(found.size());
  size_t n = 0;
  for (size_t begin = 0, end = 0; begin < layers.size(); begin = end) {
    const uint32_t first_unit = numbers.first_unit(layers[begin]);
    for (; end < layers.size() && layers[end] == layers[begin]; ++end) {
      tokens[n] = first_tokens[codes[end]] + positions[end];
      units[n] = first_unit + features[end];
      values[n] = found[end];
      if (is_event(found[end])) ++n;
    }
  }
  tokens.resize(n), units.resize(n), values.resize(n);
}

}  // namespace

uint64_t EventScan::n_units() const {
  uint64_t n = 0;
  for (const EventLayer& layer : layers) n += layer.n_features;
  return n;
}

EventFiles::EventFiles(const std::vector<std::string>& paths) {
  for (const std::string& file : files_of(paths)) {
    const size_t n = ParquetRecords(file, columns_of_read()).n_row_groups();
    for (size_t row_group = 0; row_group < n; ++row_group) parts_.push_back({file, row_group});
  }
}

EventScan EventFiles::scan(ThreadPool& pool) const {
  std::vector<Found> found(parts_.size());
  pool.parallel_for(parts_.size(), [&](size_t part, size_t) {
    ParquetRecords rows(parts_[part].file, columns_of_scan());
    rows.seek(parts_[part].row_group);
    found[part] = scan_rows(rows);
  });
  return join(found);
}

NoEvents EventFiles::read(const EventScan& scan, ThreadPool& pool, const Take& take) const {
  if (scan.n_tokens() > UINT32_MAX || scan.n_units() > UINT32_MAX) {
    fail(Code::unsupported, "{} tokens and {} units: up to {} of each can be numbered",
         scan.n_tokens(), scan.n_units(), UINT32_MAX);
  }
  const Numbers numbers(scan);
  std::vector<Events> events(pool.n_threads());
  pool.parallel_for(parts_.size(), [&](size_t part, size_t thread) {
    ParquetRecords rows(parts_[part].file, columns_of_read());
    rows.seek(parts_[part].row_group);
    while (rows.next()) {
      events[thread].fill(rows, numbers);
      take(thread, events[thread].tokens, events[thread].units, events[thread].values);
    }
  });
  NoEvents left_out;
  for (const Events& of_thread : events) {
    left_out.n_zero += of_thread.left_out.n_zero;
    left_out.n_nan += of_thread.left_out.n_nan;
    left_out.n_infinite += of_thread.left_out.n_infinite;
  }
  return left_out;
}

}  // namespace actogram
