// A loaded model that goes on with a text: it writes an answer, or says how likely continuations
// are at many places of the text, in one pass over it.
//
// What it gives depends on what it is asked, not on what it was asked before. A question's first
// tokens, those that others begin with too, are run by themselves; so their keys and values can be
// kept for the next question without a change of any rounding. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct llama_context;

namespace actogram {

class LlamaModel;

struct LlamaGeneratorOptions {
  uint32_t context = 0;    // tokens; 0: as trained, but 8,192 at most, since memory grows with it
  uint32_t n_threads = 0;  // 0: one for each core
};

struct TokenisedQuestion {
  std::vector<int32_t> tokens;
  size_t n_shared = 0;  // of them, from the first: other questions begin so too
};

struct AnswerOptions {
  double temperature = 0;  // 0: the likeliest token each time
  uint64_t seed = 0;
  uint32_t most_tokens = 1000;
  std::string grammar = {};  // GBNF, whose rule `root` the answer is; "" for any text
};

struct WrittenAnswer {
  std::string text;
  uint32_t n_tokens = 0;
  bool complete = false;  // the model ended it, and not the limit or the context
};

class LlamaGenerator {
 public:
  // `model` has weights and outlives the generator. Error{environment} where memory is short.
  LlamaGenerator(const LlamaModel& model, const LlamaGeneratorOptions& options);
  ~LlamaGenerator();

  // Error{invalid} where the question leaves no room, or the grammar is none.
  WrittenAnswer answer(const TokenisedQuestion& question, const AnswerOptions& options);

  // The probability of each of `choices`, of one or two tokens, after the tokens at `places`, which
  // rise and are not shared: [place][choice]. Of two choices that begin with the same token, the
  // shorter has what the longer leaves: a 1 is what no 0 follows. Choices of two tokens cost a row
  // more for each place; Error{unsupported} for them where the model is recurrent.
  std::vector<std::vector<double>> weigh(const TokenisedQuestion& question,
                                         std::span<const size_t> places,
                                         std::span<const std::vector<int32_t>> choices);

 private:
  class Rows;
  struct Free {
    void operator()(llama_context* context) const;
  };
  using OnLogits = std::function<void(size_t place, std::span<const float> logits)>;

  void check_room(const TokenisedQuestion& question, size_t more) const;
  void run(const TokenisedQuestion& question, std::span<const size_t> places,
           const OnLogits& on_logits);
  size_t keep_shared(const TokenisedQuestion& question);
  void decode(Rows& rows);
  std::span<const float> logits_of(size_t row) const;
  void weigh_second_tokens(int32_t first, std::span<const size_t> places,
                           std::span<const std::vector<int32_t>> choices,
                           std::vector<std::vector<double>>& found);

  const LlamaModel& model_;
  uint32_t context_tokens_;
  std::unique_ptr<llama_context, Free> context_;
  std::vector<int32_t> shared_;  // whose keys and values are kept
};

}  // namespace actogram
