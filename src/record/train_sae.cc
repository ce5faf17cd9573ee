#include "record/train_sae.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "core/unit_address.h"
#include "model/llama_source.h"
#include "model/llama_tokenizer.h"
#include "record/activation_files.h"
#include "record/named_model.h"
#include "record/recorded_sae.h"
#include "record/training_split.h"
#include "record/work_corpus.h"
#include "sae/input_norm.h"
#include "sae/random_numbers.h"
#include "sae/saelens_writer.h"
#include "sae/trainer.h"
#include "store/provenance.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxSample = 32'768;  // rows that the first bias is taken from
constexpr const char* kStateFile = "state";
constexpr const char* kResult = "result.safetensors";

enum Stream : uint64_t { kSample = 100, kOrder };

Json options_json(const TrainSaeOptions& options) {
  Json json = {{"site", options.site},
               {"n_latents", options.n_latents},
               {"k", options.k},
               {"input_norm", name_of(options.input_norm)},
               {"epochs", options.epochs},
               {"batch", options.batch},
               {"learning_rate", options.learning_rate},
               {"k_aux", options.k_aux},
               {"dead_tokens", options.dead_tokens},
               {"seed", options.seed},
               {"buffer_bytes", options.buffer_bytes}};
  json.update(to_json(options.corpus));
  return json;
}

void check(const TrainSaeOptions& options) {
  check_free(options.output);
  if (options.k == 0 || options.k > options.n_latents) {
    fail(Code::invalid, "--k {}: of {} latents, 1 to {} can be on", options.k, options.n_latents,
         options.n_latents);
  }
  if (options.epochs == 0 || options.batch == 0) {
    fail(Code::invalid, "--epochs {} --batch {}: both are 1 at least", options.epochs,
         options.batch);
  }
  if (!std::isfinite(options.learning_rate) || options.learning_rate < 0) {
    fail(Code::invalid, "--lr {}: it must be above 0", options.learning_rate);
  }
}

// The learning rate over a run: up in its first twentieth, down to 0 in its last fifth.
double schedule(uint64_t step, uint64_t n_steps) {
  const auto now = static_cast<double>(step), all = static_cast<double>(n_steps);
  const double warmup = std::clamp(all / 20, 1.0, 1000.0), decay = std::max(all / 5, 1.0);
  return std::min({1.0, (now + 1) / warmup, (all - now) / decay});
}

uint64_t count_tokens(const CorpusTables& corpus, std::span<const uint32_t> sequences) {
  uint64_t n = 0;
  for (const uint32_t s : sequences) n += corpus.sequence(s).n_tokens;
  return n;
}

class SaeTraining {
 public:
  SaeTraining(const TrainSaeOptions& options, const CorpusTables& corpus, ActivationSource& source,
              const WorkFolder& folder, const ProgressFn& progress);

  TrainSaeReport run();
  void write(const Json& metadata) const;
  // What was asked for, with the defaults that depend on the site and the corpus.
  Json options() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Round {
    std::vector<ActivationPart> parts;
    uint64_t n_tokens = 0;
  };

  void plan_rounds(std::vector<ActivationPart> parts);
  uint64_t steps_of(uint64_t n_rows) const;
  TrainerOptions trainer_options() const;

  void fill(std::span<const ActivationPart> parts);
  void begin(const ActivationRows& rows);
  void train(const ActivationRows& rows);
  void prepare(const ActivationRows& rows, std::span<const uint32_t> order,
               std::vector<float>& out);
  void tell(uint64_t done);

  bool restore();
  void save();

  const TrainSaeOptions& options_;
  const CorpusTables& corpus_;
  ActivationSource& source_;
  const WorkFolder& folder_;
  const ProgressFn& progress_;
  size_t width_;
  TrainingSplit split_;
  std::vector<ActivationPart> held_out_parts_;
  std::vector<Round> rounds_;
  uint64_t n_training_tokens_ = 0;
  uint64_t n_filled_ = 0, n_to_fill_ = 0;  // tokens
  uint64_t n_steps_ = 0;                   // of the whole run, as planned
  SaeTrainer trainer_;
  Sae norm_;  // for prepare_row(): how the model's values are normalised
  std::vector<float> held_out_;
  std::string note_;
  uint64_t done_before_ = 0;
  Clock::time_point last_checkpoint_ = Clock::now();

  // Where training is: in which round, before which of its steps.
  uint64_t round_ = 0, step_ = 0;
};

SaeTraining::SaeTraining(const TrainSaeOptions& options, const CorpusTables& corpus,
                         ActivationSource& source, const WorkFolder& folder,
                         const ProgressFn& progress)
    : options_(options),
      corpus_(corpus),
      source_(source),
      folder_(folder),
      progress_(progress),
      width_(source.sites().at(0).n_units),
      split_(split_corpus(corpus)),
      held_out_parts_(plan_parts(corpus, split_.held_out, folder.path(), "held_out")),
      n_training_tokens_(count_tokens(corpus, split_.training)),
      trainer_(trainer_options()) {
  plan_rounds(plan_parts(corpus, split_.training, folder.path(), "rows"));
  norm_.input_norm = options.input_norm;
}

TrainerOptions SaeTraining::trainer_options() const {
  constexpr uint64_t kManyTokens = 10'000'000;
  const uint64_t all = n_training_tokens_ * options_.epochs;
  return {.d_in = static_cast<uint32_t>(width_),
          .n_latents = options_.n_latents,
          .k = options_.k,
          .k_aux = options_.k_aux,
          .dead_tokens = options_.dead_tokens != 0 ? options_.dead_tokens
                                                   : std::clamp<uint64_t>(all / 10, 1, kManyTokens),
          .seed = options_.seed,
          .n_threads = options_.n_threads};
}

void SaeTraining::plan_rounds(std::vector<ActivationPart> parts) {
  const uint64_t room = options_.buffer_bytes / (width_ * sizeof(float));
  for (const ActivationPart& part : held_out_parts_) n_to_fill_ += part.n_tokens;
  for (ActivationPart& part : parts) {
    if (rounds_.empty() || rounds_.back().n_tokens + part.n_tokens > room) rounds_.emplace_back();
    rounds_.back().n_tokens += part.n_tokens;
    n_to_fill_ += part.n_tokens;
    rounds_.back().parts.push_back(std::move(part));
  }
  for (const Round& round : rounds_) n_steps_ += steps_of(round.n_tokens);
}

uint64_t SaeTraining::steps_of(uint64_t n_rows) const {
  return options_.epochs * std::max<uint64_t>(n_rows / options_.batch, 1);
}

void SaeTraining::fill(std::span<const ActivationPart> parts) {
  for (const ActivationPart& part : parts) {
    progress_({"running the model", n_filled_, n_to_fill_, 0, "tokens"});
    ensure_part(part, corpus_, source_);
    n_filled_ += part.n_tokens;
  }
  progress_({"running the model", n_filled_, n_to_fill_, 0, "tokens"});
}

void SaeTraining::prepare(const ActivationRows& rows, std::span<const uint32_t> order,
                          std::vector<float>& out) {
  constexpr size_t kRowsAtOnce = 16;
  out.resize(order.size() * width_);
  trainer_.pool().parallel_for(
      (order.size() + kRowsAtOnce - 1) / kRowsAtOnce, [&](size_t item, size_t) {
        const size_t end = std::min(order.size(), (item + 1) * kRowsAtOnce);
        for (size_t i = item * kRowsAtOnce; i < end; ++i) {
          prepare_row(norm_, rows.row(order[i]), std::span(out).subspan(i * width_, width_));
        }
      });
}

void SaeTraining::begin(const ActivationRows& rows) {
  std::vector<uint32_t> sample =
      shuffled(static_cast<uint32_t>(rows.size()), RandomNumbers(options_.seed, kSample));
  sample.resize(std::min(sample.size(), kMaxSample));
  if (options_.input_norm == InputNorm::scale) {
    double length = 0;
    for (const uint32_t i : sample) {
      double squares = 0;
      for (const double x : rows.row(i)) squares += x * x;
      length += std::sqrt(squares);
    }
    const auto n = static_cast<double>(sample.size());
    if (length == 0) fail(Code::invalid, "{}: all values are 0", options_.site);
    norm_.input_scale = static_cast<float>(std::sqrt(static_cast<double>(width_)) * n / length);
  }
  std::vector<float> prepared;
  prepare(rows, sample, prepared);
  trainer_.begin(prepared.data(), sample.size());
}

void SaeTraining::tell(uint64_t done) {
  progress_({"training", done * options_.batch, n_steps_ * options_.batch,
             done_before_ * options_.batch, "tokens", note_});
}

void SaeTraining::train(const ActivationRows& rows) {
  constexpr uint64_t kReports = 20;
  const auto n_rows = static_cast<uint32_t>(rows.size());
  const uint64_t n_steps = steps_of(n_rows), per_epoch = n_steps / options_.epochs;
  const size_t batch = std::min<size_t>(options_.batch, n_rows);
  std::vector<uint32_t> order;
  std::vector<float> prepared;
  for (; step_ < n_steps; ++step_) {
    const uint64_t epoch = step_ / per_epoch, done = trainer_.n_steps();
    if (order.empty() || step_ % per_epoch == 0) {
      order = shuffled(n_rows, RandomNumbers(options_.seed, mix64(kOrder + mix64(round_)) + epoch));
    }
    if (done % std::max<uint64_t>(n_steps_ / kReports, 1) == 0 || note_.empty()) {
      const Evaluation found = trainer_.evaluate(held_out_.data(), held_out_.size() / width_);
      note_ = fmt::format("FVU {:.3f}, L0 {:.1f}, dead {:.1f} %", found.fvu, found.l0,
                          100 * found.dead_share);
    }
    tell(done);
    prepare(rows, std::span(order).subspan(step_ % per_epoch * batch, batch), prepared);
    trainer_.step(prepared.data(), batch,
                  options_.learning_rate * schedule(std::min(done, n_steps_ - 1), n_steps_));
    const std::chrono::duration<double> since = Clock::now() - last_checkpoint_;
    if (since.count() < options_.checkpoint_seconds) continue;
    ++step_;
    save();
    --step_;
  }
}

TrainSaeReport SaeTraining::run() {
  bool begun = restore();
  done_before_ = begun ? trainer_.n_steps() : 0;
  fill(held_out_parts_);
  for (uint64_t r = 0; r < round_; ++r) n_filled_ += rounds_[r].n_tokens;
  for (; round_ < rounds_.size(); ++round_) {
    if (round_ > 0) {
      for (const ActivationPart& part : rounds_[round_ - 1].parts) fs::remove(part.path);
    }
    fill(rounds_[round_].parts);
    const ActivationRows rows(rounds_[round_].parts, width_);
    if (rows.size() == 0) fail(Code::invalid, "{}: no value is finite", options_.site);
    if (!begun) begin(rows);
    begun = true;
    if (held_out_.empty()) {
      const ActivationRows held_out(held_out_parts_, width_);
      std::vector<uint32_t> order(held_out.size());
      for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
      prepare(held_out, order, held_out_);
    }
    train(rows);
    step_ = 0;
    ++round_;
    save();
    --round_;
  }
  const Evaluation found = trainer_.evaluate(held_out_.data(), held_out_.size() / width_);
  tell(trainer_.n_steps());
  return {.n_tokens = corpus_.n_tokens(),
          .n_held_out = held_out_.size() / width_,
          .n_steps = trainer_.n_steps(),
          .fvu = found.fvu,
          .l0 = found.l0,
          .dead_share = found.dead_share,
          .resumed = folder_.resumed()};
}

Json SaeTraining::options() const {
  Json options = options_json(options_);
  options["k_aux"] = trainer_.options().k_aux;
  options["dead_tokens"] = trainer_.options().dead_tokens;
  return options;
}

void SaeTraining::write(const Json& metadata) const {
  const bool file = fs::path(options_.output).extension() == ".safetensors";
  fs::remove_all(folder_.file(kResult));  // a stopped run's
  write_saelens(folder_.file(kResult), file ? SaeLayout::file : SaeLayout::folder,
                {.d_in = static_cast<uint32_t>(width_),
                 .n_latents = options_.n_latents,
                 .k = options_.k,
                 .input_norm = options_.input_norm,
                 .input_scale = norm_.input_scale,
                 .w_enc = trainer_.w_enc(),
                 .w_dec = trainer_.w_dec(),
                 .b_enc = trainer_.b_enc(),
                 .b_dec = trainer_.b_dec()},
                metadata);
}

//   state := round:u64 step:u64 input_scale:f32 trainer:byte[*] check:char[32]
// `check` is the XXH3-128 of all before it, for a disk that lost something.
struct StateHead {
  uint64_t round = 0;
  uint64_t step = 0;
  float input_scale = 1;
};
constexpr size_t kHeadBytes = 2 * sizeof(uint64_t) + sizeof(float), kCheckBytes = 32;

void SaeTraining::save() {
  const std::string path = folder_.file(kStateFile), beside = path + ".new";
  FileWriter file(beside);
  file.write(std::as_bytes(std::span(&round_, 1)));
  file.write(std::as_bytes(std::span(&step_, 1)));
  file.write(std::as_bytes(std::span(&norm_.input_scale, 1)));
  trainer_.save([&](std::span<const std::byte> part) { file.write(part); });
  file.write(std::string_view(file.checksum()));
  file.finish();
  rename_durably(beside, path);
  last_checkpoint_ = Clock::now();
}

bool SaeTraining::restore() {
  const std::string path = folder_.file(kStateFile);
  if (!fs::exists(path)) return false;
  const MappedFile file(path);
  const auto bytes = file.bytes();
  Checksum checksum;
  if (bytes.size() > kHeadBytes + kCheckBytes) {
    checksum.update(bytes.first(bytes.size() - kCheckBytes));
  }
  if (bytes.size() <= kHeadBytes + kCheckBytes ||
      file.text().substr(bytes.size() - kCheckBytes) != checksum.hex()) {
    fail(Code::corrupt, "{}: is damaged; remove {} and begin again", path, folder_.path());
  }
  std::memcpy(&round_, bytes.data(), sizeof(round_));
  std::memcpy(&step_, bytes.data() + sizeof(round_), sizeof(step_));
  std::memcpy(&norm_.input_scale, bytes.data() + 2 * sizeof(uint64_t), sizeof(float));
  trainer_.restore(bytes.subspan(kHeadBytes, bytes.size() - kHeadBytes - kCheckBytes));
  return true;
}

Json metadata_of(Json options, Json model, Json corpus, const TrainSaeReport& report) {
  std::string inputs;
  for (const Json& source : corpus.at("sources")) {
    inputs.append(inputs.empty() ? "" : ", ").append(source.at("name").get<std::string>());
  }
  model.erase("metadata");
  corpus.erase("files");
  const bool bos = corpus.value("uses_bos", false);
  return {{"model_name", model.at("name")},
          {"hook_name", options.at("site")},
          {"context_size", options.at("context")},
          {"prepend_bos", bos},
          {"dataset_path", inputs},
          {"actogram",
           {{"program", kProgram},
            {"simd", simd_class()},
            {"model", std::move(model)},
            {"corpus", std::move(corpus)},
            {"options", std::move(options)},
            {"n_steps", report.n_steps},
            {"held_out",
             {{"n_tokens", report.n_held_out},
              {"fvu", report.fvu},
              {"l0", report.l0},
              {"dead_share", report.dead_share}}}}}};
}

TrainSaeReport train_on(ActivationSource& source, const Tokenizer& tokenizer, const Json& model,
                        const TrainSaeOptions& options, const ProgressFn& progress) {
  if (options.corpus.sequences.context > source.max_context()) {
    fail(Code::invalid, "a context of {} tokens is asked for; the model reads {} at most",
         options.corpus.sequences.context, source.max_context());
  }
  const Json identity = {{"model", model},
                         {"corpus", corpus_fingerprint(options.corpus.corpus)},
                         {"options", options_json(options)}};
  WorkFolder folder(options.output, identity, options.command);
  const Json corpus = ensure_corpus(folder, options.corpus, tokenizer, progress);
  TrainSaeReport report;
  {
    const CorpusTables tables(folder.path());
    SaeTraining training(options, tables, source, folder, progress);
    report = training.run();
    training.write(metadata_of(training.options(), model, corpus, report));
  }
  folder.finish_with(kResult);
  return report;
}

}  // namespace

TrainSaeReport train_sae(const TrainSaeOptions& typed, const ProgressFn& progress) {
  TrainSaeOptions options = typed;
  while (options.output.size() > 1 && options.output.ends_with('/')) options.output.pop_back();
  options.site = full_site_name(options.site);
  check_sae_site(options.site, "--site");
  check(options);
  if (options.learning_rate == 0) {
    options.learning_rate = 2e-4 * std::sqrt(16384.0 / options.n_latents);
  }
  if (auto fake = parse_fake(options.model)) {
    const uint32_t layer = layer_of_site(options.site);
    const std::string block = fmt::format("blocks.{}.", layer);
    if (!options.site.starts_with(block)) {
      fail(Code::invalid, "--site {}: write, for example, 0.resid_post", options.site);
    }
    fake->layers = {layer};
    fake->part = "";
    fake->hooks = {options.site.substr(block.size())};
    FakeModel source(*fake);
    const Json model = {
        {"name", options.model}, {"architecture", "fake"}, {"n_layers", fake->n_layers}};
    return train_on(source, FakeTokenizer(), model, options, progress);
  }
  const LlamaModel model(options.model);
  LlamaSource source(model, {.sites = {options.site},
                             .context = options.corpus.sequences.context,
                             .batch_rows = options.batch_rows,
                             .n_threads = options.n_threads});
  const LlamaTokenizer tokenizer(model);
  return train_on(source, tokenizer, model_json(model), options, progress);
}

std::string to_json_text(const TrainSaeReport& report, const std::string& output) {
  return to_text(Json{{"sae", output},
                      {"n_tokens", report.n_tokens},
                      {"n_held_out", report.n_held_out},
                      {"n_steps", report.n_steps},
                      {"fvu", report.fvu},
                      {"l0", report.l0},
                      {"dead_share", report.dead_share},
                      {"resumed", report.resumed}});
}

}  // namespace actogram
