#include "query/class_view.h"

#include <algorithm>

#include "codec/utf8.h"
#include "query/recording_excerpt.h"
#include "store/recording.h"

namespace actogram {
namespace {

constexpr size_t kRowViewBytes = 200;

Excerpt excerpt_around(const Recording& recording, const ClassFacts::Peak& peak) {
  const uint32_t n_tokens = recording.corpus().sequence(peak.sequence).n_tokens;
  const uint32_t position = peak.position.value_or(0);
  if (position >= n_tokens) {
    fail(Code::corrupt, "{}: a peak at position {} of a sequence of {} tokens", recording.path(),
         position, n_tokens);
  }
  const Window window = window_around(position, n_tokens, recording.manifest().collate.window);
  std::vector<float> values(window.end - window.begin);
  values[position - window.begin] = peak.value;
  KeptPeak kept;
  kept.at = {peak.sequence, position}, kept.value = peak.value;
  kept.window_begin = window.begin, kept.window = values;
  return excerpt_of(recording, kept);
}

std::vector<Piece> beginning_of(std::string_view text) {
  std::vector<Piece> pieces;
  const std::string_view first = text.substr(0, kRowViewBytes);
  for (size_t at = 0; at < first.size();) {
    const size_t n = std::max<size_t>(character_bytes(text, at), 1);
    const std::string_view character = text.substr(at, n);
    pieces.push_back({printable(character), is_utf8(character), {}});
    at += n;
  }
  return pieces;
}

RowView row_of(const Recording& recording, const ClassFacts::Peak& peak) {
  RowView view{.value = peak.value, .row = peak.sequence, .position = peak.position};
  if (!recording.manifest().has_corpus()) return view;
  const SequenceRow sequence = recording.corpus().sequence(peak.sequence);
  const DocumentRow document = recording.corpus().document(sequence.document_row);
  view.origin = document.name;
  view.beginning = beginning_of(document.text);
  return view;
}

// Whether the tokens around a peak are at hand.
bool has_tokens(const Recording& recording, const ClassFacts::Peak& peak) {
  return peak.position && recording.manifest().has_corpus() &&
         recording.corpus().sequence(peak.sequence).n_tokens > 0;
}

}  // namespace

std::vector<ClassView> class_views(const Recording& recording, std::span<const ClassFacts> classes,
                                   size_t n_excerpts) {
  std::vector<ClassView> views(classes.size());
  for (size_t c = 0; c < classes.size(); ++c) {
    views[c].name = kSignClassNames[c];
    views[c].share = classes[c].share;
    for (size_t q = 0; q < kNumGatedQuantities; ++q) {
      const auto& peaks = classes[c].peaks[q];
      ClassView::Quantity& quantity = views[c].quantities[q];
      quantity.name = kGatedQuantityNames[q];
      quantity.mean = classes[c].means[q];
      quantity.extreme = peaks.empty() ? 0 : peaks.front().value;
      for (size_t i = 0; i < std::min(n_excerpts, peaks.size()); ++i) {
        if (has_tokens(recording, peaks[i])) {
          quantity.excerpts.push_back(excerpt_around(recording, peaks[i]));
        } else {
          quantity.rows.push_back(row_of(recording, peaks[i]));
        }
      }
    }
  }
  return views;
}

}  // namespace actogram
