#include "record/attribution_recorder.h"

#include <algorithm>

#include "core/unit_address.h"
#include "sae/input_norm.h"
#include "store/attribution_table.h"

namespace actogram {
namespace {

constexpr size_t kEventsAtOnce = 64;
constexpr size_t kValuesAtOnce = size_t{1} << 22;  // of the file, when it is read again

constexpr std::pair<std::string_view, AttentionInput> kInputs[] = {
    {"hook_attn_out", AttentionInput::attn_out}, {"attn.hook_z", AttentionInput::z}};

// Where an SAE reads what heads write; nothing elsewhere.
std::optional<AttentionInput> input_of(const RecordedSae& sae) {
  for (const auto& [hook, input] : kInputs) {
    if (sae.hook == fmt::format("blocks.{}.{}", sae.site.layer, hook)) return input;
  }
  return std::nullopt;
}

size_t round_up(size_t n) { return (n + 15) / 16 * 16; }

// Hands the file's floats out one list after another.
class ValueReader {
 public:
  ValueReader(const PlacedFile& file, uint64_t n_values) : file_(file), n_left_(n_values) {}

  std::span<const float> next(size_t n) {
    if (buffer_.size() - at_ < n) fill(n);
    at_ += n;
    return std::span(buffer_).subspan(at_ - n, n);
  }

 private:
  void fill(size_t n) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(at_));
    at_ = 0;
    const size_t have = buffer_.size();
    const size_t n_more = std::min<uint64_t>(n_left_, std::max(kValuesAtOnce, n - have));
    buffer_.resize(have + n_more);
    file_.read(read_ * sizeof(float), std::as_writable_bytes(std::span(buffer_).subspan(have)));
    read_ += n_more, n_left_ -= n_more;
    if (buffer_.size() < n) fail(Code::corrupt, "attributions of {} values are missing", n);
  }

  const PlacedFile& file_;
  uint64_t n_left_, read_ = 0;
  std::vector<float> buffer_;
  size_t at_ = 0;
};

}  // namespace

bool reads_attention(const RecordedSae& sae) { return input_of(sae).has_value(); }

std::string attention_site_of(const RecordedSae& sae) {
  return fmt::format("blocks.{}.attn.hook_pattern", sae.site.layer);
}

AttributionRecorder::AttributionRecorder(const std::string& folder, ActivationSource& source,
                                         uint64_t n_values, uint32_t n_threads)
    : folder_(folder),
      source_(source),
      threads_(n_threads),
      file_(folder + "/attributions"),
      n_values_(n_values) {
  if (file_.size() >= n_values * sizeof(float)) return;
  fail(Code::corrupt, "{0}: attributions that were done are missing: remove {0} to start again",
       folder);
}

AttentionOfSource attention_read_by(const RecordedSae& recorded, ActivationSource& source) {
  const std::string site = attention_site_of(recorded);
  const auto found = std::ranges::find(source.sites(), site, &Site::name);
  const auto index = static_cast<size_t>(found - source.sites().begin());
  auto weights = found == source.sites().end() ? std::nullopt : source.attention_weights(index);
  if (!weights) {
    fail(Code::invalid, "--attribution: {}: the source does not tell what heads do there", site);
  }
  const bool reads_z = *input_of(recorded) == AttentionInput::z;
  if (weights->normed && !reads_z) {
    fail(Code::invalid,
         "--attribution: {}: a norm comes between the heads and what is read, so keys have no "
         "share of their own; an SAE of {}.z can be attributed",
         recorded.hook, recorded.site.layer);
  }
  check_width(recorded.sae, recorded.hook,
              reads_z ? weights->n_heads * weights->d_head : weights->n_out);
  return {index, *std::move(weights)};
}

size_t AttributionRecorder::add(const RecordedSae& recorded, uint32_t first_unit) {
  const auto [index, weights] = attention_read_by(recorded, source_);
  copies_[index] = {weights.n_heads, weights.n_kv_heads, weights.d_head, {}, {}, {}};
  readers_.push_back(
      {index, first_unit, recorded.sae,
       std::make_unique<PairAttribution>(recorded.sae, weights, *input_of(recorded), threads_)});
  return readers_.size() - 1;
}

// What is read later: each sequence's own pairs, and its values. The rest is 0.
void AttributionRecorder::observe(const SiteValues& values,
                                  std::span<const BatchSequence> sequences) {
  const auto found = copies_.find(values.site);
  if (found == copies_.end()) return;
  const AttentionValues& attention = *values.attention;
  if (attention.values == nullptr) {
    fail(Code::invalid, "--attribution: the source hands out no value vectors");
  }
  Copy& copy = found->second;
  const size_t n_rows = values.n_rows, n_kept = round_up(n_rows) + 16;  // as of_event() reads
  copy.pattern.assign(copy.n_heads * n_rows * n_rows, 0);
  copy.values.assign(copy.n_kv_heads * copy.d_head * n_kept, 0);
  copy.view = {.pattern = copy.pattern.data(),
               .head_stride = n_rows * n_rows,
               .query_stride = n_rows,
               .values = copy.values.data(),
               .value_head_stride = copy.d_head * n_kept,
               .value_stride = n_kept};
  first_of_row_.assign(n_rows, 0);
  for (size_t s = 0; s < sequences.size(); ++s) {
    const size_t first = values.first_row[s], n = sequences[s].n_tokens;
    std::fill_n(first_of_row_.begin() + static_cast<ptrdiff_t>(first), n, values.first_row[s]);
    for (size_t head = 0; head < copy.n_heads; ++head) {
      const float* from = attention.pattern + head * attention.head_stride + first;
      for (size_t q = first; q < first + n; ++q) {
        std::copy_n(from + q * attention.query_stride, q - first + 1,
                    &copy.pattern[(head * n_rows + q) * n_rows + first]);
      }
    }
    for (size_t d = 0; d < copy.n_kv_heads * copy.d_head; ++d) {
      const float* from = attention.values + d / copy.d_head * attention.value_head_stride +
                          d % copy.d_head * attention.value_stride + first;
      std::copy_n(from, n, &copy.values[d * n_kept + first]);
    }
  }
}

void AttributionRecorder::take(size_t index, const SiteValues& read, const Events& events) {
  const Reader& reader = readers_[index];
  const AttentionValues& attention = copies_.at(reader.attention_site).view;
  const size_t first_pending = pending_.size();
  for (size_t i = 0; i < events.rows.size(); ++i) {
    const size_t n = events.rows[i] - first_of_row_[events.rows[i]] + 1;
    pending_.push_back({events.tokens[i], events.units[i], rows_.size(), n});
    rows_.resize(rows_.size() + n);
  }
  const size_t n_items = (events.rows.size() + kEventsAtOnce - 1) / kEventsAtOnce;
  threads_.parallel_for(n_items, [&](size_t item, size_t) {
    const size_t end = std::min(events.rows.size(), (item + 1) * kEventsAtOnce);
    for (size_t i = item * kEventsAtOnce; i < end; ++i) {
      const Row& row = pending_[first_pending + i];
      const uint32_t query = events.rows[i];
      const float factor = input_factor(reader.sae, {read.row(query), reader.sae.d_in});
      reader.attribution->of_event(events.latents[i], factor, attention, first_of_row_[query],
                                   query, std::span(rows_).subspan(row.begin, row.n));
    }
  });
}

void AttributionRecorder::end_batch() {
  std::ranges::sort(pending_, [](const Row& a, const Row& b) {
    return a.token != b.token ? a.token < b.token : a.unit < b.unit;
  });
  std::vector<float> in_order;
  in_order.reserve(rows_.size());
  for (const Row& row : pending_) {
    const auto begin = rows_.begin() + static_cast<ptrdiff_t>(row.begin);
    in_order.insert(in_order.end(), begin, begin + static_cast<ptrdiff_t>(row.n));
  }
  file_.write(n_values_ * sizeof(float), std::as_bytes(std::span(in_order)));
  n_values_ += in_order.size();
  pending_.clear(), rows_.clear();
}

uint64_t AttributionRecorder::save() {
  file_.sync();
  return n_values_;
}

bool AttributionRecorder::is_attributed(uint32_t unit) const {
  return std::ranges::any_of(readers_, [&](const Reader& reader) {
    return unit >= reader.first_unit && unit - reader.first_unit < reader.sae.n_latents;
  });
}

StoredFiles AttributionRecorder::finish(const EventIndex& events, const CorpusTables& corpus,
                                        const ProgressFn& progress) {
  AttributionWriter writer(folder_);
  ValueReader values(file_, n_values_);
  uint64_t token = 0;
  for (uint64_t s = 0; s < corpus.n_sequences(); ++s) {
    for (uint32_t position = 0; position < corpus.sequence(s).n_tokens; ++position, ++token) {
      const TokenEvents at = events.at_token(token);
      for (size_t i = 0; i < at.size(); ++i) {
        const size_t n = is_attributed(at.unit(i)) ? position + 1 : 0;
        writer.add(values.next(n));
      }
    }
    if (s % 256 == 0) progress({"writing the attributions", token, corpus.n_tokens(), 0, "tokens"});
  }
  StoredFiles files;
  writer.finish(files);
  return files;
}

}  // namespace actogram
