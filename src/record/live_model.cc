#include "record/live_model.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "base/hash.h"
#include "base/waiting_line.h"
#include "collate/value_norms.h"
#include "core/head_record.h"
#include "core/unit_address.h"
#include "model/fake_model.h"
#include "model/llama_model.h"
#include "model/llama_source.h"
#include "model/llama_tokenizer.h"
#include "record/corpus_pass.h"
#include "record/named_model.h"
#include "record/reopened_sae.h"
#include "sae/encoder.h"
#include "store/recording.h"

namespace actogram {
namespace {

using Clock = std::chrono::steady_clock;
using Check = std::function<void()>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Enough {};  // ends a run whose last wanted value is there

uint32_t n_threads() { return std::max(1U, std::thread::hardware_concurrency()); }

// An SAE of the recording, or why there is none.
struct Latents {
  std::optional<SaeEncoder> encoder;
  std::string hook;
  std::string problem;
};

void check_same_model(const Manifest& manifest, const std::string& model, const std::string& path) {
  if (manifest.holds != Holds::everything || manifest.provenance.contains("imported")) {
    fail(Code::invalid, "{}: imported, so no text can be run as it was", path);
  }
  const std::string what = path + ": model";
  const auto name = field<std::string>(manifest.model, "name", what);
  const bool is_fake_there = !manifest.model.contains("sha256");
  const bool same =
      is_fake(model) || is_fake_there
          ? name == model
          : field<std::string>(manifest.model, "sha256", what) == sha256_of_file(model);
  if (same) return;
  fail(Code::invalid, "--model {}: {} was recorded with another, {}", model, path,
       manifest.model.value("file", name));
}

Manifest manifest_of_model(const std::string& recording, const std::string& model) {
  Manifest manifest = read_manifest(recording);
  check_same_model(manifest, model, recording);
  return manifest;
}

// The rows of a batch of one sequence.
const float* first_row(const SiteValues& values) { return values.row(values.first_row.front()); }

}  // namespace

class LiveModel::Impl {
 public:
  Impl(const std::string& model, const std::string& recording, const LiveLimits& limits);

  TypedUnit unit(const UnitAddress& unit, std::string_view text, const IsLeft& is_left);
  TypedUnits units(std::string_view text, const IsLeft& is_left);
  const LiveLimits& limits() const { return limits_; }
  const std::string& model() const { return model_; }
  const LlamaModel* llama() const { return llama_ ? &*llama_ : nullptr; }

 private:
  using Tokens = std::vector<Token>;
  using Sink = std::function<void(const SiteValues& values)>;

  void open(const std::string& model);
  void open_latents();
  TypedText cut(std::string_view text) const;
  Check check_of(const IsLeft& is_left) const;
  void run(const Tokens& tokens, const Check& check, const Sink& sink);
  size_t source_site(const std::string& name) const;
  std::vector<float> norms_of(const SiteValues& values, size_t head);

  void take_neuron(const SiteValues& values, uint32_t unit, TypedValues& into) const;
  void take_head(const SiteValues& values, uint32_t head, TypedValues& into);
  void take_latent(const SiteValues& values, Latents& latents, uint32_t unit, TypedValues& into);

  void add_neurons(const SiteValues& values, const Tokens& tokens, uint32_t sequence,
                   std::vector<TypedExtremes>& units) const;
  void add_heads(const SiteValues& values, const Tokens& tokens, uint32_t sequence,
                 std::vector<TypedExtremes>& heads);
  void add_latents(const SiteValues& values, const Tokens& tokens, uint32_t sequence,
                   SaeEncoder& encoder, std::vector<TypedExtremes>& units) const;

  std::string model_;
  std::string path_;
  Manifest manifest_;
  LiveLimits limits_;
  SequenceOptions sequences_;
  std::optional<LlamaModel> llama_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<ActivationSource> source_;
  std::map<std::string, Latents> latents_;  // [site of the recording]
  ThreadPool threads_{n_threads()};
  std::map<size_t, ValueNorms> norms_;  // [site of the source], as far as asked for
  WaitingLine line_;
};

LiveModel::Impl::Impl(const std::string& model, const std::string& recording,
                      const LiveLimits& limits)
    : model_(model),
      path_(recording),
      manifest_(manifest_of_model(recording, model)),
      limits_(limits),
      sequences_(sequence_options(manifest_.options, recording + ": options")),
      line_(limits.in_line) {
  open_latents();
  open(model);
}

void LiveModel::Impl::open_latents() {
  for (const Json& facts : manifest_.saes) {
    Latents& latents = latents_[field<std::string>(facts, "site", path_ + ": saes")];
    try {
      RecordedSae sae = open_again(facts);
      latents.hook = sae.hook;
      latents.encoder.emplace(std::move(sae.sae), n_threads());
    } catch (const Error& error) {
      latents.problem = error.what();
    }
  }
}

void LiveModel::Impl::open(const std::string& model) {
  if (auto fake = parse_fake(model)) {
    source_ = std::make_unique<FakeModel>(*fake);
    tokenizer_ = std::make_unique<FakeTokenizer>();
    return;
  }
  llama_.emplace(model);
  std::vector<std::string> sites;
  for (const Site& site : manifest_.dense_sites()) sites.push_back(site.name);
  for (const auto& [name, latents] : latents_) {
    if (latents.encoder) sites.push_back(latents.hook);
  }
  source_ =
      std::make_unique<LlamaSource>(*llama_, LlamaSourceOptions{.sites = sites,
                                                                .context = sequences_.context,
                                                                .batch_rows = sequences_.context});
  tokenizer_ = std::make_unique<LlamaTokenizer>(*llama_);
}

TypedText LiveModel::Impl::cut(std::string_view text) const {
  if (text.size() > limits_.bytes) {
    fail(Code::invalid, "a text has up to {} bytes, this has {}", limits_.bytes, text.size());
  }
  TypedText typed{std::string(text), {}};
  Document document;
  document.text = text;
  Sequencer sequencer(*tokenizer_, sequences_);
  sequencer.start(std::move(document));
  while (auto sequence = sequencer.next()) typed.sequences.push_back(std::move(sequence->tokens));
  if (typed.n_tokens() == 0) fail(Code::invalid, "the text has no token");
  if (typed.n_tokens() > limits_.tokens) {
    fail(Code::invalid, "a text has up to {} tokens, this has {}", limits_.tokens,
         typed.n_tokens());
  }
  return typed;
}

Check LiveModel::Impl::check_of(const IsLeft& is_left) const {
  return [this, is_left, end = Clock::now() + limits_.time] {
    if (is_left()) throw Busy("nobody waits for the answer any more");
    if (Clock::now() < end) return;
    throw Busy(fmt::format("the model did not come to an end in {} s; try a shorter text, or later",
                           std::chrono::duration<double>(limits_.time).count()));
  };
}

void LiveModel::Impl::run(const Tokens& tokens, const Check& check, const Sink& sink) {
  std::vector<int32_t> ids;
  for (const Token& token : tokens) ids.push_back(token.id);
  const std::span<const int32_t> sequence = ids;
  check();
  try {
    source_->run({&sequence, 1}, [&](const SiteValues& values) {
      check();
      sink(values);
    });
  } catch (const Enough&) {
  }
}

size_t LiveModel::Impl::source_site(const std::string& name) const {
  const auto found = std::ranges::find(source_->sites(), name, &Site::name);
  if (found != source_->sites().end()) {
    return static_cast<size_t>(found - source_->sites().begin());
  }
  fail(Code::invalid, "{}: the model has no such site", name);
}

// Of all rows of the batch.
std::vector<float> LiveModel::Impl::norms_of(const SiteValues& values, size_t head) {
  const AttentionValues& attention = *values.attention;
  if (attention.value_norms != nullptr) {
    const float* norms = attention.value_norms + head * attention.norm_stride;
    return {norms, norms + values.n_rows};
  }
  auto known = norms_.find(values.site);
  if (known == norms_.end()) {
    known =
        norms_.try_emplace(values.site, *source_->attention_weights(values.site), threads_).first;
  }
  std::vector<float> norms;
  known->second.of_head(attention, head, values.n_rows, norms);
  return norms;
}

void LiveModel::Impl::take_neuron(const SiteValues& values, uint32_t unit,
                                  TypedValues& into) const {
  for (size_t t = 0; t < into.values.size(); ++t) {
    into.values[t] = first_row(values)[t * values.row_stride + unit];
  }
}

void LiveModel::Impl::take_head(const SiteValues& values, uint32_t head, TypedValues& into) {
  const AttentionValues& attention = *values.attention;
  const size_t first = values.first_row.front(), n = into.values.size();
  const std::vector<float> norms = norms_of(values, head);
  into.key_norms.assign(norms.begin() + static_cast<ptrdiff_t>(first),
                        norms.begin() + static_cast<ptrdiff_t>(first + n));
  for (size_t q = 0; q < n; ++q) {
    const float* keys = attention.pattern + head * attention.head_stride +
                        (first + q) * attention.query_stride + first;
    into.pattern.insert(into.pattern.end(), keys, keys + q + 1);
  }
  into.values.clear();
}

void LiveModel::Impl::take_latent(const SiteValues& values, Latents& latents, uint32_t unit,
                                  TypedValues& into) {
  latents.encoder->encode(first_row(values), into.values.size(), values.row_stride,
                          [&](const EncodedRows& rows) {
                            for (const LatentEvent& event : rows.events) {
                              if (event.latent == unit) into.values[event.row] = event.value;
                            }
                            for (const uint32_t row : rows.not_finite) into.values[row] = NAN;
                          });
}

TypedUnit LiveModel::Impl::unit(const UnitAddress& unit, std::string_view text,
                                const IsLeft& is_left) {
  const Check check = check_of(is_left);
  TypedUnit found{cut(text), {}};
  Latents* const latents = is_sparse_site(unit.site) ? &latents_.at(unit.site) : nullptr;
  if (latents && !latents->encoder) fail(Code::invalid, "{}", latents->problem);
  const size_t wanted = source_site(latents ? latents->hook : unit.site);
  const auto turn = line_.wait(check);
  for (const Tokens& tokens : found.text.sequences) {
    TypedValues& into = found.sequences.emplace_back();
    into.values.resize(tokens.size());
    run(tokens, check, [&](const SiteValues& values) {
      if (values.site != wanted) return;
      if (latents) {
        take_latent(values, *latents, unit.index, into);
      } else if (values.attention) {
        take_head(values, unit.index, into);
      } else {
        take_neuron(values, unit.index, into);
      }
      throw Enough();
    });
  }
  return found;
}

namespace {

bool has_text(const Token& token) { return token.begin < token.end; }

void add(TypedExtremes& unit, float value, const Place& at) {
  if (value > unit.max) unit.max = value, unit.max_at = at;
  if (value < unit.min) unit.min = value, unit.min_at = at;
}

}  // namespace

void LiveModel::Impl::add_neurons(const SiteValues& values, const Tokens& tokens, uint32_t sequence,
                                  std::vector<TypedExtremes>& units) const {
  for (uint32_t t = 0; t < tokens.size(); ++t) {
    if (!has_text(tokens[t])) continue;
    const float* row = first_row(values) + t * values.row_stride;
    for (size_t unit = 0; unit < units.size(); ++unit) add(units[unit], row[unit], {sequence, t});
  }
}

void LiveModel::Impl::add_heads(const SiteValues& values, const Tokens& tokens, uint32_t sequence,
                                std::vector<TypedExtremes>& heads) {
  for (uint32_t head = 0; head < heads.size(); ++head) {
    TypedValues pairs;
    pairs.values.resize(tokens.size());
    take_head(values, head, pairs);
    for (uint32_t q = 0; q < tokens.size(); ++q) {
      for (uint32_t k = 0; k <= q; ++k) {
        if (!has_text(tokens[q]) || !has_text(tokens[k])) continue;
        add(heads[head], pairs.pattern[triangle_at(q, k)] * pairs.key_norms[k], {sequence, q});
      }
    }
  }
}

void LiveModel::Impl::add_latents(const SiteValues& values, const Tokens& tokens, uint32_t sequence,
                                  SaeEncoder& encoder, std::vector<TypedExtremes>& units) const {
  encoder.encode(first_row(values), tokens.size(), values.row_stride, [&](const EncodedRows& rows) {
    for (const LatentEvent& event : rows.events) {
      if (has_text(tokens[event.row])) {
        add(units[event.latent], event.value, {sequence, event.row});
      }
    }
  });
}

TypedUnits LiveModel::Impl::units(std::string_view text, const IsLeft& is_left) {
  const Check check = check_of(is_left);
  TypedUnits found{cut(text), {}};
  for (const Site& site : manifest_.sites) {
    const bool sparse = is_sparse_site(site.name);
    const TypedExtremes none{
        .max = sparse ? 0 : -kInfinity, .min = sparse ? 0 : kInfinity, .max_at = {}, .min_at = {}};
    const bool known = !sparse || latents_.at(site.name).encoder.has_value();
    found.sites.emplace_back(known ? site.n_units : 0, none);
  }
  const auto turn = line_.wait(check);
  for (uint32_t s = 0; s < found.text.sequences.size(); ++s) {
    const Tokens& tokens = found.text.sequences[s];
    run(tokens, check, [&](const SiteValues& values) {
      const std::string& name = source_->sites()[values.site].name;
      for (size_t i = 0; i < manifest_.sites.size(); ++i) {
        const std::string& site = manifest_.sites[i].name;
        if (is_sparse_site(site)) {
          Latents& latents = latents_.at(site);
          if (latents.encoder && latents.hook == name) {
            add_latents(values, tokens, s, *latents.encoder, found.sites[i]);
          }
        } else if (site == name) {
          if (values.attention) {
            add_heads(values, tokens, s, found.sites[i]);
          } else {
            add_neurons(values, tokens, s, found.sites[i]);
          }
        }
      }
    });
  }
  return found;
}

LiveModel::LiveModel(const std::string& model, const std::string& recording,
                     const LiveLimits& limits)
    : impl_(std::make_unique<Impl>(model, recording, limits)) {}
LiveModel::~LiveModel() = default;

const LiveLimits& LiveModel::limits() const { return impl_->limits(); }
const std::string& LiveModel::model() const { return impl_->model(); }
const LlamaModel* LiveModel::llama() const { return impl_->llama(); }

TypedUnit LiveModel::unit(const UnitAddress& unit, std::string_view text, const IsLeft& is_left) {
  return impl_->unit(unit, text, is_left);
}

TypedUnits LiveModel::units(std::string_view text, const IsLeft& is_left) {
  return impl_->units(text, is_left);
}

std::string live_json(const LiveModel* live, std::string_view reason) {
  if (live == nullptr) return to_text(Json{{"available", false}, {"reason", reason}});
  return to_text(
      Json{{"available", true},
           {"model", std::filesystem::path(live->model()).filename().string()},
           {"most_bytes", live->limits().bytes},
           {"most_tokens", live->limits().tokens},
           {"most_seconds", std::chrono::duration<double>(live->limits().time).count()}});
}

}  // namespace actogram
