// A language model that says how likely given continuations are, at many places of one text. Few
// hosts do; a model in this process does it in one pass over the text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actogram/types.h"

namespace actogram {

struct ChoiceRequest {
  std::vector<Message> messages;     // the last is the user's
  std::string turn;                  // how the assistant's turn goes on
  std::vector<size_t> places;        // bytes of `turn`, rising, above 0: what comes after them?
  std::vector<std::string> choices;  // of one or two tokens
};

struct ChoiceReply {
  std::vector<std::vector<double>> probabilities;  // [place][choice]
  uint64_t n_tokens = 0;
};

class ChoiceModel {
 public:
  virtual ~ChoiceModel() = default;

  // Thread-safe. Error{environment, invalid, unsupported} where there is no answer.
  virtual ChoiceReply weigh(const ChoiceRequest& request) = 0;
};

}  // namespace actogram
