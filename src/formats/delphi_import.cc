#include "formats/delphi_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/threads.h"
#include "codec/utf8.h"
#include "core/unit_address.h"
#include "formats/delphi_cache.h"
#include "formats/import_folder.h"
#include "formats/sae_tables_folder.h"
#include "formats/token_texts.h"
#include "store/event_index.h"
#include "store/event_writer.h"
#include "store/provenance.h"
#include "store/sparse_units.h"
#include "store/token_lists.h"
#include "store/unit_tables.h"
#include "store/work_folder.h"

namespace actogram {
namespace {

constexpr uint64_t kRowsAtOnce = 1 << 16;  // of one thread
constexpr uint64_t kBlocksToTell = 64;     // between two reports of progress
constexpr uint64_t kSequencesAtOnce = 256;

class DelphiImport {
 public:
  DelphiImport(const ImportOptions& options, const ProgressFn& progress)
      : options_(options),
        progress_(progress),
        cache_({.folder = options.folder, .sae = options.sae, .n_latents = options.n_latents}),
        shape_(cache_.tokens()),
        texts_(options.texts.tokenizer),
        pool_(std::max(1U, std::thread::hardware_concurrency())) {}

  ImportReport run() {
    describe_files();
    write_import(options_.output, identity(), options_.command, [&](const std::string& in) {
      write(in);
      return manifest_;
    });
    return report();
  }

 private:
  void describe_files() {
    std::vector<std::string> paths;
    for (const DelphiHookpoint& hookpoint : cache_.folder().hookpoints) {
      if (!hookpoint.config_path.empty()) paths.push_back(hookpoint.config_path);
      for (const DelphiFile& file : hookpoint.files) paths.push_back(file.path);
    }
    files_ = hashed_files(paths, options_.folder, progress_);
  }

  Json identity() const {
    return {{"files", files_},
            {"model", options_.model},
            {"tokenizer", options_.texts.tokenizer},
            {"sae", options_.sae},
            {"n_latents", options_.n_latents}};
  }

  void write(const std::string& path) {
    write_corpus(path);
    write_events(path);
    describe();
    UnitWriter writer(path, manifest_.sites, ClassesOf::nothing);
    write_sparse_units(EventIndex(path), CorpusTables(path), TokenLists(), manifest_.sites, writer,
                       [&](uint64_t n) {
                         progress_({"writing the latents", n, cache_.n_units(), 0, "latents"});
                       });
    manifest_.files.merge(writer.finish());
  }

  void write_corpus(const std::string& path) {
    CorpusWriter writer(path);
    const std::string source = name_of_folder(options_.folder);
    for (uint64_t row = 0; row < shape_.n_sequences; ++row) {
      if (row % kSequencesAtOnce == 0) {
        progress_({"reading the tokens", row, shape_.n_sequences, 0, "sequences"});
      }
      std::string text;
      const std::vector<int32_t> ids = cache_.token_ids(row, 1);
      const std::vector<Token> tokens = texts_.tokens_of(ids, text);
      const uint64_t n_invalid = count_invalid_bytes(text);
      n_bytes_ += text.size(), n_invalid_bytes_ += n_invalid;
      writer.add_document({row, 0, row, std::to_string(row), text, n_invalid});
      writer.add_sequence(0, sequence_key(source, row, 0), tokens);
    }
    manifest_.files = writer.finish();
  }

  void write_events(const std::string& path) {
    EventWriter writer(path, {shape_.n_sequences * shape_.context, cache_.n_units()},
                       pool_.n_threads());
    writer.drop_repeated([&](const Event& event) { return name_of(event); });
    for (const DelphiLatents& latents : cache_.latents()) {
      for (const DelphiFile& file : latents.hookpoint->files) {
        const OpenDelphiFile open(file);
        check_tokens(open.split, file.path);
        read_rows(open.split, latents.first_unit + file.first, writer);
      }
    }
    manifest_.files.merge(writer.finish(pool_));
    n_repeated_ = writer.n_dropped();
  }

  std::string name_of(const Event& event) const {
    const auto after =
        std::ranges::upper_bound(cache_.latents(), uint64_t{event.unit}, {},
                                 [](const DelphiLatents& l) { return l.first_unit; });
    const DelphiLatents& latents = *std::prev(after);
    return fmt::format("{}: sequence {}, position {}: latent {}", latents.hookpoint->name,
                       event.token / shape_.context, event.token % shape_.context,
                       event.unit - latents.first_unit);
  }

  void check_tokens(const DelphiSplit& split, const std::string& path) const {
    const auto shape = split.tokens();
    if (!shape) return;
    const auto text = [](const TokenShape& s) { return shape_text({s.n_sequences, s.context}); };
    if (*shape != shape_) {
      fail(Code::corrupt, "{}: tokens are {}, in another file {}: are they of one run?", path,
           text(*shape), text(shape_));
    }
    for (uint64_t row = 0; row < shape_.n_sequences; row += kSequencesAtOnce) {
      const uint64_t n = std::min(kSequencesAtOnce, shape_.n_sequences - row);
      const auto found = split.token_ids(row, n), first = cache_.token_ids(row, n);
      const auto [a, b] = std::ranges::mismatch(found, first);
      if (a == found.end()) continue;
      const auto at = static_cast<uint64_t>(a - found.begin());
      fail(Code::corrupt,
           "{}: tokens: position {} of sequence {} is {}, in another file {}: are they of one run?",
           path, at % shape_.context, row + at / shape_.context, *a, *b);
    }
  }

  void read_rows(const DelphiSplit& split, uint64_t first_unit, EventWriter& writer) {
    std::vector<DelphiSplit::Rows> rows(pool_.n_threads());
    const uint64_t n_blocks = (split.n_rows() + kRowsAtOnce - 1) / kRowsAtOnce;
    for (uint64_t block = 0; block < n_blocks; block += kBlocksToTell) {
      progress_({"reading the events", n_read_, cache_.n_rows(), 0, "events"});
      const uint64_t n_here = std::min(kBlocksToTell, n_blocks - block);
      pool_.parallel_for(n_here, [&](size_t i, size_t thread) {
        const uint64_t row = (block + i) * kRowsAtOnce;
        DelphiSplit::Rows& some = rows[thread];
        split.read(row, std::min(kRowsAtOnce, split.n_rows() - row), shape_, some);
        for (uint32_t& latent : some.latent) latent += static_cast<uint32_t>(first_unit);
        writer.add(thread, some.token, some.latent, some.value);
      });
      n_read_ += std::min(n_here * kRowsAtOnce, split.n_rows() - block * kRowsAtOnce);
    }
    for (const DelphiSplit::Rows& some : rows) {
      n_zero_ += some.n_zero;
      n_infinite_ += some.n_infinite;
    }
  }

  void describe() {
    for (const DelphiLatents& latents : cache_.latents()) {
      manifest_.sites.push_back(latents.site);
      manifest_.saes.push_back({{"site", latents.site.name},
                                {"name", latents.sae},
                                {"hook", latents.hook},
                                {"n_latents", latents.site.n_units},
                                {"hookpoint", latents.hookpoint->name},
                                {"n_splits", latents.hookpoint->files.size()},
                                {"cache_config", latents.hookpoint->config}});
    }
    manifest_.model = Json::object();
    const std::string& model = options_.model.empty() ? cache_.model() : options_.model;
    if (!model.empty()) manifest_.model["name"] = model;
    manifest_.corpus = {{"sources",
                         {{{"name", name_of_folder(options_.folder)},
                           {"n_documents", shape_.n_sequences},
                           {"n_bytes", n_bytes_},
                           {"n_invalid_bytes", n_invalid_bytes_}}}},
                        {"n_documents", shape_.n_sequences},
                        {"n_sequences", shape_.n_sequences},
                        {"n_tokens", n_tokens()}};
    manifest_.options = {{"context", shape_.context},
                         {"tokenized", !options_.texts.tokenizer.empty()},
                         {"decomposed", "all"}};
    manifest_.collate.sign_classes = false;
    manifest_.provenance = provenance(options_.command);
    manifest_.provenance["imported"] = {{"format", "delphi"}, {"card", card()}, {"files", files_}};
    manifest_.provenance["imported"].update(details());
  }

  // What was cached, as far as the first configuration says it in words.
  Json card() const {
    Json card = Json::object();
    if (!cache_.folder().sae.empty()) card["sae"] = cache_.folder().sae;
    const Json& config = cache_.folder().hookpoints.front().config;
    for (const char* key : {"dataset_repo", "dataset_name", "dataset_split", "dataset_column"}) {
      if (const std::string text = config.value(key, Json()).is_string() ? config[key] : "";
          !text.empty()) {
        card[key] = text;
      }
    }
    return card;
  }

  uint64_t n_tokens() const { return shape_.n_sequences * shape_.context; }

  Json details() const {
    return {{"n_events", manifest_.files.at(unit_events_table().file).n_rows},
            {"n_tokens", n_tokens()},
            {"n_known_tokens", n_tokens()},
            {"n_sequences", shape_.n_sequences},
            {"n_repeated_events", n_repeated_},
            {"n_zero", n_zero_},
            {"n_infinite", n_infinite_}};
  }

  ImportReport report() const {
    ImportReport report{.n_units = cache_.n_units(), .details = details()};
    for (const auto& [name, file] : manifest_.files) report.n_bytes += file.n_bytes;
    const auto remark = [&](uint64_t n, const char* text) {
      if (n > 0) report.remarks.push_back(fmt::format("{} {}", n, text));
    };
    remark(n_repeated_, "events are there again with the same value: left out");
    remark(n_zero_, "rows whose value is 0: no events, left out");
    remark(n_infinite_, "rows whose value was beyond float16 and is infinite: no events, left out");
    return report;
  }

  const ImportOptions& options_;
  const ProgressFn& progress_;
  DelphiCache cache_;
  TokenShape shape_;
  TokenTexts texts_;
  ThreadPool pool_;
  Json files_;
  uint64_t n_bytes_ = 0, n_invalid_bytes_ = 0;  // of the texts
  uint64_t n_read_ = 0;                         // rows of all files
  uint64_t n_repeated_ = 0, n_zero_ = 0, n_infinite_ = 0;
  Manifest manifest_;
};

}  // namespace

ImportReport import_delphi(const ImportOptions& options, const ProgressFn& progress) {
  check_recording_name(options.output);
  return DelphiImport(options, progress).run();
}

}  // namespace actogram
