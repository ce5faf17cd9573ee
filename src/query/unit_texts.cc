#include "query/unit_texts.h"

#include <algorithm>

#include "collate/merge.h"
#include "core/unit_address.h"
#include "query/head_view.h"
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

UnitTexts::UnitTexts(const Recording& recording)
    : recording_(recording), units_(std::make_unique<UnitReader>(recording_)) {
  recording_.units();  // Error{invalid} where there are none
  recording_.corpus();
}
UnitTexts::~UnitTexts() = default;

UnitAddress UnitTexts::address(std::string_view text) const {
  return unit_address(recording_.manifest().sites, text);
}

std::string_view UnitTexts::document_of(uint32_t sequence) const {
  const CorpusTables& corpus = recording_.corpus();
  return corpus.document(corpus.sequence(sequence).document_row).text;
}

std::string UnitTexts::around(Place at, uint32_t n_tokens) const {
  const uint32_t n_all = recording_.corpus().sequence(at.sequence).n_tokens;
  const Window wide = window_around(at.position, n_all, n_tokens);
  const std::vector<float> no_values(wide.end - wide.begin);
  KeptPeak peak;
  peak.at = at;
  peak.window_begin = wide.begin;
  peak.window = no_values;
  std::string text;
  for (const Piece& piece : excerpt_of(recording_, peak).pieces) text += piece.text;
  return text;
}

std::vector<UnitText> UnitTexts::of_head(const HeadRecord& head, const WantsText& wants) const {
  std::vector<UnitText> texts;
  for (const HeadPeak& peak : head.peaks) {
    if (peak.groups == 0) continue;
    const std::string_view document = document_of(peak.at.sequence);
    if (!wants(document)) continue;
    texts.push_back({.window = excerpt_of(recording_, peak),
                     .groups = peak.groups,
                     .bucket = 0,
                     .document = document});
  }
  return texts;
}

std::vector<UnitText> UnitTexts::of(const UnitAddress& unit, const WantsText& wants) const {
  const UnitRead read = units_->unit(recording_.units().row_of(unit));
  if (read.record.head) return of_head(*read.record.head, wants);
  const auto bounds = bucket_bounds(read.record);
  std::vector<UnitText> texts;
  for (const KeptPeak& peak : read.record.maximum_peaks) {
    if (peak.groups == 0) continue;
    const std::string_view document = document_of(peak.at.sequence);
    if (!wants(document)) continue;
    texts.push_back({.window = excerpt_of(recording_, peak),
                     .groups = peak.groups,
                     .bucket = bucket_of(peak.value, bounds),
                     .document = document});
  }
  return texts;
}

}  // namespace actogram
