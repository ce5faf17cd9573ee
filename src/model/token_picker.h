// Which token comes next: the likeliest, or one drawn by its probability, among those that a
// grammar allows.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct llama_sampler;
struct llama_token_data;
struct llama_vocab;

namespace actogram {

struct AnswerOptions;

// Draw i is mix64(seed + i), so the same logits give the same tokens everywhere.
class TokenPicker {
 public:
  // Error{invalid} where the grammar is none.
  TokenPicker(const llama_vocab* vocab, const AnswerOptions& options);
  ~TokenPicker();

  // Error{corrupt} where the grammar allows no token.
  int32_t pick(std::span<const float> logits);

 private:
  struct Free {
    void operator()(llama_sampler* sampler) const;
  };

  size_t choose();
  bool allows(const llama_token_data& candidate) const;

  double temperature_;
  uint64_t draw_;
  std::unique_ptr<llama_sampler, Free> grammar_;  // null: everything is allowed
  std::vector<llama_token_data> candidates_;      // [token]
};

}  // namespace actogram
