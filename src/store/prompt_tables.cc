#include "store/prompt_tables.h"

#include <fmt/format.h>

#include "core/unit_address.h"

namespace actogram {
namespace {

enum PromptColumn : size_t {
  kPrompt,
  kPublished,
  kFirstSample,
  kNSamples,
  kActivations,
  kRepresentation,
  kActiveUnits
};
enum SampleColumn : size_t { kToken, kUnits, kValues, kActivation };

constexpr size_t kSampleBytesPerBatch = 4 << 20;

uint8_t code_of(std::optional<Compression> compression) {
  return compression ? static_cast<uint8_t>(*compression) : 0;
}

std::optional<Compression> compression_at(uint8_t code, const char* column, uint64_t row) {
  if (code == 0) return std::nullopt;
  for (const Compression compression : kCompressions) {
    if (static_cast<uint8_t>(compression) == code) return compression;
  }
  fail(Code::corrupt, "{}: row {}: {} is {}; expected 0 to 6", prompts_table().file, row, column,
       code);
}

}  // namespace

PromptWriter::PromptWriter(const std::string& folder)
    : prompts_(folder + "/" + prompts_table().file, prompts_table().columns),
      samples_(folder + "/" + sampled_positions_table().file, sampled_positions_table().columns) {}

void PromptWriter::add_prompt(const PromptRow& prompt) {
  Prompts& rows = prompt_rows_;
  if (rows.prompt.values.size() >= kTextPerBatch) flush_prompts();
  rows.prompt.add({prompt.prompt.data(), prompt.prompt.size()});
  rows.published.push_back(prompt.published ? 1 : 0);
  rows.first_sample.push_back(n_samples_);
  rows.n_samples.push_back(0);
  rows.activations.push_back(code_of(prompt.activations));
  rows.representation.push_back(code_of(prompt.representation));
  rows.active_units.add(prompt.active_units);
}

void PromptWriter::add_sample(const SampleRow& sample) {
  Samples& rows = sample_rows_;
  ++prompt_rows_.n_samples.back();
  ++n_samples_;
  rows.token.push_back(sample.token);
  rows.units.add(sample.units);
  rows.values.add(sample.values);
  rows.activation.add(sample.activation);
  const size_t n_bytes = rows.activation.values.size() * sizeof(float) +
                         rows.values.values.size() * (sizeof(double) + sizeof(uint32_t));
  if (n_bytes >= kSampleBytesPerBatch || rows.token.size() == kRowsPerBatch) flush_samples();
}

void PromptWriter::flush_prompts() {
  const Prompts& rows = prompt_rows_;
  if (rows.published.empty()) return;
  const ColumnData columns[] = {Strings{rows.prompt.lists()},
                                std::span<const uint8_t>(rows.published),
                                std::span<const uint64_t>(rows.first_sample),
                                std::span<const uint32_t>(rows.n_samples),
                                std::span<const uint8_t>(rows.activations),
                                std::span<const uint8_t>(rows.representation),
                                rows.active_units.lists()};
  prompts_.write(rows.published.size(), columns);
  prompt_rows_ = {};
}

void PromptWriter::flush_samples() {
  const Samples& rows = sample_rows_;
  if (rows.token.empty()) return;
  const ColumnData columns[] = {std::span<const uint32_t>(rows.token), rows.units.lists(),
                                rows.values.lists(), rows.activation.lists()};
  samples_.write(rows.token.size(), columns);
  sample_rows_ = {};
}

void PromptWriter::finish(StoredFiles& files) {
  flush_prompts();
  flush_samples();
  prompts_.finish();
  samples_.finish();
  files[prompts_table().file] = {prompts_.n_rows(), prompts_.n_bytes(), prompts_.checksum()};
  files[sampled_positions_table().file] = {samples_.n_rows(), samples_.n_bytes(),
                                           samples_.checksum()};
}

PromptTables::PromptTables(const std::string& folder)
    : prompts_(folder, prompts_table()), samples_(folder, sampled_positions_table()) {}

PromptRow PromptTables::prompt(uint64_t row) {
  const size_t i = prompts_.go_to(row);
  const TableBatch& batch = prompts_.batch();
  return {batch.strings(kPrompt)[i], batch.column<uint8_t>(kPublished)[i] != 0,
          compression_at(batch.column<uint8_t>(kActivations)[i], "activations", row),
          compression_at(batch.column<uint8_t>(kRepresentation)[i], "representation", row),
          batch.lists<uint32_t>(kActiveUnits)[i]};
}

PromptTables::Samples PromptTables::samples_of(uint64_t row) {
  const size_t i = prompts_.go_to(row);
  const Samples samples{prompts_.batch().column<uint64_t>(kFirstSample)[i],
                        prompts_.batch().column<uint32_t>(kNSamples)[i]};
  if (samples.first > n_samples() || samples.n > n_samples() - samples.first) {
    fail(Code::corrupt, "{}: row {}: {} samples from {}; there are {}", prompts_table().file, row,
         samples.n, samples.first, n_samples());
  }
  return samples;
}

SampleRow PromptTables::sample(uint64_t row) {
  const size_t i = samples_.go_to(row);
  const TableBatch& batch = samples_.batch();
  const SampleRow sample{batch.column<uint32_t>(kToken)[i], batch.lists<uint32_t>(kUnits)[i],
                         batch.lists<double>(kValues)[i], batch.lists<float>(kActivation)[i]};
  if (sample.units.size() != sample.values.size()) {
    fail(Code::corrupt, "{}: row {}: {} units and {} values", sampled_positions_table().file, row,
         sample.units.size(), sample.values.size());
  }
  return sample;
}

size_t published_site(const Manifest& manifest) {
  const auto layer = field<uint32_t>(manifest.options, "prompts_layer", kManifestFile);
  for (size_t s = 0; s < manifest.sites.size(); ++s) {
    const Site& site = manifest.sites[s];
    if (site.layer == layer && is_sparse_site(site.name)) return s;
  }
  fail(Code::corrupt, "{}: prompts_layer is {}, of which there is no SAE", kManifestFile, layer);
}

std::vector<std::string> problems_of(PromptTables& prompts, const CorpusTables& corpus,
                                     uint32_t n_units) {
  constexpr size_t kEnough = 20;
  std::vector<std::string> problems;
  const auto problem = [&](std::string text) {
    if (problems.size() < kEnough) problems.push_back(std::move(text));
  };
  if (prompts.n_prompts() != corpus.n_documents() || corpus.n_sequences() != corpus.n_documents()) {
    problem(fmt::format("{}: {} prompts for {} documents and {} sequences", prompts_table().file,
                        prompts.n_prompts(), corpus.n_documents(), corpus.n_sequences()));
    return problems;
  }
  uint64_t next = 0;
  for (uint64_t row = 0; row < prompts.n_prompts() && problems.size() < kEnough; ++row) {
    for (const uint32_t unit : prompts.prompt(row).active_units) {
      if (unit < n_units) continue;
      problem(fmt::format("prompt {}: unit {} is active; there are {}", row, unit, n_units));
      break;
    }
    const SequenceRow sequence = corpus.sequence(row);
    const auto [first, n] = prompts.samples_of(row);
    if (first != next) {
      problem(fmt::format("prompt {}: its samples begin at {}, expected {}", row, first, next));
    }
    for (next = first; next < first + n; ++next) {
      const SampleRow sample = prompts.sample(next);
      if (sample.token < sequence.first_token ||
          sample.token - sequence.first_token >= sequence.n_tokens) {
        problem(fmt::format("prompt {}: a sample at token {}, expected one of its own, {} to {}",
                            row, sample.token, sequence.first_token,
                            sequence.first_token + sequence.n_tokens));
      }
      for (const uint32_t unit : sample.units) {
        if (unit < n_units) continue;
        problem(fmt::format("sample {}: unit {}; there are {}", next, unit, n_units));
        break;
      }
    }
  }
  return problems;
}

}  // namespace actogram
