#include "model/llama_generator.h"

#include <llama.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <set>
#include <thread>

#include "actogram/error.h"
#include "model/llama_log.h"
#include "model/llama_model.h"
#include "model/token_picker.h"

namespace actogram {
namespace {

constexpr uint32_t kMostContext = 8192;  // unless more is asked for
constexpr uint32_t kBatchRows = 256;     // llama.cpp reserves n_vocab floats for each
constexpr uint32_t kMostBranches = 63;   // sequences beside the text's own

uint32_t context_tokens(const LlamaModel& model, const LlamaGeneratorOptions& options) {
  const uint32_t trained = model.info().trained_context;
  if (trained > 0 && options.context > trained) {
    fail(Code::invalid,
         "a context of {} tokens is more than the {} that {} was trained for; choose {} or less",
         options.context, trained, model.path().filename().string(), trained);
  }
  if (options.context > 0) return options.context;
  return trained > 0 ? std::min(trained, kMostContext) : kMostContext;
}

llama_context* make_context(const LlamaModel& model, const LlamaGeneratorOptions& options,
                            uint32_t tokens) {
  if (!model.has_weights()) {
    fail(Code::invalid, "{} was loaded for its vocabulary only", model.path().string());
  }
  const uint32_t threads =
      options.n_threads ? options.n_threads : std::max(1U, std::thread::hardware_concurrency());
  llama_context_params params = llama_context_default_params();
  params.n_ctx = tokens;
  params.n_batch = params.n_ubatch = kBatchRows;
  params.n_seq_max = 1 + kMostBranches;
  params.n_threads = params.n_threads_batch = static_cast<int32_t>(threads);
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  params.kv_unified = true;
  params.swa_full = true;  // what was shared must still be there
  params.no_perf = true;
  const LlamaLog log;
  llama_context* context = llama_init_from_model(model.handle(), params);
  if (!context) {
    fail(Code::environment, "llama.cpp cannot make a context of {} tokens for {}: {}", tokens,
         model.info().name, log.text());
  }
  return context;
}

std::string piece_of(const llama_vocab* vocab, int32_t token) {
  std::string piece(32, '\0');
  for (;;) {
    const int32_t n = llama_token_to_piece(vocab, token, piece.data(),
                                           static_cast<int32_t>(piece.size()), 0, false);
    const bool fits = n >= 0;
    piece.resize(static_cast<size_t>(fits ? n : -n));
    if (fits) return piece;
  }
}

// Of one row: the probability of a token is exp(its logit - highest) / sum.
struct Softmax {
  std::span<const float> logits;
  double highest, sum = 0;

  explicit Softmax(std::span<const float> row)
      : logits(row), highest(double{*std::ranges::max_element(row)}) {
    for (const float logit : row) sum += std::exp(double{logit} - highest);
  }
  double operator()(int32_t token) const {
    return std::exp(double{logits[static_cast<size_t>(token)]} - highest) / sum;
  }
};

}  // namespace

// One batch, as llama.cpp takes it; each row belongs to one sequence.
class LlamaGenerator::Rows {
 public:
  enum class Output : int8_t { no, yes };

  void add(int32_t token, size_t position, int32_t sequence, Output output) {
    tokens_.push_back(token);
    positions_.push_back(static_cast<llama_pos>(position));
    sequences_.push_back(sequence);
    outputs_.push_back(static_cast<int8_t>(output));
  }
  size_t size() const { return tokens_.size(); }
  llama_batch view() {
    n_ids_.assign(size(), 1);
    ids_.clear();
    for (llama_seq_id& id : sequences_) ids_.push_back(&id);
    return {static_cast<int32_t>(size()),
            tokens_.data(),
            nullptr,
            positions_.data(),
            n_ids_.data(),
            ids_.data(),
            outputs_.data()};
  }

 private:
  std::vector<llama_token> tokens_;
  std::vector<llama_pos> positions_;
  std::vector<llama_seq_id> sequences_;
  std::vector<int8_t> outputs_;
  std::vector<int32_t> n_ids_;
  std::vector<llama_seq_id*> ids_;
};

void LlamaGenerator::Free::operator()(llama_context* context) const { llama_free(context); }

LlamaGenerator::LlamaGenerator(const LlamaModel& model, const LlamaGeneratorOptions& options)
    : model_(model),
      context_tokens_(context_tokens(model, options)),
      context_(make_context(model, options, context_tokens_)) {}

LlamaGenerator::~LlamaGenerator() = default;

void LlamaGenerator::check_room(const TokenisedQuestion& question, size_t more) const {
  if (question.tokens.empty()) fail(Code::invalid, "the question has no tokens");
  if (question.tokens.size() + more <= context_tokens_) return;
  fail(Code::invalid,
       "the question has {} tokens, which leaves no room in {}'s context of {} ({} as trained); "
       "show it fewer excerpts, or open it with a larger context",
       question.tokens.size(), model_.path().filename().string(), context_tokens_,
       model_.info().trained_context);
}

void LlamaGenerator::decode(Rows& rows) {
  const LlamaLog log;
  const int32_t status = llama_decode(context_.get(), rows.view());
  if (status == 0) return;
  llama_memory_clear(llama_get_memory(context_.get()), false);
  shared_.clear();
  fail(Code::environment, "llama.cpp cannot run a batch of {} rows (status {}): {}", rows.size(),
       status, log.text());
}

std::span<const float> LlamaGenerator::logits_of(size_t row) const {
  const float* logits = llama_get_logits_ith(context_.get(), static_cast<int32_t>(row));
  if (!logits) fail(Code::environment, "llama.cpp gives no logits of row {}", row);
  return {logits, model_.info().n_vocab};
}

// How many of the question's tokens need not be run.
size_t LlamaGenerator::keep_shared(const TokenisedQuestion& question) {
  llama_memory_t memory = llama_get_memory(context_.get());
  const std::span shared(question.tokens.data(), question.n_shared);
  const auto n = static_cast<llama_pos>(shared.size());
  if (n > 0 && std::ranges::equal(shared_, shared) && llama_memory_seq_rm(memory, 0, n, -1)) {
    return shared.size();
  }
  llama_memory_clear(memory, false);
  shared_.clear();
  return 0;
}

void LlamaGenerator::run(const TokenisedQuestion& question, std::span<const size_t> places,
                         const OnLogits& on_logits) {
  const size_t n = question.tokens.size();
  assert(question.n_shared < n && (places.empty() || places.front() >= question.n_shared));
  size_t next = 0;  // of `places`
  for (size_t begin = keep_shared(question); begin < n;) {
    const size_t stop = begin < question.n_shared ? question.n_shared : n;
    const size_t end = std::min<size_t>(begin + kBatchRows, stop);
    Rows rows;
    std::vector<std::pair<size_t, size_t>> wanted;  // place and row
    for (size_t i = begin; i < end; ++i) {
      const bool is_place = next < places.size() && places[next] == i;
      if (is_place) wanted.emplace_back(next++, i - begin);
      rows.add(question.tokens[i], i, 0, is_place ? Rows::Output::yes : Rows::Output::no);
    }
    decode(rows);
    if (end == question.n_shared)
      shared_.assign(question.tokens.data(), question.tokens.data() + end);
    for (const auto& [place, row] : wanted) on_logits(place, logits_of(row));
    begin = end;
  }
}

WrittenAnswer LlamaGenerator::answer(const TokenisedQuestion& question,
                                     const AnswerOptions& options) {
  check_room(question, 1);
  const llama_vocab* vocab = llama_model_get_vocab(model_.handle());
  TokenPicker picker(vocab, options);
  WrittenAnswer written;
  const size_t last[] = {question.tokens.size() - 1};
  int32_t token = 0;
  run(question, last, [&](size_t, std::span<const float> logits) { token = picker.pick(logits); });
  for (size_t at = question.tokens.size(); !llama_vocab_is_eog(vocab, token); ++at) {
    if (written.n_tokens == options.most_tokens || at == context_tokens_) return written;
    written.text += piece_of(vocab, token);
    ++written.n_tokens;
    Rows rows;
    rows.add(token, at, 0, Rows::Output::yes);
    decode(rows);
    token = picker.pick(logits_of(0));
  }
  written.complete = true;
  return written;
}

std::vector<std::vector<double>> LlamaGenerator::weigh(
    const TokenisedQuestion& question, std::span<const size_t> places,
    std::span<const std::vector<int32_t>> choices) {
  check_room(question, kMostBranches);
  std::vector<std::vector<double>> found(places.size());
  run(question, places, [&](size_t place, std::span<const float> logits) {
    const Softmax probability(logits);
    for (const auto& choice : choices) found[place].push_back(probability(choice.front()));
  });
  std::set<int32_t> branching;
  for (const auto& choice : choices) {
    if (choice.size() > 2) {
      fail(Code::unsupported, "{} takes {} tokens for a choice; this version weighs two at most",
           model_.path().filename().string(), choice.size());
    }
    if (choice.size() == 2) branching.insert(choice.front());
  }
  for (const int32_t first : branching) weigh_second_tokens(first, places, choices, found);
  return found;
}

// The text's keys and values up to a place serve a sequence of its own, whose one row is `first`.
void LlamaGenerator::weigh_second_tokens(int32_t first, std::span<const size_t> places,
                                         std::span<const std::vector<int32_t>> choices,
                                         std::vector<std::vector<double>>& found) {
  if (llama_model_is_recurrent(model_.handle()) || llama_model_is_hybrid(model_.handle())) {
    fail(Code::unsupported,
         "{} is recurrent and takes two tokens for 10, so it cannot be asked for levels at once",
         model_.path().filename().string());
  }
  llama_memory_t memory = llama_get_memory(context_.get());
  for (size_t begin = 0; begin < places.size(); begin += kMostBranches) {
    const size_t end = std::min<size_t>(begin + kMostBranches, places.size());
    Rows rows;
    for (size_t i = begin; i < end; ++i) {
      const auto sequence = static_cast<int32_t>(1 + i - begin);
      llama_memory_seq_cp(memory, 0, sequence, 0, static_cast<llama_pos>(places[i] + 1));
      rows.add(first, places[i] + 1, sequence, Rows::Output::yes);
    }
    decode(rows);
    for (size_t i = begin; i < end; ++i) {
      const Softmax probability(logits_of(i - begin));
      double longer = 0;
      for (size_t c = 0; c < choices.size(); ++c) {
        if (choices[c].front() != first || choices[c].size() != 2) continue;
        const double second = probability(choices[c][1]);
        found[i][c] *= second;
        longer += second;
      }
      for (size_t c = 0; c < choices.size(); ++c) {
        if (choices[c].size() == 1 && choices[c].front() == first) found[i][c] *= 1 - longer;
      }
    }
    for (size_t i = begin; i < end; ++i) {
      llama_memory_seq_rm(memory, static_cast<int32_t>(1 + i - begin), -1, -1);
    }
  }
}

}  // namespace actogram
