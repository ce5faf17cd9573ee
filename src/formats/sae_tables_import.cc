#include "formats/sae_tables_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <thread>

#include "base/threads.h"
#include "core/unit_address.h"
#include "formats/import_folder.h"
#include "formats/sae_chat.h"
#include "formats/sae_event_pass.h"
#include "formats/sae_explanations.h"
#include "formats/sae_prompt_pass.h"
#include "formats/sae_tables_folder.h"
#include "store/event_index.h"
#include "store/provenance.h"
#include "store/sparse_units.h"
#include "store/token_lists.h"
#include "store/unit_tables.h"
#include "store/work_folder.h"

namespace actogram {
namespace {

class SaeTablesImport {
 public:
  SaeTablesImport(const ImportOptions& options, const ProgressFn& progress)
      : options_(options),
        progress_(progress),
        tables_(open_sae_tables(options.folder)),
        name_(options.sae.empty() ? tables_.sae_name : sae_name_of(options.sae)),
        pool_(std::max(1U, std::thread::hardware_concurrency())) {
    if (options.texts.tokenizer.empty()) return;
    if (tables_.prompts.empty()) {
      fail(Code::invalid, "--tokenizer: {} has no {}, so there are no texts", options.folder,
           kPromptFeatures);
    }
    tokenizer_.emplace(options.texts.tokenizer);
  }

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
    for (const auto* files : {&tables_.activations, &tables_.prompts, &tables_.explanation_inputs,
                              &tables_.explanations}) {
      paths.insert(paths.end(), files->begin(), files->end());
    }
    files_ = hashed_files(paths, options_.folder, progress_);
  }

  Json identity() const {
    return {{"files", files_},
            {"model", options_.model},
            {"tokenizer", options_.texts.tokenizer},
            {"sae", name_},
            {"n_latents", options_.n_latents},
            {"every_token", options_.every_token}};
  }

  void write(const std::string& path) {
    EventScan scan;
    if (!tables_.activations.empty()) {
      progress_({"scanning the events", 0, 0, 0, "rows"});
      scan = EventFiles(tables_.activations).scan(pool_);
    }
    const std::string source = name_of_folder(options_.folder);
    prompts_ = read_prompts(tables_, scan, tokenizer_ ? &*tokenizer_ : nullptr, source, path, pool_,
                            progress_);
    explanations_ = read_explanations(tables_, path, progress_);
    const std::vector<EventLayer> layers = layers_of(scan);
    events_ = read_events(tables_, prompts_, layers, path, pool_, progress_);
    manifest_.files = prompts_.files;
    manifest_.files.merge(explanations_.files);
    manifest_.files.merge(events_.files);
    if (!knows_all()) write_sampled_tokens(path, events_.known, manifest_.files);
    describe(layers, source);
    write_units(path);
  }

  bool knows_all() const {
    return options_.every_token || events_.known.size() == prompts_.n_tokens();
  }

  // Each with all of its features, wherever they are named.
  std::vector<EventLayer> layers_of(const EventScan& scan) const {
    std::map<uint32_t, uint32_t> n_features;
    for (const EventLayer& layer : scan.layers) n_features[layer.layer] = layer.n_features;
    if (prompts_.has_table) {
      uint32_t& n = n_features[prompts_.layer];
      n = std::max(n, prompts_.n_features);
    }
    if (explanations_.n_features > 0) {
      if (n_features.size() != 1 && !prompts_.has_table) {
        fail(Code::unsupported, "{}: explanations of features, and events of {} layers: of which?",
             options_.folder, n_features.size());
      }
      uint32_t& n = prompts_.has_table ? n_features[prompts_.layer] : n_features.begin()->second;
      n = std::max(n, explanations_.n_features);
    }
    std::vector<EventLayer> layers;
    for (const auto& [layer, n] : n_features) {
      if (options_.n_latents > 0 && n > options_.n_latents) {
        fail(Code::invalid, "{}: feature {} of layer {}, but --latents {}: features are 0 to {}",
             options_.folder, n - 1, layer, options_.n_latents, options_.n_latents - 1);
      }
      layers.push_back({layer, std::max(n, options_.n_latents)});
    }
    if (layers.empty() || layers.front().n_features == 0) {
      fail(Code::invalid, "{}: no feature is named anywhere: the tables are empty",
           options_.folder);
    }
    return layers;
  }

  void describe(const std::vector<EventLayer>& layers, const std::string& source) {
    for (const EventLayer& layer : layers) {
      const std::string hook = fmt::format("blocks.{}.hook_resid_post", layer.layer);
      manifest_.sites.push_back({sae_site_name(hook, name_), layer.layer, layer.n_features});
      manifest_.saes.push_back({{"site", manifest_.sites.back().name},
                                {"name", name_},
                                {"hook", hook},
                                {"n_latents", layer.n_features}});
    }
    manifest_.model = Json::object();
    const std::string model =
        options_.model.empty() ? tables_.card.value("base_model", "") : options_.model;
    if (!model.empty()) manifest_.model["name"] = model;
    manifest_.corpus = {{"sources",
                         {{{"name", source},
                           {"n_documents", prompts_.prompts.size()},
                           {"n_bytes", prompts_.n_bytes},
                           {"n_invalid_bytes", prompts_.n_invalid_bytes}}}},
                        {"n_documents", prompts_.prompts.size()},
                        {"n_sequences", prompts_.prompts.size()},
                        {"n_tokens", prompts_.n_tokens()}};
    manifest_.options = {{"tokenized", tokenizer_.has_value()},
                         {"decomposed", knows_all() ? "all" : "some"}};
    if (prompts_.has_table) {
      manifest_.options["prompts_layer"] = prompts_.layer;
      manifest_.options["width"] = prompts_.width;
    }
    manifest_.collate.sign_classes = false;
    manifest_.provenance = provenance(options_.command);
    manifest_.provenance["imported"] = {
        {"format", "sae-tables"}, {"card", tables_.card}, {"files", files_}};
    manifest_.provenance["imported"].update(details());
  }

  void write_units(const std::string& path) {
    const uint64_t n_units = manifest_.n_units();
    UnitWriter writer(path, manifest_.sites, ClassesOf::nothing);
    write_sparse_units(EventIndex(path), CorpusTables(path), TokenLists(path, manifest_.files),
                       manifest_.sites, writer, [&](uint64_t n) {
                         progress_({"writing the latents", n, n_units, 0, "latents"});
                       });
    manifest_.files.merge(writer.finish());
  }

  // What was found, for the report and for the manifest.
  Json details() const {
    return {{"n_prompts", prompts_.prompts.size()},
            {"n_events", manifest_.files.at(unit_events_table().file).n_rows},
            {"n_tokens", prompts_.n_tokens()},
            {"n_known_tokens", knows_all() ? prompts_.n_tokens() : events_.known.size()},
            {"n_sampled_positions", prompts_.n_samples},
            {"n_explanations", explanations_.n_explanations},
            {"n_repeated_events", events_.n_repeated},
            {"n_repeated_prompts", prompts_.n_repeated},
            {"n_zero", events_.left_out.n_zero},
            {"n_nan", events_.left_out.n_nan},
            {"n_infinite", events_.left_out.n_infinite},
            {"pairs",
             {{"n", events_.n_pairs},
              {"n_no_events", events_.n_pairs_no_events},
              {"n_without_row", events_.n_added},
              {"n_rows_without_pair", events_.n_without_pair},
              {"n_different", events_.n_different}}}};
  }

  ImportReport report() const {
    ImportReport report{.n_units = manifest_.n_units(), .details = details()};
    for (const auto& [name, file] : manifest_.files) report.n_bytes += file.n_bytes;
    const auto remark = [&](uint64_t n, std::string text) {
      if (n > 0) report.remarks.push_back(fmt::format("{} {}", n, text));
    };
    if (!knows_all()) {
      report.remarks.push_back(fmt::format(
          "{} of {} tokens were decomposed for certain (sampled, or with events); at the others "
          "latents are unknown, not 0{}",
          events_.known.size(), prompts_.n_tokens(),
          manifest_.sites.size() > 1 ? "; a token of one layer counts for all" : ""));
    }
    remark(events_.n_repeated, "events are there again with the same value: left out");
    remark(prompts_.n_repeated, "rows of prompts are there again, the same: left out");
    remark(events_.left_out.n_zero + events_.left_out.n_nan + events_.left_out.n_infinite,
           "rows whose value is 0 or not finite: no events, left out");
    if (!tables_.activations.empty()) {
      remark(events_.n_added, fmt::format("events are only in sae_representation, not in {}: kept",
                                          kFeatureActivations));
    }
    remark(events_.n_without_pair,
           "events of sampled positions are not in sae_representation: kept");
    remark(events_.n_different,
           fmt::format("values differ between sae_representation and {}: the events have the "
                       "latter's, the former stay in sampled_positions.arrow",
                       kFeatureActivations));
    report.remarks.insert(report.remarks.end(), events_.differences.begin(),
                          events_.differences.end());
    return report;
  }

  const ImportOptions& options_;
  const ProgressFn& progress_;
  SaeTablesFolder tables_;
  std::string name_;
  ThreadPool pool_;
  std::optional<PromptTokenizer> tokenizer_;
  Json files_;
  PromptPass prompts_;
  ExplanationPass explanations_;
  EventPass events_;
  Manifest manifest_;
};

}  // namespace

ImportReport import_sae_tables(const ImportOptions& options, const ProgressFn& progress) {
  check_recording_name(options.output);
  return SaeTablesImport(options, progress).run();
}

}  // namespace actogram
