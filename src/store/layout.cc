#include "store/layout.h"

#include "core/exact_sum.h"
#include "core/head_record.h"

namespace actogram {

using enum ColumnType;

const TableSpec& documents_table() {
  static const TableSpec table{"documents.arrow",
                               {{"document", u64},  // its number in the whole corpus
                                {"source", u32},    // index into the manifest's corpus.sources
                                {"ordinal", u64},   // its number in that source
                                {"name", utf8},
                                {"text", bytes},
                                {"n_invalid_bytes", u64}}};
  return table;
}

const TableSpec& sequences_table() {
  static const TableSpec table{"sequences.arrow",
                               {{"document_row", u64},  // row of documents.arrow
                                {"chunk", u32},         // 0 for the document's first sequence
                                {"first_token", u64},   // row of tokens.arrow
                                {"n_tokens", u32},
                                {"key", u64}}};  // what sampling draws by
  return table;
}

const TableSpec& tokens_table() {
  static const TableSpec table{"tokens.arrow",
                               {{"id", i32}, {"begin", u64}, {"end", u64}}};  // bytes of the text
  return table;
}

const TableSpec& units_table() {
  static const TableSpec table{"units.arrow",
                               {{"site", utf8},
                                {"unit", u32},
                                {"count", u64},
                                {"n_nan", u64},
                                {"n_infinite", u64},
                                {"n_positive", u64},
                                {"mean", f64},
                                {"variance", f64},
                                {"skewness", f64},
                                {"kurtosis", f64},
                                {"min", f32},
                                {"max", f32},
                                {"min_sequence", u32},
                                {"min_position", u32},
                                {"max_sequence", u32},
                                {"max_position", u32},
                                {"first_peak", u64},  // row of peaks.arrow
                                {"n_peaks", u32},
                                {"power_sums", fixed_bytes, 4 * ExactSum::kLimbs * 8}}};
  return table;
}

const TableSpec& histograms_table() {
  static const TableSpec table{"histograms.arrow",
                               {{"value_bins", list_u16},
                                {"value_counts", list_u64},
                                {"maximum_bins", list_u16},
                                {"maximum_counts", list_u64}}};
  return table;
}

const TableSpec& peaks_table() {
  static const TableSpec table{"peaks.arrow",
                               {{"groups", u16},  // bits of Group
                                {"sequence", u32},
                                {"position", u32},
                                {"value", f32},
                                {"rank", u32},
                                {"window_begin", u32},
                                {"window", list_f32}}};
  return table;
}

const TableSpec& classes_table() {
  static const TableSpec table{"classes.arrow",
                               {{"count", u64},
                                {"hook_post_mean", f64},
                                {"hook_pre_linear_mean", f64},
                                {"hook_pre_mean", f64},
                                {"swish_mean", f64},
                                {"sums", fixed_bytes, 4 * ExactSum::kLimbs * 8},
                                {"hook_post_values", list_f32},
                                {"hook_post_sequences", list_u32},
                                {"hook_post_positions", list_u32},
                                {"hook_pre_linear_values", list_f32},
                                {"hook_pre_linear_sequences", list_u32},
                                {"hook_pre_linear_positions", list_u32},
                                {"hook_pre_values", list_f32},
                                {"hook_pre_sequences", list_u32},
                                {"hook_pre_positions", list_u32},
                                {"swish_values", list_f32},
                                {"swish_sequences", list_u32},
                                {"swish_positions", list_u32}}};
  return table;
}

const TableSpec& weights_table() {
  static const TableSpec table{"weights.arrow",
                               {{"norm_gate", f64},
                                {"norm_in", f64},
                                {"norm_out", f64},
                                {"cos_gate_in", f64},
                                {"cos_gate_out", f64},
                                {"cos_in_out", f64},
                                {"sign", i32}}};
  return table;
}

const TableSpec& shares_table() {
  static const TableSpec table{"class_shares.arrow",
                               {{"share", f32},
                                {"hook_post_mean", f32},
                                {"hook_pre_linear_mean", f32},
                                {"hook_pre_mean", f32},
                                {"swish_mean", f32},
                                {"hook_post_values", list_f32},
                                {"hook_post_rows", list_u32},
                                {"hook_pre_linear_values", list_f32},
                                {"hook_pre_linear_rows", list_u32},
                                {"hook_pre_values", list_f32},
                                {"hook_pre_rows", list_u32},
                                {"swish_values", list_f32},
                                {"swish_rows", list_u32}}};
  return table;
}

const TableSpec& samples_table() {
  static const TableSpec table{
      "samples.arrow",
      {{"hook_post", list_f32}, {"hook_pre", list_f32}, {"hook_pre_linear", list_f32}}};
  return table;
}

const TableSpec& sample_places_table() {
  static const TableSpec table{"sample_places.arrow", {{"position", u32}}};
  return table;
}

const TableSpec& heads_table() {
  static const TableSpec table{"heads.arrow",
                               {{"n_queries", u64},
                                {"entropy", f64},
                                {"self", f64},
                                {"previous", f64},
                                {"first", f64},
                                {"n_repeats", u64},
                                {"induction", f64},
                                {"distance_pattern", list_f64},
                                {"distance_value", list_f64},
                                {"first_peak", u64},  // row of head_peaks.arrow
                                {"n_peaks", u32},
                                {"sums", fixed_bytes, kNumHeadSums * ExactSum::kLimbs * 8}}};
  return table;
}

const TableSpec& head_peaks_table() {
  static const TableSpec table{"head_peaks.arrow",
                               {{"groups", u16},  // bits of Group
                                {"sequence", u32},
                                {"query", u32},
                                {"key", u32},
                                {"value", f32},
                                {"rank", u32},
                                {"window_begin", u32},
                                {"n", u32},                 // tokens in the window
                                {"pattern", list_f32},      // n (n + 1) / 2
                                {"key_norms", list_f32}}};  // n, or none
  return table;
}

const TableSpec& unit_events_table() {
  static const TableSpec table{"unit_events.arrow",
                               {{"token", u32},  // row of tokens.arrow
                                {"value", f32}}};
  return table;
}

const TableSpec& unit_spans_table() {
  static const TableSpec table{"unit_spans.arrow",
                               {{"first_event", u64},  // row of unit_events.arrow
                                {"n_events", u32},
                                {"sum", f64},
                                {"sum_of_squares", f64}}};
  return table;
}

const TableSpec& token_events_table() {
  static const TableSpec table{"token_events.arrow",
                               {{"unit", u16},  // the lower 16 bits of the row of units.arrow
                                {"unit_high", u8},
                                {"value", f32}}};
  return table;
}

const TableSpec& token_spans_table() {
  static const TableSpec table{"token_spans.arrow",
                               {{"first_event", u32}}};  // row of the batch of token_events.arrow
  return table;
}

const TableSpec& attributions_table() {
  static const TableSpec table{"attributions.arrow", {{"keys", list_f32}}};
  return table;
}

const TableSpec& sampled_tokens_table() {
  static const TableSpec table{"sampled_tokens.arrow", {{"token", u32}}};  // row of tokens.arrow
  return table;
}

const TableSpec& unknown_tokens_table() {
  static const TableSpec table{"unknown_tokens.arrow",
                               {{"site", u32},     // index into the manifest's sites
                                {"token", u32}}};  // row of tokens.arrow
  return table;
}

const TableSpec& prompts_table() {
  static const TableSpec table{"prompts.arrow",
                               {{"prompt", bytes},
                                {"published", u8},
                                {"first_sample", u64},  // row of sampled_positions.arrow
                                {"n_samples", u32},
                                {"activations", u8},  // a Compression, or 0
                                {"representation", u8},
                                {"active_units", list_u32}}};
  return table;
}

const TableSpec& sampled_positions_table() {
  static const TableSpec table{"sampled_positions.arrow",
                               {{"token", u32},  // row of tokens.arrow
                                {"units", list_u32},
                                {"values", list_f64},
                                {"activation", list_f32}}};
  return table;
}

const TableSpec& explanation_inputs_table() {
  static const TableSpec table{
      "explanation_inputs.arrow",
      {{"unit", u32}, {"rank", i64}, {"text", bytes}, {"value", f64}, {"position", i64}}};
  return table;
}

const TableSpec& explanations_table() {
  static const TableSpec table{
      "explanations.arrow",
      {{"unit", u32}, {"explanation", bytes}, {"concept", bytes}, {"nulls", u8}}};
  return table;
}

const TableSpec& published_records_table() {
  static const TableSpec table{"published_records.arrow",
                               {{"published", u8},
                                {"n_buckets", i32},  // -1: null
                                {"boundaries", list_f64},
                                {"forms", bytes}}};  // a ValueForm for each peak
  return table;
}

const TableSpec& published_values_table() {
  static const TableSpec table{"published_values.arrow",
                               {{"peak", u64},  // row of peaks.arrow
                                {"values", list_f64}}};
  return table;
}

const TableSpec& scored_explanations_table() {
  static const TableSpec table{"scored_explanations.arrow",
                               {{"unit", u64},  // row of units.arrow
                                {"explanation", bytes},
                                {"score", f64},
                                {"simulation", bytes}}};  // JSON
  return table;
}

}  // namespace actogram
