#include "formats/sae_tables_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>

#include "base/file.h"
#include "base/threads.h"
#include "codec/compression.h"
#include "codec/pair_lists.h"
#include "core/unit_address.h"
#include "formats/export_folder.h"
#include "formats/sae_card.h"
#include "formats/sae_documents.h"
#include "formats/sae_shards.h"
#include "formats/sae_tables_folder.h"
#include "store/explanation_store.h"
#include "store/explanation_tables.h"
#include "store/prompt_tables.h"
#include "store/recording.h"

namespace actogram {
namespace {

constexpr size_t kPromptsAtOnce = 64;  // packed by all threads
constexpr size_t kExamples = 8;        // of a feature

// A prompt on its way out: gathered one after another, packed on any thread.
struct OutgoingPrompt {
  std::string id, prompt;
  std::vector<int32_t> positions, active;
  std::vector<float> activations;
  PairLists pairs;
  std::optional<Compression> activations_packing, pairs_packing;
  std::string packed_activations, packed_pairs;
};

void pack(OutgoingPrompt& prompt) {
  if (prompt.activations_packing) {
    prompt.packed_activations = compress(std::as_bytes(std::span(prompt.activations)),
                                         *prompt.activations_packing, prompt.id);
  }
  if (!prompt.pairs_packing) return;
  std::string json = "[";
  for (size_t i = 0; i < prompt.pairs.size(); ++i) {
    const auto begin = static_cast<size_t>(prompt.pairs.offsets[i]);
    const size_t n = static_cast<size_t>(prompt.pairs.offsets[i + 1]) - begin;
    if (i > 0) json += ", ";
    append_json(std::span(prompt.pairs.numbers).subspan(begin, n),
                std::span(prompt.pairs.values).subspan(begin, n), json);
  }
  json += ']';
  prompt.packed_pairs = compress(std::as_bytes(std::span(json)), *prompt.pairs_packing, prompt.id);
}

class SaeTablesExport {
 public:
  SaeTablesExport(const ExportOptions& options, const std::string& folder,
                  const ProgressFn& progress)
      : recording_(options.recording),
        manifest_(recording_.manifest()),
        site_(chosen_site(options)),
        documents_(options.recording, manifest_),
        folder_(folder),
        progress_(progress),
        pool_(std::max(1U, std::thread::hardware_concurrency())) {
    for (size_t s = 0; s < site_; ++s) first_unit_ += manifest_.sites[s].n_units;
  }

  ExportReport run(const ExportOptions& options) {
    ExportReport report;
    write_events(report);
    const uint64_t n_prompts = write_prompts(report);
    write_inputs(report);
    const uint64_t n_explanations = write_explanations(report);
    const Json imported = manifest_.provenance.value("imported", Json::object());
    const std::string published = imported.value("card", Json::object()).value("license", "");
    write_file_atomically(
        folder_ + "/README.md",
        text_of({.manifest = manifest_,
                 .site = manifest_.sites[site_],
                 .n_events = report.n_rows,
                 .n_prompts = n_prompts,
                 .n_explanations = n_explanations,
                 .license = options.license.empty() ? published : options.license}));
    return report;
  }

 private:
  bool has(const TableSpec& table) const { return manifest_.files.contains(table.file); }
  bool published() const { return has(prompts_table()); }

  void check_events() const {
    if (recording_.events() != nullptr) return;
    fail(Code::invalid,
         "{}: no SAE was recorded: record --sae, or import a data set of SAE "
         "activations",
         recording_.path());
  }

  // That the table of prompts is of.
  size_t chosen_site(const ExportOptions& options) const {
    check_events();
    const auto sparse = manifest_.sparse_sites();
    if (!options.site.empty()) {
      const size_t site = find_site(manifest_.sites, options.site);
      if (is_sparse_site(manifest_.sites[site].name)) return site;
      fail(Code::invalid, "--site {}: not an SAE's", options.site);
    }
    const size_t first = manifest_.sites.size() - sparse.size();
    if (published()) return published_site(manifest_);
    if (sparse.size() == 1) return first;
    fail(Code::invalid, "{}: {} SAEs; choose one with --site, for example {}", recording_.path(),
         sparse.size(), short_site_name(sparse.front().name));
  }

  // Calls `take(feature, value)` for the events of a token at a site, features ascending.
  template <typename Take>
  void for_each_event(uint64_t token, uint64_t first_unit, const Site& site, Take take) const {
    const TokenEvents events = recording_.events()->at_token(token);
    for (size_t i = 0; i < events.size(); ++i) {
      const uint64_t unit = events.unit(i);
      if (unit < first_unit || unit - first_unit >= site.n_units) continue;
      take(static_cast<uint32_t>(unit - first_unit), events.values()[i]);
    }
  }

  // Of an imported data set those of all layers.
  void write_events(ExportReport& report) {
    FeatureActivationRows rows(folder_ + "/" + kFeatureActivations);
    for (size_t d = 0; d < documents_.size(); ++d) {
      const std::string id = documents_.id(d);
      for (uint64_t token = documents_.first_token(d); token < documents_.end_token(d); ++token) {
        const auto position = static_cast<uint32_t>(token - documents_.first_token(d));
        uint64_t first_unit = 0;
        for (size_t s = 0; s < manifest_.sites.size(); ++s) {
          const Site& site = manifest_.sites[s];
          if (s == site_ || published()) {
            for_each_event(token, first_unit, site, [&](uint32_t feature, float value) {
              rows.add(site.layer, feature, value, id, position);
            });
          }
          first_unit += site.n_units;
        }
      }
      if (d % 256 == 0) tell("writing the events", d, documents_.size(), "prompts");
    }
    rows.finish();
    report.n_rows = rows.shards().n_rows();
    report.n_bytes += rows.shards().n_bytes();
  }

  uint64_t write_prompts(ExportReport& report) {
    std::optional<PromptTables> tables;
    if (published()) tables.emplace(recording_.path());
    PromptFeatureRows rows(folder_ + "/" + kPromptFeatures, manifest_.sites[site_].layer);
    std::vector<OutgoingPrompt> batch;
    const auto flush = [&] {
      pool_.parallel_for(batch.size(), [&](size_t i, size_t) { pack(batch[i]); });
      for (const OutgoingPrompt& prompt : batch) {
        rows.add({prompt.id, prompt.prompt, prompt.positions,
                  prompt.activations_packing ? &prompt.packed_activations : nullptr,
                  prompt.pairs_packing ? &prompt.packed_pairs : nullptr, prompt.active});
      }
      batch.clear();
    };
    for (size_t d = 0; d < documents_.size(); ++d) {
      auto prompt = tables ? published_prompt(*tables, d) : recorded_prompt(d);
      if (prompt) batch.push_back(std::move(*prompt));
      if (batch.size() < kPromptsAtOnce) continue;
      flush();
      tell("writing the prompts", d, documents_.size(), "prompts");
    }
    flush();
    rows.finish();
    report.n_bytes += rows.shards().n_bytes();
    return rows.shards().n_rows();
  }

  // As it came in; nothing where only events named it.
  std::optional<OutgoingPrompt> published_prompt(PromptTables& tables, size_t document) const {
    const PromptRow row = tables.prompt(document);
    if (!row.published) return std::nullopt;
    OutgoingPrompt prompt{.id = documents_.id(document),
                          .prompt = std::string(row.prompt),
                          .positions = {},
                          .active = {row.active_units.begin(), row.active_units.end()},
                          .activations = {},
                          .pairs = {},
                          .activations_packing = row.activations,
                          .pairs_packing = row.representation,
                          .packed_activations = {},
                          .packed_pairs = {}};
    const auto [first, n] = tables.samples_of(document);
    for (uint64_t i = first; i < first + n; ++i) {
      const SampleRow sample = tables.sample(i);
      prompt.positions.push_back(
          static_cast<int32_t>(sample.token - documents_.first_token(document)));
      const auto append = [](auto& to, auto from) {
        to.insert(to.end(), from.begin(), from.end());
      };
      append(prompt.activations, sample.activation);
      append(prompt.pairs.numbers, sample.units);
      append(prompt.pairs.values, sample.values);
      prompt.pairs.offsets.push_back(static_cast<int64_t>(prompt.pairs.values.size()));
    }
    return prompt;
  }

  // From the events: every token that was decomposed.
  std::optional<OutgoingPrompt> recorded_prompt(size_t document) const {
    OutgoingPrompt prompt;
    prompt.id = documents_.id(document);
    prompt.prompt = documents_.text(document);
    prompt.pairs_packing = Compression::zlib;
    const KnownTokens known = recording_.token_lists().known(site_);
    const uint64_t first = documents_.first_token(document);
    for (uint64_t token = first; token < documents_.end_token(document); ++token) {
      if (known.count(token, token + 1) == 0) continue;
      prompt.positions.push_back(static_cast<int32_t>(token - first));
      for_each_event(token, first_unit_, manifest_.sites[site_],
                     [&](uint32_t feature, float value) {
                       prompt.pairs.numbers.push_back(feature);
                       prompt.pairs.values.push_back(value);
                       prompt.active.push_back(static_cast<int32_t>(feature));
                     });
      prompt.pairs.offsets.push_back(static_cast<int64_t>(prompt.pairs.values.size()));
    }
    std::ranges::sort(prompt.active);
    const auto repeats = std::unique(prompt.active.begin(), prompt.active.end());
    prompt.active.erase(repeats, prompt.active.end());
    return prompt;
  }

  void write_inputs(ExportReport& report) {
    ExplanationInputRows rows(folder_ + "/" + kExplanationInputs);
    if (has(explanation_inputs_table())) {
      ExplanationInputs inputs(recording_.path());
      for (uint64_t i = 0; i < inputs.n_rows(); ++i) {
        const ExplanationInput input = inputs.row(i);
        rows.add(input.unit, input.rank, input.text, input.value, input.position);
      }
    } else {
      for (uint32_t feature = 0; feature < manifest_.sites[site_].n_units; ++feature) {
        int64_t rank = 0;
        for (const UnitEvent& peak : strongest(feature)) {
          const size_t document = documents_.document_of(peak.token);
          rows.add(feature, ++rank, documents_.text(document), peak.value,
                   static_cast<int64_t>(peak.token - documents_.first_token(document)));
        }
        if (feature % 256 == 0) {
          tell("finding the examples", feature, manifest_.sites[site_].n_units, "latents");
        }
      }
    }
    rows.finish();
    report.n_bytes += rows.shards().n_bytes();
  }

  // The first of the highest values of each document, of the documents where it is highest.
  std::vector<UnitEvent> strongest(uint32_t feature) const {
    std::vector<UnitEvent> peaks;  // by document, then the best
    uint64_t end = 0;              // of the document of the last one
    const auto higher = [](const UnitEvent& a, const UnitEvent& b) {
      return a.value != b.value ? a.value > b.value : a.token < b.token;
    };
    for (const UnitEvents::Piece& piece :
         recording_.events()->of_unit(first_unit_ + feature).pieces) {
      for (size_t i = 0; i < piece.tokens.size(); ++i) {
        if (peaks.empty() || piece.tokens[i] >= end) {
          end = documents_.end_token(documents_.document_of(piece.tokens[i]));
          peaks.push_back({piece.tokens[i], piece.values[i]});
        } else if (piece.values[i] > peaks.back().value) {
          peaks.back() = {piece.tokens[i], piece.values[i]};
        }
      }
    }
    const size_t n = std::min(kExamples, peaks.size());
    std::ranges::partial_sort(peaks, peaks.begin() + static_cast<ptrdiff_t>(n), higher);
    peaks.resize(n);
    return peaks;
  }

  // Those of the data set, and what `actogram explain` made of the site's latents.
  uint64_t write_explanations(ExportReport& report) {
    ExplanationRows rows(folder_ + "/" + kExplanations);
    if (has(explanations_table())) {
      const Explanations explanations(recording_.path());
      explanations.for_each([&](const Explanation& explanation) {
        rows.add(explanation.unit, explanation.explanation, explanation.concept_label);
      });
    }
    if (std::filesystem::exists(ExplanationStore::path_for(recording_.path()))) {
      const ExplanationStore store(recording_.path(), Database::Mode::read);
      for (const StoredExplanation& e : store.explanations()) {
        if (e.unit.site != manifest_.sites[site_].name) continue;
        std::optional<std::string_view> label;
        if (!e.concept_label.empty()) label = e.concept_label;
        rows.add(e.unit.index, e.text, label);
      }
    }
    rows.finish();
    report.n_bytes += rows.shards().n_bytes();
    return rows.shards().n_rows();
  }

  void tell(std::string_view phase, uint64_t done, uint64_t total, std::string_view unit) const {
    progress_({phase, done, total, 0, unit});
  }

  Recording recording_;
  const Manifest& manifest_;
  size_t site_;
  SaeDocuments documents_;
  const std::string& folder_;
  const ProgressFn& progress_;
  ThreadPool pool_;
  uint64_t first_unit_ = 0;
};

}  // namespace

ExportReport export_sae_tables(const ExportOptions& options, const ProgressFn& progress) {
  return write_export(options.folder, [&](const std::string& in) {
    return SaeTablesExport(options, in, progress).run(options);
  });
}

}  // namespace actogram
