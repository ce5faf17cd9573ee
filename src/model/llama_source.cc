#include "model/llama_source.h"

#include <ggml-backend.h>
#include <llama.h>

#include <algorithm>
#include <thread>

#include "actogram/error.h"
#include "core/unit_address.h"
#include "model/attention_weights.h"
#include "model/llama_log.h"
#include "model/llama_model.h"
#include "model/mlp_weights.h"
#include "model/row_batch.h"
#include "model/site_plan.h"
#include "model/tap.h"

namespace actogram {
namespace {

struct Limits {
  uint32_t batch_rows;
  uint32_t context;
};

Limits make_limits(const LlamaModel& model, const LlamaSourceOptions& options) {
  const uint32_t trained = model.info().trained_context;
  if (options.context > trained) {
    fail(Code::invalid,
         "a context of {} tokens is more than the {} that {} was trained for; choose {} or less",
         options.context, trained, model.path().filename().string(), trained);
  }
  const size_t rows =
      std::max(round_up(std::max(options.batch_rows, 1U)), round_up(options.context));
  if (rows > kMaxBatchRows) {
    fail(Code::invalid, "a batch of {} rows is more than the {} that this version can run", rows,
         kMaxBatchRows);
  }
  Limits limits{static_cast<uint32_t>(rows), options.context};
  if (limits.context == 0) limits.context = std::min(limits.batch_rows, trained);
  // Filler rows have positions too, and a table of learned ones ends at the trained context.
  if (find_architecture(model.info().architecture).learned_positions &&
      round_up(limits.context) > trained) {
    limits.context = trained / kTile * kTile;
    if (options.context > limits.context || limits.context == 0) {
      fail(Code::unsupported, "{} knows {} positions, so a context has {} tokens at most, not {}",
           model.info().name, trained, limits.context, options.context);
    }
  }
  return limits;
}

uint32_t threads_of(const LlamaSourceOptions& options) {
  return options.n_threads ? options.n_threads : std::max(1U, std::thread::hardware_concurrency());
}

struct ContextFree {
  void operator()(llama_context* context) const { llama_free(context); }
};
using Context = std::unique_ptr<llama_context, ContextFree>;

Context make_context(const LlamaModel& model, const LlamaSourceOptions& options,
                     const Limits& limits, Tap& tap) {
  if (!model.has_weights()) {
    fail(Code::invalid, "{} was loaded for its vocabulary only", model.path().string());
  }
  const uint32_t threads = threads_of(options);
  llama_context_params params = llama_context_default_params();
  params.n_ctx = params.n_batch = params.n_ubatch = limits.batch_rows;
  params.n_seq_max = limits.batch_rows / kTile;
  params.n_threads = params.n_threads_batch = static_cast<int32_t>(threads);
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  params.type_k = params.type_v = GGML_TYPE_F32;
  params.kv_unified = true;
  params.embeddings = false;
  params.swa_full = true;
  params.no_perf = true;
  params.cb_eval = Tap::on_eval;
  params.cb_eval_user_data = &tap;
  params.abort_callback = Tap::aborted;
  params.abort_callback_data = &tap;
  const LlamaLog log;
  Context context(llama_init_from_model(model.handle(), params));
  if (!context) {
    fail(Code::environment, "llama.cpp cannot make a context of {} rows for {}: {}",
         limits.batch_rows, model.info().name, log.text());
  }
  return context;
}

bool is_hook_post(const Site& site) { return site.name.ends_with(hook_name(Quantity::hook_post)); }

}  // namespace

class LlamaSource::Impl {
 public:
  Impl(const LlamaModel& model, const LlamaSourceOptions& options)
      : model_(model),
        plan_(make_site_plan(model, options)),
        limits_(make_limits(model, options)),
        n_threads_(threads_of(options)),
        tap_(plan_.tensors, plan_.gate_function ? Tap::Gates::yes : Tap::Gates::no),
        context_(make_context(model, options, limits_, tap_)),
        batch_(limits_.batch_rows) {}

  void run(std::span<const std::span<const int32_t>> sequences, const Sink& sink);

  const std::vector<Site>& sites() const { return plan_.sites; }
  const Limits& limits() const { return limits_; }
  std::optional<GateFunction> gate_function() const { return plan_.gate_function; }
  std::vector<NeuronWeights> neuron_weights(size_t site) const {
    if (!plan_.gate_function || !is_hook_post(plan_.sites.at(site))) return {};
    return mlp_weights(model_, plan_.sites.at(site).layer, n_threads_);
  }
  std::optional<AttentionWeights> attention_weights(size_t site) const {
    if (!is_attention_site(plan_.sites.at(site).name)) return std::nullopt;
    return read_attention_weights(model_, plan_.sites.at(site).layer);
  }

 private:
  void fill_batch(std::span<const std::span<const int32_t>> sequences);
  void check_sequence(std::span<const int32_t> sequence) const;
  void decode();
  void hand_out(size_t tensor, const Tapped& found, const Sink& sink) const;
  void hand_out(size_t site, const TappedAttention& found, const Sink& sink) const;

  const LlamaModel& model_;
  SitePlan plan_;
  Limits limits_;
  uint32_t n_threads_;
  Tap tap_;
  Context context_;
  RowBatch batch_;
};

void LlamaSource::Impl::check_sequence(std::span<const int32_t> sequence) const {
  if (sequence.empty() || sequence.size() > limits_.context) {
    fail(Code::invalid, "a sequence has {} tokens; this source takes 1 to {}", sequence.size(),
         limits_.context);
  }
  if (batch_.n_rows() + round_up(sequence.size()) > limits_.batch_rows) {
    fail(Code::invalid, "the sequences of a batch take more than {} rows", limits_.batch_rows);
  }
  for (const int32_t token : sequence) {
    if (token < 0 || static_cast<uint32_t>(token) >= model_.info().n_vocab) {
      fail(Code::invalid, "there is no token {}: {} has {}", token, model_.info().name,
           model_.info().n_vocab);
    }
  }
}

void LlamaSource::Impl::fill_batch(std::span<const std::span<const int32_t>> sequences) {
  batch_.clear();
  for (const auto& sequence : sequences) {
    check_sequence(sequence);
    // From the middle of the model's last layer on, llama.cpp keeps only rows marked as output.
    batch_.add(sequence, plan_.last_layer);
  }
}

// Where rows are marked as output, llama.cpp reserves n_vocab floats for each, and copies as many
// out of a buffer that holds no logits after a stop: 100 MB for 512 rows of SmolLM2-135M, some 30
// ms of 4300 (one thread), and 0.5 GB for Gemma. It does not copy after an abort, so that is how a
// run of the last layer ends; the price is the one node that runs before the abort is noticed, and
// that is no product (Tap::leave). Devices that do not poll for an abort pay for the copy. A
// smaller batch_rows reserves less.
void LlamaSource::Impl::decode() {
  const LlamaLog log;
  llama_memory_clear(llama_get_memory(context_.get()), false);
  const int32_t status = llama_decode(context_.get(), batch_.view());
  constexpr int32_t kAborted = 2;
  if (status == 0 || (status == kAborted && tap_.done())) return;
  fail(Code::environment, "llama.cpp cannot run a batch of {} rows (status {}): {}",
       batch_.n_rows(), status, log.text());
}

void LlamaSource::Impl::hand_out(size_t tensor, const Tapped& tapped, const Sink& sink) const {
  const TensorValues& found = tapped.values;
  for (const SiteTap& tap : plan_.sites_of[tensor]) {
    const Site& site = plan_.sites[tap.site];
    if (plan_.tensors[tensor].attention) return hand_out(tap.site, tapped.attention, sink);
    if (found.n_rows != batch_.n_rows() || found.n_columns < tap.first_column + site.n_units) {
      fail(Code::unsupported, "{} was found as [{}, {}] values, expected [{}, {}]", site.name,
           found.n_rows, found.n_columns, batch_.n_rows(), site.n_units);
    }
    sink({.site = tap.site,
          .values = found.values + tap.first_column,
          .n_rows = found.n_rows,
          .row_stride = found.row_stride,
          .first_row = batch_.first_row(),
          .gate = tapped.gates.gate,
          .linear = tapped.gates.linear,
          .gate_stride = tapped.gates.row_stride});
  }
}

void LlamaSource::Impl::hand_out(size_t index, const TappedAttention& found,
                                 const Sink& sink) const {
  const Site& site = plan_.sites[index];
  const AttentionShape expected = attention_shape(model_, site.layer);
  if (found.n_rows != batch_.n_rows() || found.n_keys < found.n_rows ||
      found.n_heads != expected.n_heads || found.n_kv_heads != expected.n_kv_heads ||
      found.d_head != expected.d_head) {
    fail(Code::unsupported,
         "{} was found as {} heads of {} rows by {} keys and values [{}, {}], expected {} of {} "
         "and [{}, {}]",
         site.name, found.n_heads, found.n_rows, found.n_keys, found.n_kv_heads, found.d_head,
         expected.n_heads, batch_.n_rows(), expected.n_kv_heads, expected.d_head);
  }
  sink({.site = index,
        .n_rows = found.n_rows,
        .first_row = batch_.first_row(),
        .attention = &found.values});
}

void LlamaSource::Impl::run(std::span<const std::span<const int32_t>> sequences, const Sink& sink) {
  if (sequences.empty()) return;
  fill_batch(sequences);
  const Tap::Sink on_tensor = [&](size_t tensor, const Tapped& found) {
    hand_out(tensor, found, sink);
  };
  tap_.start(on_tensor, plan_.last_layer ? Tap::Stop::abort : Tap::Stop::split);
  decode();
  tap_.finish();
}

LlamaSource::LlamaSource(const LlamaModel& model, const LlamaSourceOptions& options)
    : impl_(std::make_unique<Impl>(model, options)) {}

LlamaSource::~LlamaSource() = default;

const std::vector<Site>& LlamaSource::sites() const { return impl_->sites(); }

size_t LlamaSource::batch_rows() const { return impl_->limits().batch_rows; }

size_t LlamaSource::rows_of(size_t n_tokens) const { return round_up(n_tokens); }

std::optional<GateFunction> LlamaSource::gate_function() const { return impl_->gate_function(); }

std::vector<NeuronWeights> LlamaSource::neuron_weights(size_t site) {
  return impl_->neuron_weights(site);
}

std::optional<AttentionWeights> LlamaSource::attention_weights(size_t site) {
  return impl_->attention_weights(site);
}

size_t LlamaSource::max_context() const { return impl_->limits().context; }

void LlamaSource::run(std::span<const std::span<const int32_t>> sequences, const Sink& sink) {
  impl_->run(sequences, sink);
}

}  // namespace actogram
