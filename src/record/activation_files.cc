#include "record/activation_files.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "actogram/error.h"

namespace actogram {
namespace {

constexpr uint64_t kTokensOfPart = 16'384;

using Ids = std::vector<std::vector<int32_t>>;

Ids next_batch(const ActivationPart& part, size_t& next, const CorpusTables& corpus,
               const ActivationSource& source) {
  Ids batch;
  size_t n_rows = 0;
  for (; next < part.sequences.size(); ++next) {
    const SequenceRow row = corpus.sequence(part.sequences[next]);
    n_rows += source.rows_of(row.n_tokens);
    if (n_rows > source.batch_rows() && !batch.empty()) break;
    auto& ids = batch.emplace_back();
    for (const Token& token : corpus.tokens(row)) ids.push_back(token.id);
  }
  return batch;
}

void write_rows(const SiteValues& values, const Ids& batch, size_t width, FileWriter& file) {
  for (size_t s = 0; s < batch.size(); ++s) {
    for (size_t i = 0; i < batch[s].size(); ++i) {
      const std::span<const float> row(values.row(values.first_row[s] + i), width);
      if (std::ranges::all_of(row, [](float x) { return std::isfinite(x); })) {
        file.write(std::as_bytes(row));
      }
    }
  }
}

}  // namespace

std::vector<ActivationPart> plan_parts(const CorpusTables& corpus,
                                       std::span<const uint32_t> sequences,
                                       const std::string& folder, const std::string& name) {
  std::vector<ActivationPart> parts;
  for (const uint32_t s : sequences) {
    const uint32_t n_tokens = corpus.sequence(s).n_tokens;
    if (parts.empty() || parts.back().n_tokens + n_tokens > kTokensOfPart) {
      parts.push_back({.path = fmt::format("{}/{}.{}", folder, name, parts.size())});
    }
    parts.back().sequences.push_back(s);
    parts.back().n_tokens += n_tokens;
  }
  return parts;
}

void ensure_part(const ActivationPart& part, const CorpusTables& corpus, ActivationSource& source) {
  if (std::filesystem::exists(part.path)) return;
  const size_t width = source.sites().at(0).n_units;
  const std::string beside = part.path + ".new";
  FileWriter file(beside);
  for (size_t next = 0; next < part.sequences.size();) {
    const Ids batch = next_batch(part, next, corpus, source);
    const std::vector<std::span<const int32_t>> tokens(batch.begin(), batch.end());
    source.run(tokens, [&](const SiteValues& values) { write_rows(values, batch, width, file); });
  }
  file.finish();
  rename_durably(beside, part.path);
}

ActivationRows::ActivationRows(std::span<const ActivationPart> parts, size_t width)
    : width_(width), first_row_{0} {
  for (const ActivationPart& part : parts) {
    files_.emplace_back(part.path);
    first_row_.push_back(first_row_.back() +
                         files_.back().bytes().size() / (width * sizeof(float)));
  }
}

std::span<const float> ActivationRows::row(size_t i) const {
  const auto after = std::ranges::upper_bound(first_row_, i);
  const auto part = static_cast<size_t>(after - first_row_.begin()) - 1;
  const auto* rows = reinterpret_cast<const float*>(files_[part].bytes().data());
  return {rows + (i - first_row_[part]) * width_, width_};
}

}  // namespace actogram
