#include "query/recording_excerpt.h"

#include "query/pieces.h"
#include "store/recording.h"

namespace actogram {

ExcerptSource source_of(const Recording& recording, const KeptPeak& peak, TokenRoom& room) {
  const SequenceRow sequence = recording.corpus().sequence(peak.at.sequence);
  const DocumentRow document = recording.corpus().document(sequence.document_row);
  Excerpt frame;
  frame.at = peak.at;
  frame.value = peak.value;
  frame.document = document.document;
  frame.source = recording.source_name(document.source);
  frame.document_name = document.name;
  frame.window_begin = peak.window_begin;
  frame.window_end = peak.window_begin + static_cast<uint32_t>(peak.window.size());
  frame.n_tokens = sequence.n_tokens;
  return {std::move(frame), document,
          recording.corpus().tokens(sequence, peak.window_begin, peak.window.size(), room)};
}

Excerpt excerpt_of(const Recording& recording, const KeptPeak& peak) {
  TokenRoom room;
  ExcerptSource source = source_of(recording, peak, room);
  source.frame.pieces =
      pieces_of(source.document.text, source.tokens.rows(), peak.window_begin, peak.window);
  return std::move(source.frame);
}

}  // namespace actogram
