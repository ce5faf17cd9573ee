#include "formats/delphi_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "base/threads.h"
#include "core/module_names.h"
#include "core/unit_address.h"
#include "formats/delphi_writer.h"
#include "formats/export_folder.h"
#include "store/recording.h"
#include "store/sparse_units.h"

namespace actogram {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kDelphiSplits = 5;  // its CacheConfig's default

struct OutgoingHookpoint {
  std::string name;
  DelphiRange units;
  Json sae;  // of the manifest
  uint32_t n_splits = 0;
  Dtype dtype = Dtype::f32;
};

// A file of one of them.
struct OutgoingFile {
  size_t hookpoint = 0;
  std::string path;
  DelphiRange units;
};

const Json& sae_of(const Manifest& manifest, const std::string& site) {
  static const Json kNone = Json::object();
  for (const Json& sae : manifest.saes) {
    if (sae.value("site", "") == site) return sae;
  }
  return kNone;
}

// A token that ends texts, where the model's file names one.
int32_t padding_of(const Json& model) {
  const Json metadata = model.value("metadata", Json::object());
  for (const char* key : {"tokenizer.ggml.padding_token_id", "tokenizer.ggml.eos_token_id"}) {
    const std::string text = metadata.value(key, "");
    int32_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error == std::errc() && end == text.data() + text.size() && id >= 0) return id;
  }
  return 0;
}

class DelphiExport {
 public:
  DelphiExport(const ExportOptions& options, const ProgressFn& progress)
      : options_(options),
        progress_(progress),
        recording_(options.recording),
        manifest_(recording_.manifest()),
        pool_(std::max(1U, std::thread::hardware_concurrency())) {
    if (recording_.events() == nullptr) {
      fail(Code::invalid, "{}: no SAE was recorded: record --sae, or import SAE latents",
           recording_.path());
    }
    if (recording_.token_lists().is_sampled()) {
      fail(Code::invalid,
           "{}: latents are known at {} of {} tokens; in a cache they would be 0 at the others",
           recording_.path(), recording_.token_lists().sampled().size(),
           recording_.corpus().n_tokens());
    }
    read_tokens();
    choose_hookpoints();
  }

  ExportReport run(const std::string& folder) {
    pool_.parallel_for(hookpoints_.size(), [&](size_t i, size_t) {
      hookpoints_[i].dtype = exact_dtype(*recording_.events(), hookpoints_[i].units);
    });
    const std::vector<OutgoingFile> files = make_folders(folder);
    ExportReport report;
    size_t n_done = 0;
    std::mutex mutex;  // of the report and the callback
    pool_.parallel_for(files.size(), [&](size_t i, size_t) {
      const OutgoingFile& file = files[i];
      const uint64_t n_bytes = write_delphi_file(file.path, recording_, tokens_, file.units,
                                                 hookpoints_[file.hookpoint].dtype);
      const std::lock_guard lock(mutex);
      report.n_bytes += n_bytes;
      progress_({"writing the files", ++n_done, files.size(), 0, "files"});
    });
    for (const OutgoingHookpoint& hookpoint : hookpoints_) {
      for (uint64_t i = 0; i < hookpoint.units.n_units; ++i) {
        report.n_rows += recording_.events()->span(hookpoint.units.first_unit + i).n_events;
      }
      write_file_atomically(folder + "/" + hookpoint.name + "/config.json",
                            to_pretty_text(config_of(hookpoint)));
    }
    report.remarks = remarks();
    return report;
  }

 private:
  void read_tokens() {
    const CorpusTables& corpus = recording_.corpus();
    tokens_.first_token = first_tokens(corpus);
    for (uint64_t row = 0; row < tokens_.n_sequences(); ++row) {
      const SequenceRow sequence = corpus.sequence(row);
      tokens_.context = std::max<uint64_t>(tokens_.context, sequence.n_tokens);
      for (const Token& token : corpus.tokens(sequence)) {
        if (token.id >= 0) continue;
        fail(Code::invalid,
             "{}: the ids of its tokens are not known, which a cache needs: import with "
             "--tokenizer",
             recording_.path());
      }
    }
    n_padding_ = tokens_.n_sequences() * tokens_.context - corpus.n_tokens();
    tokens_.padding = padding_of(manifest_.model);
  }

  void choose_hookpoints() {
    const size_t chosen =
        options_.site.empty() ? manifest_.sites.size() : find_site(manifest_.sites, options_.site);
    if (chosen < manifest_.sites.size() && !is_sparse_site(manifest_.sites[chosen].name)) {
      fail(Code::invalid, "--site {}: not an SAE's", options_.site);
    }
    uint64_t first_unit = 0;
    for (size_t s = 0; s < manifest_.sites.size(); ++s) {
      const Site& site = manifest_.sites[s];
      const bool wanted = chosen == manifest_.sites.size() || chosen == s;
      if (wanted && is_sparse_site(site.name)) add_hookpoint(site, first_unit);
      first_unit += site.n_units;
    }
  }

  void add_hookpoint(const Site& site, uint64_t first_unit) {
    OutgoingHookpoint hookpoint{
        .name = {}, .units = {first_unit, site.n_units}, .sae = sae_of(manifest_, site.name)};
    const std::string hook = site.name.substr(0, site.name.rfind("/sae:"));
    const std::string module = module_of_hook(hook);
    const std::string name = hookpoint.sae.value("hookpoint", module.empty() ? hook : module);
    hookpoint.name = name;
    const auto taken = [&](const OutgoingHookpoint& other) { return other.name == hookpoint.name; };
    if (std::ranges::any_of(hookpoints_, taken)) {
      hookpoint.name = name + "." + site.name.substr(site.name.rfind(':') + 1);
    }
    const uint32_t n_splits =
        options_.n_splits > 0 ? options_.n_splits : hookpoint.sae.value("n_splits", kDelphiSplits);
    if (options_.n_splits > site.n_units) {
      fail(Code::invalid, "--splits {}: {} has {} latents", options_.n_splits,
           short_site_name(site.name), site.n_units);
    }
    hookpoint.n_splits = std::clamp(n_splits, 1U, site.n_units);
    hookpoints_.push_back(std::move(hookpoint));
  }

  std::vector<OutgoingFile> make_folders(const std::string& folder) const {
    std::vector<OutgoingFile> files;
    for (size_t h = 0; h < hookpoints_.size(); ++h) {
      const OutgoingHookpoint& hookpoint = hookpoints_[h];
      fs::create_directories(fs::path(folder) / hookpoint.name);
      const auto boundaries =
          delphi_boundaries(static_cast<uint32_t>(hookpoint.units.n_units), hookpoint.n_splits);
      for (size_t i = 0; i + 1 < boundaries.size(); ++i) {
        files.push_back(
            {h,
             fmt::format("{}/{}/{}_{}.safetensors", folder, hookpoint.name, boundaries[i],
                         boundaries[i + 1] - 1),
             {hookpoint.units.first_unit + boundaries[i], boundaries[i + 1] - boundaries[i]}});
      }
    }
    return files;
  }

  // As it came in, or what a recording of ours has of Delphi's CacheConfig.
  Json config_of(const OutgoingHookpoint& hookpoint) const {
    Json config = hookpoint.sae.value("cache_config", Json::object());
    if (config.empty()) {
      std::string sources;
      for (const Json& source : manifest_.corpus.at("sources")) {
        sources += (sources.empty() ? "" : ", ") + source.value("name", "");
      }
      config = {{"dataset_repo", sources},
                {"cache_ctx_len", tokens_.context},
                {"n_tokens", recording_.corpus().n_tokens()},
                {"model_name", manifest_.model.value("name", "")}};
    }
    config["n_splits"] = hookpoint.n_splits;
    if (n_padding_ > 0) {
      config["actogram"] = {{"padding_token", tokens_.padding}, {"n_padding", n_padding_}};
    }
    return config;
  }

  std::vector<std::string> remarks() const {
    std::vector<std::string> remarks;
    if (n_padding_ > 0) {
      remarks.push_back(
          fmt::format("sequences are of up to {} tokens: {} places after shorter ones "
                      "have the token {}, and no latents",
                      tokens_.context, n_padding_, tokens_.padding));
    }
    uint64_t n_unknown = 0;
    for (size_t s = 0; s < manifest_.sites.size(); ++s) {
      n_unknown += recording_.token_lists().unknown(s).size();
    }
    if (n_unknown > 0) {
      remarks.push_back(fmt::format(
          "{} tokens where the model's values were not finite have no latents, as if they were 0",
          n_unknown));
    }
    return remarks;
  }

  const ExportOptions& options_;
  const ProgressFn& progress_;
  Recording recording_;
  const Manifest& manifest_;
  ThreadPool pool_;
  DelphiTokens tokens_;
  uint64_t n_padding_ = 0;
  std::vector<OutgoingHookpoint> hookpoints_;
};

}  // namespace

ExportReport export_delphi(const ExportOptions& options, const ProgressFn& progress) {
  return write_export(options.folder, [&](const std::string& in) {
    return DelphiExport(options, progress).run(in);
  });
}

}  // namespace actogram
