// SaeRecorder encodes the model's values at the sites that SAEs read, batch by batch, and keeps the
// events; at the end it writes their tables and the latents' rows among the units.
//
// The encoder works in tiles of rows, and a batch has filler rows and seldom a whole number of
// tiles; so tokens are gathered over batches until there are enough. A latent's value does not
// depend on its company. With attributions, which need the batch's pattern, each batch goes alone.
//
// Memory: each SAE's encoder, the rows that wait for it, and a buffer of events; what does not fit
// goes to the disk, sorted.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "actogram/source.h"
#include "base/progress.h"
#include "collate/unit_block.h"
#include "record/attribution_recorder.h"
#include "record/recorded_sae.h"
#include "sae/encoder.h"
#include "store/checkpoint.h"
#include "store/event_writer.h"
#include "store/unit_tables.h"

namespace actogram {

class SaeRecorder {
 public:
  // `sites` are the recording's dense ones; those of the latents are put behind them. `state` is
  // what save() gave an earlier process. Error{invalid} where the source has no such site, or of
  // another width.
  SaeRecorder(const std::string& folder, std::vector<RecordedSae> saes, ActivationSource& source,
              std::vector<Site>& sites, const CorpusTables& corpus, const SparseState& state,
              uint32_t n_threads);

  // Requires: values.first_row and `sequences` are parallel; each sequence comes once for a site.
  void observe(const SiteValues& values, std::span<const BatchSequence> sequences);
  void end_batch();

  SparseState save();

  // `writer` has the dense units already.
  StoredFiles finish(UnitWriter& writer, const ProgressFn& progress);

 private:
  struct Reader {
    size_t source_site = 0;
    uint32_t site = 0;        // of the recording
    uint32_t first_unit = 0;  // row of units.arrow
    std::unique_ptr<SaeEncoder> encoder;
    std::optional<size_t> attributed;  // its number there
    std::vector<float> waiting = {};   // [token, width]
    std::vector<uint32_t> waiting_tokens = {};
  };

  void set_tokens_of_rows(const SiteValues& values, std::span<const BatchSequence> sequences);
  void gather(Reader& reader, const SiteValues& values, std::span<const BatchSequence> sequences);
  void encode_waiting(Reader& reader);
  void encode_all_waiting();
  void keep(const Reader& reader, std::span<const uint32_t> token_of_row, const EncodedRows& rows);

  std::string folder_;
  const CorpusTables& corpus_;
  uint32_t n_threads_;
  std::vector<uint64_t> first_token_;  // [sequence + 1]
  std::vector<Reader> readers_;
  std::vector<Site> sites_;  // all of the recording
  std::vector<UnknownToken> unknown_;
  std::unique_ptr<EventWriter> events_;
  std::optional<AttributionRecorder> attributions_;

  // The batch at hand.
  std::vector<uint32_t> token_of_row_;                     // kNoToken for a filler row
  std::vector<uint32_t> tokens_, units_, rows_, latents_;  // of events
  std::vector<float> values_;
};

}  // namespace actogram
