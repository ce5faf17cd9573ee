#include "formats/tdb_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <thread>

#include "base/threads.h"
#include "base/turns.h"
#include "codec/neuron_record_reader.h"
#include "core/unit_address.h"
#include "formats/tdb_datasets.h"
#include "formats/tdb_files.h"
#include "formats/tdb_writer.h"
#include "store/provenance.h"
#include "store/work_folder.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

std::string last_part(const std::string& folder) {
  return fs::weakly_canonical(folder).filename().string();
}

// The documents of one unit: a record, explanations, or both.
struct UnitDocuments {
  uint64_t row = 0;
  std::span<const TdbDocument> documents;
};

// What one thread reads, and the memory for it.
struct UnitReading {
  TdbDocumentReader texts;
  NeuronRecordReader records;
  KnownLists known;  // of records that are written
  PreparedRecord prepared;
  const TdbDocument* record = nullptr;  // that `prepared` is of
  std::vector<TdbExplanation> explanations;
};

class TdbImport {
 public:
  TdbImport(const ImportOptions& options, const ProgressFn& progress)
      : options_(options),
        progress_(progress),
        pool_(std::max(1U, std::thread::hardware_concurrency())) {
    std::vector<std::string> paths = {options.folder};
    if (!options.explanations.empty()) paths.push_back(options.explanations);
    files_ = find_tdb_files(paths, progress);
    const std::string folder = files_.dataset.empty() ? options.folder : files_.dataset;
    const auto known = tdb_dataset(fs::weakly_canonical(folder).string());
    recognised_ = known.has_value();
    dataset_ =
        known.value_or(TdbDataset{.name = last_part(folder), .model = "", .hook = "mlp.hook_post"});
    if (!options.site.empty()) dataset_.hook = options.site;
    const bool heads = is_attention_site(fmt::format("blocks.0.{}", dataset_.hook));
    if (heads) values_of_ = ValuesOf::pairs;
    if (dataset_.pairs && !heads) {
      fail(Code::unsupported,
           "{}: what a latent gets from each pair of tokens; pairs are read of attention heads "
           "(--site attn.hook_pattern takes these for such)",
           dataset_.name);
    }
  }

  ImportReport run() {
    WorkFolder work(options_.output, identity(), options_.command);
    try {
      read_tdb_units(files_, work.path(), progress_);
      find_sites();
      write(work.path());
    } catch (const Error& error) {
      // A full disk is worth going on after; what is wrong with a file stays wrong.
      if (error.code() != Code::environment) work.discard();
      throw;
    }
    work.finish(manifest_);
    return report();
  }

 private:
  Json identity() const {
    return {{"files", files_.listing},
            {"hook", dataset_.hook},
            {"n_latents", options_.n_latents},
            {"model", options_.model}};
  }

  void find_sites() {
    std::map<uint32_t, uint32_t> n_units;  // by layer
    for (const TdbDocument& document : files_.documents) {
      const auto [layer, index] = document.unit;
      uint32_t& n =
          n_units.try_emplace(layer, std::max(dataset_.n_units, options_.n_latents)).first->second;
      if (options_.n_latents > 0 && index >= options_.n_latents) {
        fail(Code::invalid, "{}: unit {} of layer {}, but --latents {}: units are 0 to {}",
             name_of(files_, document), index, layer, options_.n_latents, options_.n_latents - 1);
      }
      n = std::max(n, index + 1);
    }
    uint64_t row = 0;
    for (const auto& [layer, n] : n_units) {
      manifest_.sites.push_back({fmt::format("blocks.{}.{}", layer, dataset_.hook), layer, n});
      first_row_[layer] = row;
      row += n;
    }
    for (size_t begin = 0, end = 0; begin < files_.documents.size(); begin = end) {
      const TdbUnit unit = files_.documents[begin].unit;
      while (end < files_.documents.size() && files_.documents[end].unit == unit) ++end;
      units_.push_back({first_row_.at(unit.layer) + unit.index,
                        std::span(files_.documents).subspan(begin, end - begin)});
    }
  }

  void write(const std::string& path) {
    TdbWriter writer(path, manifest_.sites, values_of_);
    const uint64_t n_before = writer.n_units();
    const auto first = std::ranges::lower_bound(units_, n_before, {}, &UnitDocuments::row);
    const auto n_done_before = static_cast<uint64_t>(first - units_.begin());
    const std::span<const UnitDocuments> left(first, units_.end());
    std::vector<UnitReading> readings(pool_.n_threads());
    Turns turns;
    pool_.parallel_for(left.size(), [&](size_t item, size_t thread) {
      UnitReading& reading = readings[thread];
      try {
        read(left[item], reading);
        turns.take(item, [&] {
          add(left[item], reading, writer);
          progress_(
              {"importing", n_done_before + item + 1, units_.size(), n_done_before, "records"});
          remember(reading);
        });
      } catch (...) {
        turns.give_up();
        throw;
      }
    });
    writer.skip_to(manifest_.n_units());
    writer.finish(manifest_.files);
    describe(writer);
  }

  void read(const UnitDocuments& unit, UnitReading& reading) const {
    reading.record = nullptr;
    reading.explanations.clear();
    const TdbDocument* explained = nullptr;
    for (const TdbDocument& document : unit.documents) {
      const std::string what = name_of(files_, document);
      const std::string_view text = reading.texts.read(files_, document);
      NeuronRecord& record = reading.prepared.record;
      const TdbDocument*& before = is_record(text, what, reading) ? reading.record : explained;
      if (before != nullptr) {
        fail(Code::corrupt, "{}: unit {} of layer {} is in {} already: import one of them", what,
             document.unit.index, document.unit.layer, name_of(files_, *before));
      }
      before = &document;
      TdbUnit found{record.layer, record.index};
      if (&before == &explained) {
        const Json json = parse_json(text, what);
        found = unit_of_explanations(json, what);
        reading.explanations = read_explanations(json, what);
      }
      if (found == document.unit) continue;
      fail(Code::corrupt, "{}: by its name it is unit {} of layer {}, by its neuron_id {} of {}",
           what, document.unit.index, document.unit.layer, found.index, found.layer);
    }
    if (reading.record != nullptr)
      prepare_record(reading.prepared, values_of_, name_of(files_, *reading.record));
  }

  // A record is read into memory that has none of this unit yet.
  static bool is_record(std::string_view text, const std::string& what, UnitReading& reading) {
    NeuronRecord other;
    NeuronRecord& into = reading.record == nullptr ? reading.prepared.record : other;
    return reading.records.read(text, what, into, &reading.known) == NeuronDocument::record;
  }

  static void add(const UnitDocuments& unit, UnitReading& reading, TdbWriter& writer) {
    writer.skip_to(unit.row);
    writer.add_explanations(reading.explanations);
    if (reading.record != nullptr) writer.add_record(reading.prepared);
  }

  // Only what is written: the writer has the tokens of every known list.
  static void remember(UnitReading& reading) {
    if (reading.record == nullptr) return;
    for (const PreparedPeak& peak : reading.prepared.peaks) {
      const RecordExcerpt& excerpt = peak.excerpt;
      if (excerpt.known) continue;
      reading.known.add({excerpt.json, static_cast<uint32_t>(excerpt.n_tokens), peak.sequence});
    }
  }

  void describe(const TdbWriter& writer) {
    const TdbTotals& totals = writer.totals();
    manifest_.holds = Holds::records;
    manifest_.model = Json::object();
    const std::string& model = options_.model.empty() ? dataset_.model : options_.model;
    if (!model.empty()) manifest_.model["name"] = model;
    manifest_.corpus = {{"sources",
                         {{{"name", dataset_.name},
                           {"n_documents", writer.n_sequences()},
                           {"n_bytes", totals.n_bytes},
                           {"n_invalid_bytes", 0}}}},
                        {"n_documents", writer.n_sequences()},
                        {"n_sequences", writer.n_sequences()},
                        {"n_tokens", writer.n_tokens()}};
    manifest_.options = Json::object();
    manifest_.collate = {.top = totals.top,
                         .bottom = 0,
                         .random = totals.random,
                         .per_bucket = totals.per_bucket,
                         .window = totals.window,
                         .sign_classes = false,
                         .class_top = 0};
    manifest_.provenance = provenance(options_.command);
    details_ = {{"dataset", dataset_.name},           {"n_files", files_.paths.size()},
                {"n_records", totals.n_records},      {"n_explanations", totals.n_explanations},
                {"n_excerpts", writer.n_sequences()}, {"n_not_finite", totals.n_not_finite}};
    manifest_.provenance["imported"] = {{"format", "tdb"}, {"listing", files_.listing}};
    manifest_.provenance["imported"].update(details_);
  }

  ImportReport report() const {
    ImportReport report{.n_units = manifest_.n_units(), .details = details_};
    for (const auto& [name, file] : manifest_.files) report.n_bytes += file.n_bytes;
    const auto count = [&](const char* key) { return details_.at(key).get<uint64_t>(); };
    if (!recognised_ && options_.site.empty()) {
      report.remarks.push_back(fmt::format(
          "{}: of no data set that is known by its path: taken for MLP neurons (mlp.hook_post); "
          "--site says otherwise",
          dataset_.name));
    }
    if (const uint64_t n = manifest_.n_units() - count("n_records"); n > 0) {
      report.remarks.push_back(fmt::format("{} units have no record", n));
    }
    if (count("n_not_finite") > 0) {
      report.remarks.push_back(
          fmt::format("{} values are null or not finite: kept as NaN", count("n_not_finite")));
    }
    return report;
  }

  const ImportOptions& options_;
  const ProgressFn& progress_;
  ThreadPool pool_;
  TdbFiles files_;
  TdbDataset dataset_;
  bool recognised_ = false;
  ValuesOf values_of_ = ValuesOf::tokens;
  Manifest manifest_;
  std::map<uint32_t, uint64_t> first_row_;  // by layer
  std::vector<UnitDocuments> units_;
  Json details_;
};

}  // namespace

ImportReport import_tdb(const ImportOptions& options, const ProgressFn& progress) {
  check_recording_name(options.output);
  return TdbImport(options, progress).run();
}

}  // namespace actogram
