#include "query/unit_texts.h"

#include <algorithm>

#include "collate/merge.h"
#include "core/unit_address.h"
#include "query/recording_excerpt.h"
#include "query/unit_reader.h"
#include "store/recording.h"

namespace actogram {
namespace {

int bucket_of(float value, const std::array<double, kNumBuckets + 1>& bounds) {
  int bucket = kNumBuckets - 1;
  while (bucket > 0 && value < bounds[bucket]) --bucket;
  return bucket;
}

}  // namespace

UnitTexts::UnitTexts(const std::string& recording)
    : recording_(std::make_unique<Recording>(recording)),
      units_(std::make_unique<UnitReader>(*recording_)) {
  recording_->units();  // Error{invalid} where there are none
  recording_->corpus();
}
UnitTexts::~UnitTexts() = default;

UnitAddress UnitTexts::address(std::string_view text) const {
  return unit_address(recording_->manifest().sites, text);
}

std::vector<UnitText> UnitTexts::of(const UnitAddress& unit, uint32_t around) const {
  const UnitRead read = units_->unit(recording_->units().row_of(unit));
  if (read.record.head) {
    fail(Code::unsupported,
         "{}/{}: an attention head; its values are of pairs of tokens, which no method shows",
         unit.site, unit.index);
  }
  const auto bounds = bucket_bounds(read.record);
  const CorpusTables& corpus = recording_->corpus();
  std::vector<UnitText> texts;
  for (const KeptPeak& peak : read.record.maximum_peaks) {
    if (peak.groups == 0) continue;
    const SequenceRow sequence = corpus.sequence(peak.at.sequence);
    const Window wide = window_around(peak.at.position, sequence.n_tokens, around);
    const std::vector<float> zeros(wide.end - wide.begin);
    KeptPeak context = peak;
    context.window_begin = wide.begin;
    context.window = zeros;
    texts.push_back({.window = excerpt_of(*recording_, peak),
                     .around = excerpt_of(*recording_, context),
                     .groups = peak.groups,
                     .bucket = bucket_of(peak.value, bounds),
                     .document = corpus.document(sequence.document_row).text});
  }
  return texts;
}

}  // namespace actogram
