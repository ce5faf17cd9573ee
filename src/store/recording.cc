#include "store/recording.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/histogram.h"
#include "core/refactor_glu.h"
#include "core/unit_address.h"
#include "store/event_check.h"

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

Recording::Recording(const std::string& path)
    : path_(path),
      manifest_(read_manifest(path)),
      corpus_(path),
      units_(path, manifest_.sites, manifest_.classes_of()) {
  if (manifest_.has_events()) open_events();
  if (!manifest_.has_weights()) return;
  weights_.emplace(path);
  if (weights_->n_units() == units_.n_units()) return;
  fail(Code::corrupt, "{}: {} has the weights of {} units; the manifest has {}", path,
       weights_table().file, weights_->n_units(), units_.n_units());
}

void Recording::open_events() {
  events_.emplace(path_);
  if (events_->n_units() == units_.n_units() && events_->n_tokens() == corpus_.n_tokens()) return;
  fail(Code::corrupt, "{}: events of {} units and {} tokens; the recording has {} and {}", path_,
       events_->n_units(), events_->n_tokens(), units_.n_units(), corpus_.n_tokens());
}

std::optional<NeuronWeights> Recording::weights(uint64_t unit_row) const {
  return weights_ ? std::optional(weights_->weights(unit_row)) : std::nullopt;
}

bool Recording::refactors(GluSigns signs) const {
  const bool wanted =
      signs == GluSigns::refactored || (signs == GluSigns::recorded && manifest_.refactor_glu);
  if (wanted && !weights_) {
    fail(Code::invalid,
         "{}: the signs of refactor_glu are those of the model's weights, and it has no {}: record "
         "a gated model from its GGUF file",
         path_, weights_table().file);
  }
  return wanted;
}

std::vector<ClassRecord> Recording::classes(uint64_t unit_row, GluSigns signs) const {
  std::vector<ClassRecord> classes = units_.classes(unit_row);
  if (!classes.empty() && refactors(signs)) refactor_glu(classes, weights(unit_row)->sign);
  return classes;
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
    check_units(recording);
    if (recording.events() != nullptr) {
      for (const std::string& found : problems_of(*recording.events())) problem("{}", found);
    }
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

  void check_units(const Recording& recording) {
    uint64_t row = 0;
    for (const Site& site : recording.manifest().sites) {
      for (uint32_t unit = 0; unit < site.n_units; ++unit, ++row) {
        check_unit(recording, fmt::format("{}/{}", short_site_name(site.name), unit),
                   recording.units().unit(row));
        if (const auto weights = recording.weights(row)) {
          check_weights(fmt::format("{}/{}", short_site_name(site.name), unit), *weights);
        }
      }
      progress_(0.5 +
                0.5 * static_cast<double>(row) / static_cast<double>(recording.units().n_units()));
    }
    report_.n_units = row;
    if (row != recording.units().n_units()) {
      problem("{} units, but the sites have {}", recording.units().n_units(), row);
    }
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
    check_classes(recording, name, unit.classes);
  }

  void check_classes(const Recording& recording, const std::string& name,
                     const std::vector<ClassRecord>& classes) {
    uint64_t counted = 0;
    for (const ClassRecord& record : classes) {
      counted += record.count;
      for (const std::vector<ClassPeak>& peaks : record.peaks) {
        if (!std::ranges::is_sorted(peaks, ranks_before)) {
          problem("{}: a class's peaks are not in order", name);
        }
        for (const ClassPeak& peak : peaks) {
          if (peak.value != 0 && peak.at.sequence < recording.corpus().n_sequences()) continue;
          problem("{}: a class's peak of {} in sequence {} of {}", name, peak.value,
                  peak.at.sequence, recording.corpus().n_sequences());
        }
      }
    }
    if (counted > recording.corpus().n_tokens()) {
      problem("{}: its classes hold {} tokens, but the corpus has {}", name, counted,
              recording.corpus().n_tokens());
    }
  }

  // NaN is what a model with weights that are not numbers has.
  void check_weights(const std::string& name, const NeuronWeights& weights) {
    for (const double norm : {weights.norm_gate, weights.norm_in, weights.norm_out}) {
      if (norm < 0) problem("{}: a weight vector's norm is {}", name, norm);
    }
    for (const double cosine : {weights.cos_gate_in, weights.cos_gate_out, weights.cos_in_out}) {
      if (std::abs(cosine) > 1) problem("{}: a cosine of its weights is {}", name, cosine);
    }
    if (weights.sign != 1 && weights.sign != -1) {
      problem("{}: the sign of its weights is {}, expected 1 or -1", name, weights.sign);
    } else if (weights.cos_gate_in * weights.sign < 0) {
      problem("{}: the sign of its weights is {}, but gate and in have the cosine {}", name,
              weights.sign, weights.cos_gate_in);
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
