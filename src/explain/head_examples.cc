#include "explain/head_examples.h"

namespace actogram {

const std::vector<HeadExample>& head_examples() {
  static const std::vector<HeadExample> table = {
      {"attends to an earlier occurrence of the same word from its repetition",
       {{{"The", " lamp", " stood", " by", " the", " door", ";", " the", " lamp", " was", " red"},
         {8, 1},
         {9, 4}},
        {{"We", " sing", " when", " birds", " sing", "."}, {4, 1}, {3, 0}},
        {{" rain", " on", " the", " roof", ",", " rain", " on"}, {6, 1}, {4, 2}}}},
      {"attends to the bracket that opens a parenthesis from the one that closes it",
       {{{"Two", " ships", " (", "both", " new", ")", " left", " port", "."}, {5, 2}, {7, 1}},
        {{"f", "(", "x", ",", " y", ")", " =", " 3"}, {5, 1}, {7, 4}},
        {{"See", " page", " 12", " (", "below", ")", "."}, {5, 3}, {6, 0}}}},
      {"attends to the noun that is the subject from the verb that belongs to it",
       {{{"My", " sister", " in", " the", " blue", " house", " paints", " doors", "."},
         {6, 1},
         {7, 4}},
        {{"Those", " old", " trees", " near", " us", " fell", "."}, {5, 2}, {4, 0}},
        {{"The", " judge", ",", " smiling", ",", " nodded", "."}, {5, 1}, {6, 2}}}},
  };
  return table;
}

}  // namespace actogram
