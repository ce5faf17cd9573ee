// Explanations of a recording's units, their scores, and every answer that a model gave for them:
// one SQLite file beside the recording, NAME.explanations.sqlite (docs/format.md).
//
// Each entry is committed as it is added, so a run that is stopped loses what was on its way and
// nothing else (a power cut, perhaps the last seconds: store/sqlite.h). A request that was answered
// before is found by its hash: that is how a run goes on.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actogram/types.h"
#include "store/sqlite.h"

namespace actogram {

struct StoredAnswer {
  std::string text;
  std::string model;  // as the host calls it
  uint64_t prompt_tokens = 0;
  uint64_t answer_tokens = 0;
};

struct StoredExplanation {
  int64_t id = 0;
  UnitAddress unit;
  std::string method;
  std::string prompt_version;
  std::string model;
  std::string parameters;  // JSON
  std::string text;
  std::string concept_label;  // "" where the method has none
  std::string request;        // hash of the request whose answer it is
};

struct StoredScore {
  int64_t explanation = 0;
  std::string scorer;
  std::string prompt_version;
  std::string model;
  std::string parameters;  // JSON
  std::string of;          // "explanation", or the baseline: "other unit", "top tokens"
  std::string text;        // what was scored
  std::string numbers;     // JSON
  std::string excerpts;    // JSON: what it was scored on, and what the judge said
};

struct StoredFailure {
  UnitAddress unit;
  std::string task;  // "explain tokens", "score detect"
  std::string reason;
};

// Thread-safe.
class ExplanationStore {
 public:
  // Of `recording`, a folder. Mode::read is Error{not_found} where nothing was explained yet;
  // Error{invalid} where the file is of another recording, Error{unsupported} of a newer version.
  ExplanationStore(const std::string& recording, Database::Mode mode);
  static std::string path_for(const std::string& recording);

  std::optional<StoredAnswer> answer(std::string_view request_hash) const;
  void keep_answer(std::string_view request_hash, std::string_view request,
                   const StoredAnswer& answer);

  // Replaces one of the same unit, method, prompt version, model and parameters, whose scores go if
  // the words are others. `id` is ignored.
  void keep(const StoredExplanation& explanation);
  // Replaces one of the same explanation, scorer, prompt version, model, parameters and `of`.
  void keep(const StoredScore& score);
  // Replaces one of the same unit and task; a success removes it.
  void keep(const StoredFailure& failure);
  void forget_failure(const UnitAddress& unit, std::string_view task);

  std::vector<StoredExplanation> explanations() const;  // by site, unit and age
  std::vector<StoredExplanation> explanations_of(const UnitAddress& unit) const;
  // All words of `text` are in the explanation or its concept; best first.
  std::vector<StoredExplanation> search(std::string_view text) const;
  std::vector<StoredScore> scores_of(int64_t explanation) const;
  std::vector<StoredFailure> failures() const;

 private:
  void check_recording(const std::string& recording, Database::Mode mode);

  mutable std::mutex mutex_;
  Database database_;
};

}  // namespace actogram
