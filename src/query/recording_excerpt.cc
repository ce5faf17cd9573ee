#include "query/recording_excerpt.h"

#include "query/pieces.h"
#include "store/recording.h"

namespace actogram {

Excerpt excerpt_of(const Recording& recording, const KeptPeak& peak) {
  const SequenceRow sequence = recording.corpus().sequence(peak.at.sequence);
  const DocumentRow document = recording.corpus().document(sequence.document_row);
  const uint64_t end = uint64_t{peak.window_begin} + peak.window.size();
  if (end > sequence.n_tokens) {
    fail(Code::corrupt, "{}: a window ends at position {} of a sequence of {} tokens",
         recording.path(), end, sequence.n_tokens);
  }
  Excerpt excerpt;
  excerpt.at = peak.at;
  excerpt.value = peak.value;
  excerpt.document = document.document;
  excerpt.source = recording.manifest().corpus.at("sources").at(document.source).at("name");
  excerpt.document_name = document.name;
  excerpt.window_begin = peak.window_begin;
  excerpt.window_end = static_cast<uint32_t>(end);
  excerpt.n_tokens = sequence.n_tokens;
  const auto tokens =
      recording.corpus().tokens(sequence, peak.window_begin, static_cast<uint32_t>(end));
  excerpt.pieces = pieces_of(document.text, tokens, peak.window_begin, peak.window);
  return excerpt;
}

}  // namespace actogram
