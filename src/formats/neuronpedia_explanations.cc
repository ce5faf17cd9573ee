#include "formats/neuronpedia_explanations.h"

#include <fmt/format.h>

#include <cctype>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "base/hash.h"
#include "codec/compression.h"
#include "core/unit_address.h"
#include "formats/export_folder.h"

namespace actogram {
namespace {

constexpr size_t kLinesPerBatch = 1024;
constexpr const char* kCreator = "clkht01d40000jv08hvalcvly";  // the importer's own

struct TypeRow {
  std::string_view method;
  const char* name;
  const char* title;
  const char* description;
};
// To add one: a row, under the name that Neuronpedia has for the method, if it has.
constexpr TypeRow kTypes[] = {
    {"tokens", "oai_token-act-pair", "OpenAI token-activation pairs",
     "Tokens and their activations from 0 to 10, as in Bills et al. 2023"},
    {"excerpts", "actogram_excerpts", "actogram excerpts",
     "Some 200 tokens around each of the highest activations, answered as JSON"}};

const TypeRow& type_of(const StoredExplanation& explanation) {
  for (const TypeRow& row : kTypes) {
    if (row.method == explanation.method) return row;
  }
  fail(Code::unsupported, "{}/{}: explained by the method {}, which has no type at Neuronpedia",
       explanation.unit.site, explanation.unit.index, explanation.method);
}

// "5", or "5-NAME" of an SAE.
std::string source_of(const Site& site) {
  if (!is_sparse_site(site.name)) return std::to_string(site.layer);
  constexpr std::string_view kSae = "/sae:";
  return fmt::format("{}-{}", site.layer, site.name.substr(site.name.find(kSae) + kSae.size()));
}

// A host's name for a model, "openai/gpt-4o-mini", without the host.
std::string model_name(const StoredExplanation& explanation) {
  return explanation.model.substr(explanation.model.rfind('/') + 1);
}

// 25 characters that are the same whenever the same is exported.
std::string id_of(const StoredExplanation& e) {
  const std::string text = to_text(
      Json{e.unit.site, e.unit.index, e.method, e.prompt_version, e.model, e.parameters, e.text});
  const Hash128 hash = hash128(std::as_bytes(std::span(text)));
  return "c" + fmt::format("{:016x}{:016x}", hash.high, hash.low).substr(0, 24);
}

Json line_of(const StoredExplanation& e, const std::string& model, const std::string& source) {
  return {{"id", id_of(e)},
          {"modelId", model},
          {"layer", source},
          {"index", std::to_string(e.unit.index)},
          {"authorId", kCreator},
          {"description", e.text},
          {"embedding", nullptr},
          {"typeName", type_of(e).name},
          {"explanationModelName", model_name(e)},
          {"umap_x", nullptr},
          {"umap_y", nullptr},
          {"umap_cluster", nullptr},
          {"umap_log_feature_sparsity", nullptr}};
}

Json type_line(const TypeRow& row) {
  return {{"name", row.name},          {"displayName", row.title}, {"description", row.description},
          {"featured", false},         {"isAttention", false},     {"url", nullptr},
          {"creatorName", "actogram"}, {"creatorId", kCreator}};
}

Json model_line(const std::string& name) {
  return {{"name", name},      {"displayName", name}, {"description", name},
          {"featured", false}, {"url", nullptr},      {"creatorName", "unknown"}};
}

class NeuronpediaExport {
 public:
  NeuronpediaExport(const std::string& folder, std::string model)
      : folder_(folder), model_(std::move(model)) {}

  void add(const ExplainedUnit& unit) {
    const std::string source = source_of(unit.site);
    const auto [site, is_new] = sites_.try_emplace(source, unit.site.name);
    if (site->second != unit.site.name) {
      fail(Code::invalid, "{} and {} are both the source {}; choose with --site", site->second,
           unit.site.name, source);
    }
    Source& lines = sources_[source];
    for (const StoredExplanation& e : unit.explanations) {
      lines.text += to_text(line_of(e, model_, source)) + "\n";
      types_.insert(type_of(e).name);
      models_.insert(model_name(e));
      ++report_.n_rows;
      if (++lines.n == kLinesPerBatch) flush(source, lines);
    }
  }

  ExportReport finish() {
    for (auto& [source, lines] : sources_) {
      if (lines.n > 0) flush(source, lines);
    }
    std::string types, models;
    for (const TypeRow& row : kTypes) {
      if (types_.contains(row.name)) types += to_text(type_line(row)) + "\n";
    }
    for (const std::string& name : models_) models += to_text(model_line(name)) + "\n";
    write("v1/config", "explanation_type.jsonl", types);
    write("v1/config", "explanation_model_type.jsonl", models);
    return std::move(report_);
  }

 private:
  struct Source {
    std::string text;
    size_t n = 0;
    size_t n_batches = 0;
  };

  void flush(const std::string& source, Source& lines) {
    const std::string name = fmt::format("batch-{}.jsonl.gz", lines.n_batches++);
    write(fmt::format("v1/{}/{}/explanations", model_, source), name,
          compress(std::as_bytes(std::span(lines.text)), Compression::gzip, name));
    lines.text.clear(), lines.n = 0;
  }

  void write(const std::string& in, const std::string& name, const std::string& bytes) {
    const std::string folder = fmt::format("{}/{}", folder_, in);
    std::filesystem::create_directories(folder);
    write_plain_file(fmt::format("{}/{}", folder, name), bytes);
    report_.n_bytes += bytes.size();
  }

  const std::string& folder_;
  std::string model_;
  std::map<std::string, std::string> sites_;  // by source
  std::map<std::string, Source> sources_;
  std::set<std::string> types_, models_;
  ExportReport report_;
};

}  // namespace

std::string neuronpedia_model(const std::string& typed, const Manifest& manifest) {
  std::string name = typed.empty() ? manifest.model.value("name", "") : typed;
  for (char& c : name) {
    const auto code = static_cast<unsigned char>(c);
    const bool kept = std::isalnum(code) != 0 || c == '.' || c == '_';
    c = kept ? static_cast<char>(std::tolower(code)) : '-';
  }
  if (name.find_first_not_of(".-") == name.npos) {
    fail(Code::invalid,
         "the recording does not name its model: write --model-id NAME, as "
         "Neuronpedia calls it");
  }
  return name;
}

ExportReport write_neuronpedia_explanations(const std::string& folder, const std::string& model,
                                            const std::vector<ExplainedUnit>& units) {
  NeuronpediaExport to(folder, model);
  uint64_t n_heads = 0;
  for (const ExplainedUnit& unit : units) {
    is_attention_site(unit.site.name) ? void(++n_heads) : to.add(unit);
  }
  ExportReport report = to.finish();
  if (n_heads > 0) {
    report.remarks.push_back(
        fmt::format("{} attention heads, which have no pages there: left out", n_heads));
  }
  report.remarks.push_back(
      "scores are not part of Neuronpedia's files; units must be there before their explanations");
  return report;
}

}  // namespace actogram
