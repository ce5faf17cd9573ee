#include "model/llama_source.h"

#include <ggml-backend.h>
#include <llama.h>

#include <algorithm>
#include <set>
#include <thread>

#include "actogram/error.h"
#include "model/llama_log.h"
#include "model/llama_model.h"
#include "model/tap.h"

namespace actogram {
namespace {

// A row of a product, and of the attention over cells, is computed in tiles of 16 by AVX-512 and
// less by narrower CPUs; a sequence that begins inside a tile would get other roundings.
constexpr uint32_t kTile = 16;
// llama.cpp has 256 sequences at most, and each takes a tile at least.
constexpr uint32_t kMaxBatchRows = 256 * kTile;

constexpr size_t round_up(size_t n) { return (n + kTile - 1) / kTile * kTile; }

// Where one site's values lie in a tapped tensor.
struct SiteTap {
  size_t site = 0;
  size_t first_column = 0;
};

// The tensors to tap and the sites in each; two sites share a fused tensor.
struct Plan {
  std::vector<Site> sites;
  std::vector<TensorTap> tensors;
  std::vector<std::vector<SiteTap>> sites_of;  // [tensor]
  bool last_layer = false;                     // whether the model's last layer is among them
};

void refuse_experts(const LlamaModel& model, const std::string& architecture) {
  for (const auto& [key, value] : model.info().metadata) {
    if (key == architecture + ".expert_count" && value != "0") {
      fail(Code::unsupported,
           "{} is a mixture of {} experts; this version records from dense models ({})",
           model.path().string(), value, architecture);
    }
  }
}

std::vector<uint32_t> wanted_layers(const LlamaModel& model, const LlamaSourceOptions& options) {
  std::set<uint32_t> layers(options.layers.begin(), options.layers.end());
  for (uint32_t layer = 0; options.layers.empty() && layer < model.info().n_layers; ++layer) {
    layers.insert(layer);
  }
  if (layers.empty()) fail(Code::corrupt, "{} has no layers", model.path().string());
  if (*layers.rbegin() >= model.info().n_layers) {
    fail(Code::invalid, "there is no layer {}: {} has layers 0 to {}", *layers.rbegin(),
         model.info().name, model.info().n_layers - 1);
  }
  return {layers.begin(), layers.end()};
}

void add_site(Plan& plan, const LlamaModel& model, const Architecture& architecture,
              Quantity quantity, uint32_t layer) {
  const TensorTap tap = tensor_tap(architecture, quantity, layer,
                                   [&](const std::string& name) { return model.has_tensor(name); });
  const uint32_t n_ff = model.n_ff(layer);
  if (n_ff == 0) fail(Code::unsupported, "layer {} of {} has no MLP", layer, model.info().name);
  const auto same = std::find_if(plan.tensors.begin(), plan.tensors.end(),
                                 [&](const TensorTap& t) { return t.tensor == tap.tensor; });
  const auto index = static_cast<size_t>(same - plan.tensors.begin());
  if (same == plan.tensors.end()) {
    plan.tensors.push_back(tap);
    plan.sites_of.emplace_back();
  }
  plan.sites_of[index].push_back({plan.sites.size(), tap.upper_half ? n_ff : size_t{0}});
  plan.sites.push_back(
      {fmt::format("blocks.{}.mlp.{}", layer, quantity_name(quantity)), layer, n_ff});
}

Plan make_plan(const LlamaModel& model, const LlamaSourceOptions& options) {
  const Architecture& architecture = find_architecture(model.info().architecture);
  refuse_experts(model, model.info().architecture);
  const std::vector<uint32_t> layers = wanted_layers(model, options);
  const std::set<Quantity> quantities(options.quantities.begin(), options.quantities.end());
  if (quantities.empty()) fail(Code::invalid, "nothing to record: no quantity is chosen");
  Plan plan;
  plan.last_layer = layers.back() + 1 == model.info().n_layers;
  for (const uint32_t layer : layers) {
    for (const Quantity quantity : quantities) add_site(plan, model, architecture, quantity, layer);
  }
  if (options.taps == LlamaSourceOptions::Taps::bare) {
    plan.tensors = {last_tensor(layers.back())};
    plan.sites_of = {{}};
  }
  return plan;
}

struct Limits {
  uint32_t batch_rows;
  uint32_t context;
};

Limits make_limits(const LlamaModel& model, const LlamaSourceOptions& options) {
  const uint32_t trained = model.info().trained_context;
  if (options.context > trained) {
    fail(Code::invalid, "a context of {} tokens is more than the {} that {} was trained for",
         options.context, trained, model.info().name);
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

struct ContextFree {
  void operator()(llama_context* context) const { llama_free(context); }
};
using Context = std::unique_ptr<llama_context, ContextFree>;

Context make_context(const LlamaModel& model, const LlamaSourceOptions& options,
                     const Limits& limits, Tap& tap) {
  if (!model.has_weights()) {
    fail(Code::invalid, "{} was loaded for its vocabulary only", model.path().string());
  }
  const uint32_t threads =
      options.n_threads ? options.n_threads : std::max(1U, std::thread::hardware_concurrency());
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

// The arrays behind a llama_batch.
class Batch {
 public:
  explicit Batch(size_t capacity)
      : tokens_(capacity),
        positions_(capacity),
        n_ids_(capacity, 1),
        ids_(capacity),
        id_of_(capacity),
        outputs_(capacity) {
    for (size_t i = 0; i < capacity; ++i) id_of_[i] = &ids_[i];
  }

  void clear() {
    n_ = 0;
    first_row_.clear();
  }

  void add(std::span<const int32_t> sequence, bool output) {
    const auto id = static_cast<llama_seq_id>(first_row_.size());
    first_row_.push_back(static_cast<uint32_t>(n_));
    for (size_t i = 0; i < round_up(sequence.size()); ++i, ++n_) {
      tokens_[n_] = sequence[std::min(i, sequence.size() - 1)];
      positions_[n_] = static_cast<llama_pos>(i);
      ids_[n_] = id;
      outputs_[n_] = output;
    }
  }

  llama_batch view() {
    return {static_cast<int32_t>(n_), tokens_.data(), nullptr,
            positions_.data(),        n_ids_.data(),  id_of_.data(),
            outputs_.data()};
  }
  size_t n_rows() const { return n_; }
  std::span<const uint32_t> first_row() const { return first_row_; }

 private:
  size_t n_ = 0;
  std::vector<llama_token> tokens_;
  std::vector<llama_pos> positions_;
  std::vector<int32_t> n_ids_;
  std::vector<llama_seq_id> ids_;
  std::vector<llama_seq_id*> id_of_;
  std::vector<int8_t> outputs_;
  std::vector<uint32_t> first_row_;
};

}  // namespace

class LlamaSource::Impl {
 public:
  Impl(const LlamaModel& model, const LlamaSourceOptions& options)
      : model_(model),
        plan_(make_plan(model, options)),
        limits_(make_limits(model, options)),
        tap_(plan_.tensors),
        context_(make_context(model, options, limits_, tap_)),
        batch_(limits_.batch_rows) {}

  void run(std::span<const std::span<const int32_t>> sequences, const Sink& sink);

  const LlamaModel& model_;
  Plan plan_;
  Limits limits_;

 private:
  void fill_batch(std::span<const std::span<const int32_t>> sequences);
  void check_sequence(std::span<const int32_t> sequence) const;
  void decode();
  void hand_out(size_t tensor, const TensorValues& found, const Sink& sink) const;

  Tap tap_;
  Context context_;
  Batch batch_;
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

// Where rows are marked as output, llama.cpp would copy n_vocab floats for each out of a buffer
// that holds no logits after a stop. It does not after an abort, so that is how a run of the last
// layer ends; the price is the one node that runs before the abort is noticed. Devices that do not
// poll for an abort pay for the copy.
void LlamaSource::Impl::decode() {
  const LlamaLog log;
  llama_memory_clear(llama_get_memory(context_.get()), false);
  const int32_t status = llama_decode(context_.get(), batch_.view());
  constexpr int32_t kAborted = 2;
  if (status == 0 || (status == kAborted && tap_.done())) return;
  fail(Code::environment, "llama.cpp cannot run a batch of {} rows (status {}): {}",
       batch_.n_rows(), status, log.text());
}

void LlamaSource::Impl::hand_out(size_t tensor, const TensorValues& found, const Sink& sink) const {
  for (const SiteTap& tap : plan_.sites_of[tensor]) {
    const Site& site = plan_.sites[tap.site];
    if (found.n_rows != batch_.n_rows() || found.n_columns < tap.first_column + site.n_units) {
      fail(Code::unsupported, "{} was found as [{}, {}] values, expected [{}, {}]", site.name,
           found.n_rows, found.n_columns, batch_.n_rows(), site.n_units);
    }
    sink({.site = tap.site,
          .values = found.values + tap.first_column,
          .n_rows = found.n_rows,
          .row_stride = found.row_stride,
          .first_row = batch_.first_row()});
  }
}

void LlamaSource::Impl::run(std::span<const std::span<const int32_t>> sequences, const Sink& sink) {
  if (sequences.empty()) return;
  fill_batch(sequences);
  const Tap::Sink on_tensor = [&](size_t tensor, const TensorValues& found) {
    hand_out(tensor, found, sink);
  };
  tap_.start(on_tensor, plan_.last_layer ? Tap::Stop::abort : Tap::Stop::split);
  decode();
  tap_.finish();
}

LlamaSource::LlamaSource(const LlamaModel& model, const LlamaSourceOptions& options)
    : impl_(std::make_unique<Impl>(model, options)) {}

LlamaSource::~LlamaSource() = default;

const std::vector<Site>& LlamaSource::sites() const { return impl_->plan_.sites; }

size_t LlamaSource::batch_rows() const { return impl_->limits_.batch_rows; }

size_t LlamaSource::rows_of(size_t n_tokens) const { return round_up(n_tokens); }

size_t LlamaSource::max_context() const { return impl_->limits_.context; }

void LlamaSource::run(std::span<const std::span<const int32_t>> sequences, const Sink& sink) {
  impl_->run(sequences, sink);
}

}  // namespace actogram
