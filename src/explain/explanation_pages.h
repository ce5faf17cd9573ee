// Explanations as the server shows them, the JSON of docs/api.md: a unit's with everything that
// their scores say, and those that are found by their words; those that models wrote for actogram
// and those that others published. Unlike explanation_list.h, without what was asked and the
// excerpts that were judged.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "actogram/types.h"

namespace actogram {

class PublishedExplanations;

// Thread-safe: reads only. What actogram writes beside the recording is read anew each time, as it
// is then; what came with the recording stays open.
class ExplanationPages {
 public:
  explicit ExplanationPages(const std::string& recording);
  ~ExplanationPages();

  // Also what was tried and failed.
  std::string unit_json(const UnitAddress& unit) const;

  // Those that have all words of `text`, ours first and of either kind the best first: up to
  // `limit`, and how many there are. Error{invalid} where `text` has no word.
  std::string found_json(std::string_view text, size_t limit) const;

 private:
  std::string recording_;
  std::unique_ptr<const PublishedExplanations> published_;
};

}  // namespace actogram
