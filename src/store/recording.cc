#include "store/recording.h"

#include <algorithm>
#include <filesystem>

#include "core/histogram.h"
#include "core/unit_address.h"

namespace actogram {

Manifest read_manifest(const std::string& path) {
  const std::string manifest = path + "/" + kManifestFile;
  if (!std::filesystem::exists(path)) {
    if (std::filesystem::exists(path + ".partial")) {
      fail(Code::not_found, "{0}: not finished; the command in {0}.partial/command.json goes on",
           path);
    }
    fail(Code::not_found, "{}: no such recording", path);
  }
  if (!std::filesystem::exists(manifest)) {
    fail(Code::invalid, "{}: not a recording: it has no {}", path, kManifestFile);
  }
  return parse_manifest(read_file(manifest), manifest);
}

namespace {

// Where the number of tokens is known and leaves one count that gives the frequency.
std::vector<ClassFacts> with_counts(std::vector<ClassFacts> classes,
                                    std::optional<uint64_t> n_tokens) {
  if (!n_tokens || *n_tokens == 0) return classes;
  for (ClassFacts& facts : classes) {
    const CountRange range = counts_of(facts.frequency, *n_tokens);
    if (range.least == range.most) facts.count = range.least;
  }
  return classes;
}

}  // namespace

Recording::Recording(const std::string& path) : path_(path), manifest_(read_manifest(path)) {
  if (manifest_.has_corpus()) corpus_.emplace(path);
  const bool whole = manifest_.holds == Holds::everything;
  if (whole) units_.emplace(path, manifest_.sites, manifest_.classes_of());
  if (manifest_.holds == Holds::class_shares) {
    shares_.emplace(path);
  } else if (!whole || manifest_.gate_function) {
    classes_.emplace(path);
  }
  const uint64_t n_units = shares_    ? shares_->n_units()
                           : classes_ ? classes_->n_units()
                                      : manifest_.n_units();
  if (n_units != manifest_.n_units()) {
    fail(Code::corrupt, "{}: sign classes of {} units; the manifest has {}", path, n_units,
         manifest_.n_units());
  }
}

const CorpusTables& Recording::corpus() const {
  if (corpus_) return *corpus_;
  fail(Code::invalid, "{}: imported without its texts; import it again with --corpus", path_);
}

const UnitTables& Recording::units() const {
  if (units_) return *units_;
  fail(Code::invalid,
       "{}: imported: it has sign classes (actogram show --by-class), but no summaries, histograms "
       "or windows",
       path_);
}

std::vector<ClassFacts> Recording::classes(uint64_t row) const {
  if (shares_) return with_counts(shares_->classes(row), n_tokens());
  if (!classes_) return {};
  return facts_of(classes_->classes(row), n_tokens().value_or(0));
}

std::optional<uint64_t> Recording::n_tokens() const {
  return units_ ? corpus_->n_tokens() : manifest_.n_tokens();
}

std::vector<ClassRecord> Recording::exact_classes(uint64_t row) const {
  if (classes_) return classes_->classes(row);
  fail(Code::invalid, "{}: imported from a data set of others: it has no exact counts and sums",
       path_);
}

namespace {

class Checker {
 public:
  Checker(const std::string& path, const std::function<void(double)>& progress)
      : path_(path), progress_(progress) {}

  CheckReport run() {
    const Manifest manifest = read_manifest(path_);
    check_files(manifest);
    if (!report_.problems.empty()) return report_;
    const Recording recording(path_);
    for_each_unit(recording, [&](const std::string& name, uint64_t row) {
      if (manifest.holds == Holds::everything) {
        check_unit(recording, name, recording.units().unit(row));
      } else {
        check_classes(recording, name, recording.classes(row));
      }
    });
    return report_;
  }

 private:
  template <typename... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    constexpr size_t kEnough = 20;
    if (report_.problems.size() < kEnough) {
      report_.problems.push_back(fmt::format(format, std::forward<Args>(args)...));
    }
  }

  void check_files(const Manifest& manifest) {
    for (const auto& [name, file] : manifest.files) {
      const std::string path = path_ + "/" + name;
      ++report_.n_files;
      if (!std::filesystem::exists(path)) {
        problem("{}: missing", name);
        continue;
      }
      const uint64_t n_bytes = std::filesystem::file_size(path);
      report_.n_bytes += n_bytes;
      if (n_bytes != file.n_bytes) {
        problem("{}: {} bytes, expected {}: the file is damaged", name, n_bytes, file.n_bytes);
      } else if (const std::string found = checksum_of_file(path); found != file.checksum) {
        problem("{}: checksum {}, expected {}: the file is damaged", name, found, file.checksum);
      }
      progress_(0.5 * static_cast<double>(report_.n_files) /
                static_cast<double>(manifest.files.size()));
    }
  }

  template <typename Check>
  void for_each_unit(const Recording& recording, Check check) {
    uint64_t row = 0;
    for (const Site& site : recording.manifest().sites) {
      for (uint32_t unit = 0; unit < site.n_units; ++unit, ++row) {
        check(fmt::format("{}/{}", short_site_name(site.name), unit), row);
      }
      progress_(0.5 + 0.5 * static_cast<double>(row) /
                          static_cast<double>(recording.manifest().n_units()));
    }
    report_.n_units = row;
  }

  void check_unit(const Recording& recording, const std::string& name, const UnitRecord& unit) {
    const Summary& summary = unit.summary;
    const uint64_t n_tokens = recording.corpus().n_tokens();
    if (summary.count + summary.n_nan + summary.n_infinite != n_tokens) {
      problem("{}: {} values, but the corpus has {} tokens", name,
              summary.count + summary.n_nan + summary.n_infinite, n_tokens);
    }
    uint64_t counted = 0;
    for (const uint64_t count : unit.values.counts) counted += count;
    if (counted != summary.count) {
      problem("{}: the histogram counts {} values, the summary {}", name, counted, summary.count);
    }
    check_peaks(recording, name, unit.maximum_peaks, summary.max);
    check_peaks(recording, name, unit.minimum_peaks, summary.min);
    check_classes(recording, name, facts_of(unit.classes, n_tokens));
  }

  void check_classes(const Recording& recording, const std::string& name,
                     const std::vector<ClassFacts>& classes) {
    const Manifest& manifest = recording.manifest();
    const uint64_t n_sequences =
        manifest.has_corpus() ? recording.corpus().n_sequences() : uint64_t{1} << 32;
    const auto in_order = [](const auto& a, const auto& b) { return ranks_before(a, b); };
    uint64_t counted = 0;
    for (const ClassFacts& facts : classes) {
      counted += facts.count.value_or(0);
      for (const auto& peaks : facts.peaks) {
        if (!std::ranges::is_sorted(peaks, in_order)) {
          problem("{}: a class's peaks are not in order", name);
        }
        for (const ClassFacts::Peak& peak : peaks) {
          if (peak.value != 0 && peak.sequence < n_sequences) continue;
          problem("{}: a class's peak of {} in sequence {} of {}", name, peak.value, peak.sequence,
                  n_sequences);
        }
      }
    }
    if (const auto n_tokens = recording.n_tokens(); n_tokens && counted > *n_tokens) {
      problem("{}: its classes hold {} tokens, but the corpus has {}", name, counted, *n_tokens);
    }
  }

  void check_peaks(const Recording& recording, const std::string& name,
                   const std::vector<KeptPeak>& peaks, float extreme) {
    report_.n_peaks += peaks.size();
    if (!peaks.empty() && peaks.front().value != extreme) {
      problem("{}: the first peak is {}, the extreme {}", name, peaks.front().value, extreme);
    }
    for (const KeptPeak& peak : peaks) {
      const uint64_t at = uint64_t{peak.at.position} - peak.window_begin;
      if (peak.at.position < peak.window_begin || at >= peak.window.size() ||
          peak.window[at] != peak.value) {
        problem("{}: a window does not hold its peak at sequence {}, position {}", name,
                peak.at.sequence, peak.at.position);
      }
      if (peak.at.sequence >= recording.corpus().n_sequences()) {
        problem("{}: a peak in sequence {} of {}", name, peak.at.sequence,
                recording.corpus().n_sequences());
      }
    }
  }

  const std::string& path_;
  const std::function<void(double)>& progress_;
  CheckReport report_;
};

}  // namespace

CheckReport check_recording(const std::string& path, const std::function<void(double)>& progress) {
  return Checker(path, progress).run();
}

}  // namespace actogram
