#include "store/checkpoint.h"

#include <cstring>
#include <filesystem>
#include <span>
#include <type_traits>
#include <utility>

#include "base/file.h"

namespace actogram {
namespace {

constexpr uint64_t kMagic = 0x34706b6301746361;  // changes with the layout

// The part of a peak that outlives the process.
struct StoredPeak {
  Place at;
  float value;
  uint32_t rank;
  uint64_t window_ref;
};
static_assert(sizeof(StoredPeak) == 24);

struct StoredHeadPeak {
  Place at;
  uint32_t key;
  float value;
  uint32_t rank;
  uint32_t window_begin;
  uint64_t window_ref;
  uint32_t n;
  uint32_t unused;  // 0, so that no byte is left to chance
};
static_assert(sizeof(StoredHeadPeak) == 40);

class Out {
 public:
  explicit Out(const std::string& path) : writer_(path) {}

  template <typename T>
  void value(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    writer_.write(std::as_bytes(std::span(&value, 1)));
  }
  template <typename T>
  void list(const std::vector<T>& values) {
    value(static_cast<uint64_t>(values.size()));
    writer_.write(std::as_bytes(std::span(values)));
  }
  void peaks(const std::vector<KeptPeak>& peaks) {
    std::vector<StoredPeak> stored;
    stored.reserve(peaks.size());
    for (const KeptPeak& p : peaks) stored.push_back({p.at, p.value, p.rank, p.window_ref});
    list(stored);
  }
  void head_peaks(const std::vector<HeadPeak>& peaks) {
    std::vector<StoredHeadPeak> stored;
    for (const HeadPeak& p : peaks) {
      stored.push_back({p.at, p.key, p.value, p.rank, p.window_begin, p.window_ref, p.n, 0});
    }
    list(stored);
  }
  template <typename T>
  void n_of(const std::vector<T>& values) {
    value(static_cast<uint64_t>(values.size()));
  }
  template <typename T>
  void presence_of(const std::optional<T>& value_or_none) {
    value(static_cast<uint64_t>(value_or_none.has_value()));
  }
  void finish() {
    value(std::stoull(writer_.checksum().substr(0, 16), nullptr, 16));
    writer_.close();
  }

 private:
  FileWriter writer_;
};

class In {
 public:
  explicit In(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
  void value(T& value) {
    take(sizeof(T), &value);
  }
  template <typename T>
  void list(std::vector<T>& values) {
    uint64_t n = 0;
    value(n);
    if (n > bytes_.size() / sizeof(T))
      fail(Code::corrupt, "checkpoint: a list of {} is too long", n);
    values.resize(n);
    take(n * sizeof(T), values.data());
  }
  void peaks(std::vector<KeptPeak>& peaks) {
    std::vector<StoredPeak> stored;
    list(stored);
    for (const StoredPeak& s : stored) {
      KeptPeak peak;
      peak.at = s.at, peak.value = s.value, peak.rank = s.rank, peak.window_ref = s.window_ref;
      peaks.push_back(peak);
    }
  }

  void head_peaks(std::vector<HeadPeak>& peaks) {
    std::vector<StoredHeadPeak> stored;
    list(stored);
    for (const StoredHeadPeak& s : stored) {
      HeadPeak& peak = peaks.emplace_back();
      peak.at = s.at, peak.key = s.key, peak.value = s.value, peak.rank = s.rank;
      peak.window_begin = s.window_begin, peak.window_ref = s.window_ref, peak.n = s.n;
    }
  }
  template <typename T>
  void presence_of(std::optional<T>& value_or_none) {
    uint64_t present = 0;
    value(present);
    if (present > 0) value_or_none.emplace();
  }

  template <typename T>
  void n_of(std::vector<T>& values) {
    uint64_t n = 0;
    value(n);
    if (n > kNumSignClasses) fail(Code::corrupt, "checkpoint: {} sign classes", n);
    values.resize(n);
  }

 private:
  void take(size_t n, void* to) {
    if (n > bytes_.size())
      fail(Code::corrupt, "checkpoint: {} bytes are missing", n - bytes_.size());
    if (n > 0) std::memcpy(to, bytes_.data(), n);
    bytes_ = bytes_.subspan(n);
  }

  std::span<const std::byte> bytes_;
};

// One list of fields for both directions.
template <typename Stream, typename Head>
void head_fields(Stream& stream, Head& head, auto& fingerprint) {
  stream.list(fingerprint);
  stream.value(head.n_sequences);
  stream.list(head.sparse.runs);
  stream.list(head.sparse.unknown);
  stream.value(head.sparse.n_attributions);
  stream.list(head.segments);
  stream.value(head.n_units);
}

template <typename Stream, typename Unit>
void unit_fields(Stream& stream, Unit& unit) {
  stream.value(unit.summary);
  stream.value(unit.sums);
  stream.list(unit.values.bins);
  stream.list(unit.values.counts);
  stream.list(unit.maxima.bins);
  stream.list(unit.maxima.counts);
  stream.peaks(unit.maximum_peaks);
  stream.peaks(unit.minimum_peaks);
  stream.n_of(unit.classes);
  for (auto& record : unit.classes) {
    stream.value(record.count);
    stream.value(record.sums);
    for (auto& peaks : record.peaks) stream.list(peaks);
  }
  stream.presence_of(unit.head);
  if (!unit.head) return;
  stream.value(unit.head->scores);
  stream.head_peaks(unit.head->peaks);
}

bool is_whole(std::span<const std::byte> file) {
  uint64_t magic = 0, check = 0;
  if (file.size() < sizeof(magic) + sizeof(check)) return false;
  std::memcpy(&magic, file.data(), sizeof(magic));
  std::memcpy(&check, file.data() + file.size() - sizeof(check), sizeof(check));
  Checksum checksum;
  checksum.update(file.first(file.size() - sizeof(check)));
  return magic == kMagic && check == std::stoull(checksum.hex().substr(0, 16), nullptr, 16);
}

std::string beside(const std::string& path) { return path + ".new"; }

}  // namespace

void write_checkpoint(const std::string& path, const CheckpointHead& head,
                      const std::function<void(uint64_t, UnitRecord&)>& unit) {
  Out out(beside(path));
  out.value(kMagic);
  const std::vector<char> fingerprint(head.fingerprint.begin(), head.fingerprint.end());
  head_fields(out, head, fingerprint);
  UnitRecord record;
  for (uint64_t row = 0; row < head.n_units; ++row) {
    unit(row, record);
    unit_fields(out, std::as_const(record));
  }
  out.finish();
}

void commit_checkpoint(const std::string& path) {
  sync_file(beside(path));
  rename_durably(beside(path), path);
}

std::optional<CheckpointHead> read_checkpoint(
    const std::string& path, const std::string& fingerprint,
    const std::function<void(uint64_t, const UnitRecord&)>& restore) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const MappedFile file(path);
  if (!is_whole(file.bytes())) return std::nullopt;
  In in(file.bytes());
  uint64_t magic = 0;
  in.value(magic);
  CheckpointHead head;
  std::vector<char> found;
  head_fields(in, head, found);
  head.fingerprint.assign(found.begin(), found.end());
  if (head.fingerprint != fingerprint) return std::nullopt;
  for (uint64_t row = 0; row < head.n_units; ++row) {
    UnitRecord record;
    unit_fields(in, record);
    restore(row, record);
  }
  return head;
}

}  // namespace actogram
