// AttributionRecorder keeps how the keys of a sequence share in each event of SAEs that read what
// attention writes (sae/pair_attribution.h).
//
// The model hands out a layer's attention before what the SAE reads, so the batch's patterns and
// value vectors are copied, and used when the events are there. Rows go to a file in the order of
// tokens, batch by batch; finish() turns it into attributions.arrow. Memory: a copy of the
// attention of the layers asked for, and the rows of one batch.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actogram/source.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/threads.h"
#include "collate/unit_block.h"
#include "record/recorded_sae.h"
#include "sae/pair_attribution.h"
#include "sae/top_latents.h"
#include "store/corpus_tables.h"
#include "store/event_index.h"

namespace actogram {

// Whether what an SAE reads is written by heads: hook_attn_out or attn.hook_z. And where these are
// seen: "blocks.5.attn.hook_pattern".
bool reads_attention(const RecordedSae& sae);
std::string attention_site_of(const RecordedSae& sae);

// The site of the source that is, and what heads do there. Requires: reads_attention(sae).
// Error{invalid} where the source has no attention there, or a norm comes between the heads and
// what the SAE reads.
struct AttentionOfSource {
  size_t site = 0;
  AttentionWeights weights;
};
AttentionOfSource attention_read_by(const RecordedSae& sae, ActivationSource& source);

class AttributionRecorder {
 public:
  // `n_values`: floats that an earlier process has left. SAEs are added next.
  AttributionRecorder(const std::string& folder, ActivationSource& source, uint64_t n_values,
                      uint32_t n_threads);

  // By this number its events are known; `first_unit` is the row of units.arrow of its first
  // latent. Error{invalid} where the source has no attention there, or a norm comes between the
  // heads and what is read.
  size_t add(const RecordedSae& sae, uint32_t first_unit);

  // Of every site of a batch, before the SAEs' events at it.
  void observe(const SiteValues& values, std::span<const BatchSequence> sequences);
  // Events of the SAE in rows of the batch: parallel lists.
  struct Events {
    std::span<const uint32_t> rows, latents;
    std::span<const uint32_t> tokens, units;  // as in the tables
  };
  void take(size_t sae, const SiteValues& read, const Events& events);
  void end_batch();

  uint64_t save();  // the floats that are safe

  // `events` are all of the recording.
  StoredFiles finish(const EventIndex& events, const CorpusTables& corpus,
                     const ProgressFn& progress);

 private:
  struct Reader {
    size_t attention_site = 0;  // of the source
    uint32_t first_unit = 0;
    Sae sae;  // its matrix is a view of the file
    std::unique_ptr<PairAttribution> attribution;
  };
  // A batch's attention at one site.
  struct Copy {
    size_t n_heads = 0, n_kv_heads = 0, d_head = 0;
    std::vector<float> pattern, values;
    AttentionValues view;
  };
  struct Row {
    uint32_t token, unit;
    size_t begin, n;  // in rows_
  };

  bool is_attributed(uint32_t unit) const;

  std::string folder_;
  ActivationSource& source_;
  ThreadPool threads_;
  std::vector<Reader> readers_;
  std::map<size_t, Copy> copies_;       // [site of the source]
  std::vector<uint32_t> first_of_row_;  // [row of the batch]: where its sequence begins
  std::vector<Row> pending_;
  std::vector<float> rows_;
  PlacedFile file_;
  uint64_t n_values_;
};

}  // namespace actogram
