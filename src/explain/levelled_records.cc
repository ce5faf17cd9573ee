#include "explain/levelled_records.h"

#include "explain/prompt_text.h"

namespace actogram {
namespace {

std::string text_of(const Level& level) { return level ? std::to_string(*level) : "unknown"; }

}  // namespace

std::string records_text(const std::vector<LevelledRecord>& records, bool (*shown)(const Level&)) {
  std::string text;
  for (const LevelledRecord& record : records) {
    text += text.empty() ? "\n<start>\n" : "\n<end>\n<start>\n";
    bool first = true;
    for (const auto& [token, level] : record) {
      if (!shown(level)) continue;
      text += (first ? "" : "\n") + token + '\t' + text_of(level);
      first = false;
    }
  }
  return text + "\n<end>\n";
}

std::vector<LevelledRecord> levelled(const std::vector<const UnitExcerpt*>& excerpts) {
  float highest = 0;
  for (const UnitExcerpt* excerpt : excerpts) {
    for (const ValuedText& token : excerpt->text) {
      if (token.value > highest) highest = token.value;  // not where it is NaN
    }
  }
  std::vector<LevelledRecord> records;
  for (const UnitExcerpt* excerpt : excerpts) {
    LevelledRecord& record = records.emplace_back();
    for (const ValuedText& token : excerpt->text) {
      record.push_back({escaped(token.text), level_of(token.value, highest)});
    }
  }
  return records;
}

const std::vector<FewShot>& few_shots() {
  static const std::vector<FewShot> table = {
      {"words for colours",
       {{{"She", 0},
         {" wore", 0},
         {" a", 0},
         {" scarlet", 10},
         {" coat", 1},
         {",", 0},
         {" pale", 3},
         {" green", 9},
         {" gloves", 0},
         {" and", 0},
         {" no", 0},
         {" hat", 0}},
        {{"The", 0}, {" sea", 0}, {" lay", 0}, {" blue", 8}, {" under", 0}, {" it", 0}}}},
      {"numbers that are years",
       {{{"Founded", 0},
         {" in", 1},
         {" 18", 7},
         {"87", 10},
         {",", 0},
         {" it", 0},
         {" has", 0},
         {" 40", 0},
         {" members", 0},
         {".", 0}},
        {{"\\n", 0},
         {"From", 0},
         {" 1994", 9},
         {" to", 2},
         {" 2003", 9},
         {" he", 0},
         {" taught", 0},
         {" Greek", 0}}}},
      {"phrases that ask somebody politely to do something",
       {{{"Could", 6},
         {" you", 8},
         {" please", 10},
         {" close", 3},
         {" the", 0},
         {" door", 0},
         {"?", 1}},
        {{"It", 0},
         {" rained", 0},
         {".", 0},
         {" Would", 5},
         {" you", 7},
         {" mind", 9},
         {" waiting", 2},
         {" here", 0}}}},
  };
  return table;
}

}  // namespace actogram
