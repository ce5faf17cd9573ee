// The files of a recording and the columns of its tables. docs/format.md says what they mean and a
// test holds the two together; a change here that old readers cannot take raises kFormatVersion.
#pragma once

#include <string>
#include <vector>

#include "codec/arrow_table.h"

namespace actogram {

inline constexpr int kFormatVersion = 4;        // the newest that is read
inline constexpr int kDenseFormatVersion = 1;   // of a recording whose units are all dense
inline constexpr int kImportFormatVersion = 2;  // of one that lacks some of its tables
inline constexpr int kEventsFormatVersion = 3;  // of one with sparse units
inline constexpr int kHeadsFormatVersion = 4;   // of one with attention heads
inline constexpr const char* kManifestFile = "manifest.json";

// One table: its file and its columns.
struct TableSpec {
  const char* file;
  std::vector<ColumnSpec> columns;
};

// The corpus.
const TableSpec& documents_table();
const TableSpec& sequences_table();
const TableSpec& tokens_table();
// The units. All have one row a unit in the manifest's order of sites, but for `peaks`.
const TableSpec& units_table();
const TableSpec& histograms_table();
const TableSpec& peaks_table();
// Of gated neurons: four rows a unit, one for each sign class.
const TableSpec& classes_table();
// Of gated neurons whose model's weights were at hand.
const TableSpec& weights_table();
// Of neurons whose data set was published by others, instead of classes: also four rows a unit.
const TableSpec& shares_table();
// Of dense units: their values at one token of each of the first sequences, and where that is.
const TableSpec& samples_table();
const TableSpec& sample_places_table();
// Of attention heads: one row a head, and the excerpts kept of them.
const TableSpec& heads_table();
const TableSpec& head_peaks_table();
// Of sparse units: their events, unit by unit and token by token.
const TableSpec& unit_events_table();
const TableSpec& unit_spans_table();
const TableSpec& token_events_table();
const TableSpec& token_spans_table();
// Of SAEs that read what attention writes: the shares of keys in each event.
const TableSpec& attributions_table();
// Where sparse units' values are not known of every token: of which they are, of which they are
// not.
const TableSpec& sampled_tokens_table();
const TableSpec& unknown_tokens_table();
// Of a data set of SAE activations: what it says beyond its events.
const TableSpec& prompts_table();
const TableSpec& sampled_positions_table();
const TableSpec& explanation_inputs_table();
const TableSpec& explanations_table();
// Of a data set of NeuronRecords: what it says beyond units and peaks, and explanations with
// scores.
const TableSpec& published_records_table();
const TableSpec& published_values_table();
const TableSpec& scored_explanations_table();

inline constexpr size_t kUnitsPerBatch = 64;  // units, histograms, peaks, classes, shares, samples
inline constexpr size_t kHeadsPerBatch = 16;  // heads, head_peaks
inline constexpr size_t kRowsPerBatch = 1 << 16;    // sequences, tokens, weights, lists of tokens
inline constexpr size_t kTextPerBatch = 4 << 20;    // bytes of documents, or one document
inline constexpr size_t kEventsPerBatch = 1 << 17;  // unit_events
inline constexpr size_t kAttributionsPerBatch = 1 << 22;  // attributions: numbers and rows
inline constexpr size_t kTokensPerEventBatch = 1 << 14;   // token_events, token_spans

}  // namespace actogram
