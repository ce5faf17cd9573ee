#include "formats/delphi_writer.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "codec/safetensors_writer.h"

namespace actogram {
namespace {

constexpr size_t kBufferBytes = 1 << 20;
constexpr uint64_t kUint16Numbers = 1 << 16;

// Numbers of any type on their way to a file.
class NumberWriter {
 public:
  explicit NumberWriter(FileWriter& file) : file_(file) { bytes_.reserve(kBufferBytes + 64); }

  template <typename T>
  void add(T number) {
    const auto bytes = std::as_bytes(std::span(&number, 1));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    if (bytes_.size() >= kBufferBytes) flush();
  }
  void flush() {
    file_.write(bytes_);
    bytes_.clear();
  }

 private:
  FileWriter& file_;
  std::vector<std::byte> bytes_;
};

class SplitWriter {
 public:
  SplitWriter(const std::string& path, const Recording& recording, const DelphiTokens& tokens,
              const DelphiRange& units)
      : recording_(recording),
        events_(*recording.events()),
        tokens_(tokens),
        units_(units),
        file_(path),
        numbers_(file_) {}

  uint64_t write(Dtype dtype) {
    const uint64_t n = n_events();
    const bool narrow = tokens_.n_sequences() <= kUint16Numbers &&
                        tokens_.context <= kUint16Numbers && units_.n_units <= kUint16Numbers;
    const TensorSpec tensors[] = {{"tokens", {tokens_.n_sequences(), tokens_.context}, Dtype::i64},
                                  {"activations", {n}, dtype},
                                  {"locations", {n, 3}, narrow ? Dtype::u16 : Dtype::u32}};
    file_.write(safetensors_front(tensors, {}));
    write_tokens();
    write_values(dtype, n);
    narrow ? write_locations<uint16_t>() : write_locations<uint32_t>();
    numbers_.flush();
    file_.finish();
    return file_.n_bytes();
  }

 private:
  uint64_t n_events() const {
    uint64_t n = 0;
    for (uint64_t i = 0; i < units_.n_units; ++i) n += events_.span(units_.first_unit + i).n_events;
    return n;
  }

  void write_tokens() {
    const CorpusTables& corpus = recording_.corpus();
    for (uint64_t row = 0; row < tokens_.n_sequences(); ++row) {
      const std::vector<Token> tokens = corpus.tokens(corpus.sequence(row));
      for (const Token& token : tokens) numbers_.add(int64_t{token.id});
      for (size_t i = tokens.size(); i < tokens_.context; ++i) {
        numbers_.add(int64_t{tokens_.padding});
      }
    }
  }

  // Calls `take(sequence, position, latent, value)`.
  template <typename Take>
  void for_each_event(Take take) const {
    for (uint64_t sequence = 0; sequence < tokens_.n_sequences(); ++sequence) {
      const uint64_t begin = tokens_.first_token[sequence];
      for (uint64_t token = begin; token < tokens_.first_token[sequence + 1]; ++token) {
        const TokenEvents events = events_.at_token(token);
        for (size_t i = first_of(events); i < events.size(); ++i) {
          const uint64_t latent = events.unit(i) - units_.first_unit;
          if (latent >= units_.n_units) break;
          take(sequence, token - begin, latent, events.values()[i]);
        }
      }
    }
  }

  // Its units ascend.
  size_t first_of(const TokenEvents& events) const {
    size_t begin = 0, end = events.size();
    while (begin < end) {
      const size_t middle = begin + (end - begin) / 2;
      if (events.unit(middle) < units_.first_unit) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    return begin;
  }

  void write_values(Dtype dtype, uint64_t n_expected) {
    uint64_t n = 0;
    for_each_event([&](uint64_t, uint64_t, uint64_t, float value) {
      ++n;
      if (dtype == Dtype::f32) return numbers_.add(value);
      numbers_.add(exact_half(value).value());
    });
    if (n == n_expected) return;
    fail(Code::corrupt, "{}: {} events by token, {} by unit: run actogram check", recording_.path(),
         n, n_expected);
  }

  template <typename T>
  void write_locations() {
    for_each_event([&](uint64_t sequence, uint64_t position, uint64_t latent, float) {
      for (const uint64_t number : {sequence, position, latent}) {
        numbers_.add(static_cast<T>(number));
      }
    });
  }

  const Recording& recording_;
  const EventIndex& events_;
  const DelphiTokens& tokens_;
  const DelphiRange& units_;
  FileWriter file_;
  NumberWriter numbers_;
};

}  // namespace

Dtype exact_dtype(const EventIndex& events, const DelphiRange& units) {
  for (uint64_t i = 0; i < units.n_units; ++i) {
    for (const UnitEvents::Piece& piece : events.of_unit(units.first_unit + i).pieces) {
      if (!std::ranges::all_of(piece.values, [](float v) { return exact_half(v).has_value(); })) {
        return Dtype::f32;
      }
    }
  }
  return Dtype::f16;
}

uint64_t write_delphi_file(const std::string& path, const Recording& recording,
                           const DelphiTokens& tokens, const DelphiRange& units, Dtype dtype) {
  return SplitWriter(path, recording, tokens, units).write(dtype);
}

// torch multiplies and subtracts in one rounding.
std::vector<uint64_t> delphi_boundaries(uint32_t n_latents, uint32_t n_splits) {
  const auto end = static_cast<float>(n_latents);
  const float step = end / static_cast<float>(n_splits);
  std::vector<uint64_t> boundaries;
  for (uint32_t i = 0; i <= n_splits; ++i) {
    const float at = i < (n_splits + 1) / 2
                         ? step * static_cast<float>(i)
                         : std::fma(-step, static_cast<float>(n_splits - i), end);
    boundaries.push_back(static_cast<uint64_t>(at));
  }
  return boundaries;
}

}  // namespace actogram
