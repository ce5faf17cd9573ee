// The formats that SAEs are published in.
//
// How to add one: a file NAME_format.cc with two functions, declared here, and a row in the table
// of formats.cc, above those that match more; docs/sae.md and tests/oracle/test_sae_weights.py say
// what it means. A format's reader fills the Sae's shapes, matrices, biases and kind; what the file
// does not tell it takes from the options, or it fails and says which option.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sae/sae.h"
#include "sae/weights_file.h"

namespace actogram {

struct SaeFormat {
  std::string_view name;
  bool (*matches)(const WeightsFile& file);
  void (*read)(const WeightsFile& file, const SaeOptions& options, Sae& sae);
};

std::span<const SaeFormat> sae_formats();

bool is_openai(const WeightsFile& file);
void read_openai(const WeightsFile& file, const SaeOptions& options, Sae& sae);
bool is_goodfire(const WeightsFile& file);
void read_goodfire(const WeightsFile& file, const SaeOptions& options, Sae& sae);
bool is_llama_scope(const WeightsFile& file);
void read_llama_scope(const WeightsFile& file, const SaeOptions& options, Sae& sae);
bool is_sparsify(const WeightsFile& file);
void read_sparsify(const WeightsFile& file, const SaeOptions& options, Sae& sae);
bool is_saelens(const WeightsFile& file);
void read_saelens(const WeightsFile& file, const SaeOptions& options, Sae& sae);
bool is_gemma_scope(const WeightsFile& file);
void read_gemma_scope(const WeightsFile& file, const SaeOptions& options, Sae& sae);
bool is_dictionary_learning(const WeightsFile& file);
void read_dictionary_learning(const WeightsFile& file, const SaeOptions& options, Sae& sae);

// What readers share.

// Sets the encoder, [n_latents, d_in], and the sizes that follow from it.
void set_encoder(Sae& sae, Tensor w_enc, const WeightsFile& file);
// Sets the decoder, whichever way it lies; where both ways fit, as [n_latents, d_out].
void set_decoder(Sae& sae, Tensor w_dec, const WeightsFile& file);

// The kind that the file tells, unless the options say otherwise: Error{invalid}.
void set_kind(Sae& sae, SaeKind told, const SaeOptions& options);

// The number of latents kept, from the file (0: not told) and the options.
void set_k(Sae& sae, int64_t told, const SaeOptions& options);

// The file's own thresholds, [n_latents]; Error{invalid} if the options have one, too.
void set_thresholds(Sae& sae, std::vector<float> told, const SaeOptions& options);

}  // namespace actogram
