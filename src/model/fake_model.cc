#include "model/fake_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "actogram/error.h"
#include "base/hash.h"

namespace actogram {
namespace {

// 20 bits of a hash as a number in [-4, 4): few enough that float32 holds it exactly.
float spread(uint64_t hash) {
  return static_cast<float>(static_cast<int64_t>(hash >> 44) - (1 << 19)) / (1 << 17);
}

// The shape of a GELU from exact operations only, so that every compiler gets the same bits.
float rectify(float x) { return x > 0 ? x : x / (1 + x * x) / 3; }

bool one_in(uint32_t every, uint64_t hash) { return every != 0 && mix64(hash) % every == 0; }

}  // namespace

FakeModel::FakeModel(FakeModelOptions options)
    : options_(std::move(options)), row_stride_(options_.n_units + options_.padding) {
  if (options_.layers.empty()) {
    for (uint32_t layer = 0; layer < options_.n_layers; ++layer) options_.layers.push_back(layer);
  }
  for (const uint32_t layer : options_.layers) {
    if (layer >= options_.n_layers) {
      fail(Code::invalid, "there is no layer {}: the fake model has layers 0 to {}", layer,
           options_.n_layers - 1);
    }
    for (const std::string& hook : options_.hooks) {
      sites_.push_back(
          {fmt::format("blocks.{}.{}{}", layer, options_.part, hook), layer, options_.n_units});
    }
  }
  n_token_sites_ = sites_.size();
  for (const uint32_t layer : options_.layers) {
    if (options_.n_heads == 0) break;
    sites_.push_back({fmt::format("blocks.{}.attn.hook_pattern", layer), layer, options_.n_heads});
  }
}

size_t FakeModel::rows_of(size_t n_tokens) const {
  return (n_tokens + options_.tile - 1) / options_.tile * options_.tile;
}

uint64_t FakeModel::hash_of(size_t site, uint32_t unit, int32_t token, uint32_t position,
                            int32_t previous) const {
  const size_t n_hooks = options_.hooks.size();
  const uint64_t number = sites_[site].layer * n_hooks + site % n_hooks;  // whatever the layers
  uint64_t hash = mix64(options_.seed);
  for (const uint64_t part :
       {number, uint64_t{unit}, uint64_t(token), uint64_t{position}, uint64_t(previous)}) {
    hash = mix64(hash ^ part);
  }
  return hash;
}

FakeModel::GatePair FakeModel::gates(size_t site, uint32_t unit, int32_t token, uint32_t position,
                                     int32_t previous) const {
  const uint64_t hash = hash_of(site, unit, token, position, previous);
  const uint64_t gate = mix64(hash + 10), linear = mix64(hash + 11);
  return {one_in(16, gate) ? 0 : spread(gate), one_in(16, linear) ? 0 : spread(linear)};
}

float FakeModel::value(size_t site, uint32_t unit, int32_t token, uint32_t position,
                       int32_t previous) const {
  const uint64_t hash = hash_of(site, unit, token, position, previous);
  if (one_in(options_.nan_every, hash + 1)) return std::numeric_limits<float>::quiet_NaN();
  if (one_in(options_.infinite_every, hash + 2)) {
    return (hash & 1) ? -std::numeric_limits<float>::infinity()
                      : std::numeric_limits<float>::infinity();
  }
  if (one_in(16, hash + 3)) return 0;
  const float x = spread(hash);
  return unit % 8 == 0 ? std::round(rectify(x) * 2) / 2 : rectify(x);
}

namespace {

// Of numbers that belong to a layer's attention; `kind` keeps one sort apart from another.
uint64_t hash_all(uint64_t seed, std::initializer_list<uint64_t> parts) {
  uint64_t hash = mix64(seed + 77);
  for (const uint64_t part : parts) hash = mix64(hash ^ part);
  return hash;
}
enum Kind : uint64_t { kWeight, kVector, kOutput };

}  // namespace

uint32_t FakeModel::weight(uint32_t layer, uint32_t head, std::span<const int32_t> tokens,
                           uint32_t query, uint32_t key) const {
  const uint64_t hash = hash_all(options_.seed, {kWeight, layer, head, uint64_t(tokens[query]),
                                                 uint64_t(tokens[key]), query, key});
  if (query == key) return 1 + static_cast<uint32_t>(hash % 8);
  return hash % 3 == 0 ? 0 : static_cast<uint32_t>(hash >> 60);
}

float FakeModel::pattern(uint32_t layer, uint32_t head, std::span<const int32_t> tokens,
                         uint32_t query, uint32_t key) const {
  uint32_t all = 0;
  for (uint32_t k = 0; k <= query; ++k) all += weight(layer, head, tokens, query, k);
  return static_cast<float>(weight(layer, head, tokens, query, key)) / static_cast<float>(all);
}

float FakeModel::vector(uint32_t layer, uint32_t kv, uint32_t d, int32_t token,
                        uint32_t position) const {
  const uint64_t hash = hash_all(options_.seed, {kVector, layer, kv, d, uint64_t(token), position});
  if (one_in(options_.nan_every, hash + 1)) return std::numeric_limits<float>::quiet_NaN();
  if (one_in(options_.infinite_every, hash + 2)) return std::numeric_limits<float>::infinity();
  return spread(hash);
}

std::optional<AttentionWeights> FakeModel::attention_weights(size_t site) {
  if (site < n_token_sites_) return std::nullopt;
  const uint32_t layer = sites_[site].layer;
  AttentionWeights weights{.n_heads = options_.n_heads,
                           .n_kv_heads = n_kv_heads(),
                           .d_head = options_.d_head,
                           .n_out = 3 * options_.d_head,
                           .output = {}};
  const size_t width = size_t{options_.n_heads} * options_.d_head;
  for (size_t i = 0; i < width * weights.n_out; ++i) {
    weights.output.push_back(spread(hash_all(options_.seed, {kOutput, layer, i})));
  }
  return weights;
}

void FakeModel::fill(size_t site, std::span<const int32_t> sequence, float* rows, float* gate_rows,
                     float* linear_rows) const {
  for (size_t i = 0; i < sequence.size(); ++i) {
    const int32_t previous = i == 0 ? -1 : sequence[i - 1];
    for (uint32_t unit = 0; unit < options_.n_units; ++unit) {
      const size_t at = i * row_stride_ + unit;
      const auto position = static_cast<uint32_t>(i);
      rows[at] = value(site, unit, sequence[i], position, previous);
      if (gate_rows == nullptr) continue;
      const GatePair pair = gates(site, unit, sequence[i], position, previous);
      gate_rows[at] = pair.gate;
      linear_rows[at] = pair.linear;
    }
  }
}

void FakeModel::run_attention(size_t site, std::span<const std::span<const int32_t>> sequences,
                              std::span<const uint32_t> first_row, size_t n_rows,
                              const Sink& sink) const {
  const uint32_t layer = sites_[site].layer;
  const size_t stride = n_rows + options_.padding;
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> patterns(options_.n_heads * n_rows * stride, kNaN);
  std::vector<float> values(size_t{n_kv_heads()} * options_.d_head * stride, kNaN);
  for (size_t s = 0; s < sequences.size(); ++s) {
    const std::span<const int32_t> tokens = sequences[s];
    for (uint32_t q = 0; q < tokens.size(); ++q) {
      for (uint32_t head = 0; head < options_.n_heads; ++head) {
        float* row = &patterns[(head * n_rows + first_row[s] + q) * stride + first_row[s]];
        uint32_t all = 0;
        for (uint32_t k = 0; k <= q; ++k) all += weight(layer, head, tokens, q, k);
        for (uint32_t k = 0; k <= q; ++k) {
          row[k] = static_cast<float>(weight(layer, head, tokens, q, k)) / static_cast<float>(all);
        }
      }
      for (uint32_t kv = 0; kv < n_kv_heads(); ++kv) {
        for (uint32_t d = 0; d < options_.d_head; ++d) {
          values[(kv * options_.d_head + d) * stride + first_row[s] + q] =
              vector(layer, kv, d, tokens[q], q);
        }
      }
    }
  }
  const AttentionValues attention{.pattern = patterns.data(),
                                  .head_stride = n_rows * stride,
                                  .query_stride = stride,
                                  .values = values.data(),
                                  .value_head_stride = options_.d_head * stride,
                                  .value_stride = stride};
  sink({.site = site, .n_rows = n_rows, .first_row = first_row, .attention = &attention});
}

void FakeModel::run(std::span<const std::span<const int32_t>> sequences, const Sink& sink) {
  std::vector<uint32_t> first_row;
  size_t n_rows = 0;
  for (const auto& sequence : sequences) {
    if (sequence.empty() || sequence.size() > options_.context) {
      fail(Code::invalid, "a sequence has {} tokens; this source takes 1 to {}", sequence.size(),
           options_.context);
    }
    first_row.push_back(static_cast<uint32_t>(n_rows));
    n_rows += rows_of(sequence.size());
  }
  if (n_rows > options_.batch_rows) {
    fail(Code::invalid, "the sequences of a batch take {} rows, more than {}", n_rows,
         options_.batch_rows);
  }
  std::vector<float> values(n_rows * row_stride_);
  std::vector<float> gate(options_.gates ? values.size() : 0), linear(gate.size());
  for (size_t site = n_token_sites_; site < sites_.size(); ++site) {
    run_attention(site, sequences, first_row, n_rows, sink);
  }
  for (size_t site = 0; site < n_token_sites_; ++site) {
    for (auto* matrix : {&values, &gate, &linear}) {
      std::ranges::fill(*matrix, std::numeric_limits<float>::quiet_NaN());
    }
    for (size_t s = 0; s < sequences.size(); ++s) {
      const size_t at = first_row[s] * row_stride_;
      fill(site, sequences[s], values.data() + at, options_.gates ? gate.data() + at : nullptr,
           options_.gates ? linear.data() + at : nullptr);
    }
    sink({.site = site,
          .values = values.data(),
          .n_rows = n_rows,
          .row_stride = row_stride_,
          .first_row = first_row,
          .gate = options_.gates ? gate.data() : nullptr,
          .linear = options_.gates ? linear.data() : nullptr,
          .gate_stride = row_stride_});
  }
}

FakeTokenizer::FakeTokenizer(std::vector<std::string> words) : words_(std::move(words)) {}

void FakeTokenizer::tokenize(std::string_view text, Special, std::vector<Token>& out) const {
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find(' ', at + 1), text.size());
    const auto word = std::find(words_.begin(), words_.end(), text.substr(at, end - at));
    if (word != words_.end()) {
      out.push_back({kFirstWord + static_cast<int32_t>(word - words_.begin()), at, end});
      at = end;
    } else {
      for (; at < end; ++at) out.push_back({static_cast<uint8_t>(text[at]), at, at + 1});
    }
  }
}

std::string FakeTokenizer::piece(int32_t id) const {
  if (id >= 0 && id < kBos) return {static_cast<char>(id)};
  if (id < kFirstWord || static_cast<size_t>(id) >= n_vocab()) return "";
  return words_[static_cast<size_t>(id - kFirstWord)];
}

std::string FakeTokenizer::apply_chat_template(std::span<const Message> messages) const {
  std::string text;
  for (const Message& message : messages) {
    text += fmt::format("<{}>{}\n", message.role, message.content);
  }
  return text;
}

}  // namespace actogram
