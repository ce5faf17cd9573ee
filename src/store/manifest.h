// manifest.json: what a recording is, and the commit of writing one. A folder without it is no
// recording. Everything a reader must know beforehand is a field; the rest (model, corpus, options,
// provenance) travels as JSON for people and programs to read.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actogram/types.h"
#include "codec/json.h"
#include "core/unit_record.h"
#include "store/corpus_tables.h"
#include "store/unit_tables.h"

namespace actogram {

// What an import can tell of a model's units; a recording of ours has everything.
enum class Holds : uint8_t {
  everything,
  classes,       // the sign classes of our own export, exactly; perhaps a corpus
  class_shares,  // those of a data set that others made; perhaps a corpus
  samples,       // sampled values and nothing else; perhaps a corpus
  records,       // moments and published excerpts; no counts, minima or histograms
};

struct Manifest {
  Json model;       // name, architecture, file, sha256, file_type, n_layers, n_vocab, metadata
  Json corpus;      // sources and counts
  Json options;     // what shapes the numbers: context, long_documents, bos, ...
  Json provenance;  // program, command, simd, shards: what does not shape them
  std::vector<Site> sites;    // dense ones first, of these attention heads last
  Json saes = Json::array();  // of each sparse site: site, weights, sha256, format, kind, sizes
  CollateOptions collate;
  std::optional<GateFunction> gate_function;  // of gated neurons whose sign classes are recorded
  bool refactor_glu = false;                  // what GluSigns::recorded means
  StoredFiles files;
  Holds holds = Holds::everything;

  // Of the corpus; nullopt where an imported data set does not say.
  std::optional<uint64_t> n_tokens() const;
  uint64_t n_units() const;
  // Those whose every value was collated, and then those of which events are kept.
  std::span<const Site> dense_sites() const;
  std::span<const Site> token_sites() const;  // dense ones without attention heads
  std::span<const Site> sparse_sites() const;
  bool has_corpus() const;
  bool has_units() const { return holds == Holds::everything || holds == Holds::records; }
  ClassesOf classes_of() const { return gate_function ? ClassesOf::units : ClassesOf::nothing; }
  bool has_weights() const { return files.contains(weights_table().file); }
  bool has_samples() const { return files.contains(samples_table().file); }
  bool has_attributions() const { return files.contains(attributions_table().file); }
  bool has_heads() const { return token_sites().size() < dense_sites().size(); }
  bool has_explanations() const { return files.contains(scored_explanations_table().file); }
  bool has_events() const { return files.contains(unit_events_table().file); }
};

// Whether events of this unit, by its row, are attributed to keys (attributions.arrow).
bool is_attributed(const Manifest& manifest, uint64_t unit_row);

Json to_json(const StoredFiles& files);
StoredFiles files_from_json(const Json& json);

std::string_view name_of(GateFunction function);  // "silu"
Json to_json(const CollateOptions& options);

std::string to_text(const Manifest& manifest);
// Error{unsupported} for a newer format, Error{corrupt} where a field is missing or of another
// kind.
Manifest parse_manifest(std::string_view text, const std::string& path);

}  // namespace actogram
