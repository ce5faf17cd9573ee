// Excerpts as explainers and simulators are shown them: a token and its level a line, the level of
// a token "unknown" where it is not known (Bills et al. 2023; the examples are ours).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "explain/levels.h"
#include "explain/unit_excerpt.h"

namespace actogram {

// How every explanation begins.
inline constexpr std::string_view kExplanationPrefix = "the main thing this neuron does is find";

struct LevelledToken {
  std::string text;  // escaped
  Level level;
};
using LevelledRecord = std::vector<LevelledToken>;

// Level 10 is the highest value of all of them.
std::vector<LevelledRecord> levelled(const std::vector<const UnitExcerpt*>& excerpts);

// "\n<start>\n", the records' lines with "\n<end>\n<start>\n" between records, "\n<end>\n".
std::string records_text(const std::vector<LevelledRecord>& records, bool (*shown)(const Level&));

// Neurons that are made up, to show how it is done: two records each.
struct FewShot {
  const char* explanation;
  std::vector<LevelledRecord> records;
};
const std::vector<FewShot>& few_shots();

}  // namespace actogram
