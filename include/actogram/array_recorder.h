// Records values that the caller has computed: hooks of a PyTorch model, vLLM, a file of arrays.
//
//   ArrayRecorder recorder({.output = "mine.acto", .sites = {{"blocks.0.mlp.hook_post", 0,
//   3072}}}); recorder.add_document("wiki", "Otter", text); recorder.add_sequence(tokens, {{values,
//   3072}});   // [token, unit] for each site recorder.finish();
//
// The result is a recording like any other. What was pushed is lost if the process ends before
// finish(): only the caller could push it again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actogram/collate_options.h"
#include "actogram/source.h"
#include "actogram/types.h"

namespace actogram {

struct ArrayRecorderOptions {
  std::string output;             // NAME.acto; must not exist
  std::vector<Site> sites;        // those of attention heads, blocks.N.attn.hook_pattern, last
  std::string model = "unknown";  // for people: which model the values are of
  CollateOptions collate = {};
  // If the sites are gated MLPs' hook_post and `gate` and `linear` come with their values: they are
  // then recorded by sign class too.
  std::optional<GateFunction> gate_function = {};
  uint32_t n_threads = 1;  // the result does not depend on it
};

// One site's values for one sequence.
struct SequenceValues {
  const float* values = nullptr;  // [token, unit]
  size_t row_stride = 0;          // floats from token to token; at least the site's n_units
  const float* gate = nullptr;    // [token, unit], hook_pre, with the same stride
  const float* linear = nullptr;  // likewise, hook_pre_linear

  // Of a site of attention heads instead: pattern and value_norms, whose rows are the tokens.
  const AttentionValues* attention = nullptr;
};

class ArrayRecorder {
 public:
  // Error{exists} if the output is there or being written, Error{invalid} if there is no site.
  explicit ArrayRecorder(const ArrayRecorderOptions& options);
  ~ArrayRecorder();

  // The text that the next sequences were cut from, as exact bytes. `source` names the sub-corpus.
  void add_document(std::string_view source, std::string_view name, std::string_view text);

  // Tokens with the bytes of the last document that they cover, and for every site, in the order of
  // the options, its values. Error{invalid} if there is no document, no token, a token outside the
  // text, or not one array for each site.
  void add_sequence(std::span<const Token> tokens, std::span<const SequenceValues> values);

  // Error{invalid} if no sequence was added.
  void finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace actogram
