#include "query/facts.h"

#include "core/unit_address.h"
#include "store/recording.h"

namespace actogram {
namespace {

// As one would type it: in quotes where a shell would read more than the word.
std::string quoted(const std::string& word) {
  constexpr const char* kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,+@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == word.npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string joined(const Json& list) {
  std::string text;
  for (const Json& word : list) text += (text.empty() ? "" : " ") + quoted(word.get<std::string>());
  return text;
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "unknown";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string counted(uint64_t n, const char* noun) {
  return fmt::format("{} {}{}", readable_count(n), noun, n == 1 ? "" : "s");
}

// "NAME (ARCHITECTURE, FILE TYPE)", of which the fake model has no file.
std::string model_line(const Json& model) {
  std::string kind = text_of(model, "architecture");
  if (model.contains("file_type")) kind += ", " + text_of(model, "file_type");
  return fmt::format("{} ({})", text_of(model, "name"), kind);
}

uint64_t count_of(const Json& object, const char* key) { return object.value(key, uint64_t{0}); }

// An import may know none of these.
std::string corpus_line(const Json& corpus) {
  const auto part = [&](const char* key, const char* noun) {
    return corpus.contains(key) ? counted(count_of(corpus, key), noun)
                                : fmt::format("unknown {}s", noun);
  };
  return fmt::format("{} in {} of {}", part("n_tokens", "token"), part("n_sequences", "sequence"),
                     part("n_documents", "document"));
}

Facts held_records(const Manifest& m) {
  const Json& imported = m.provenance.at("imported");
  return {{"holds", fmt::format("{} with moments and excerpts; no counts, minima or histograms",
                                counted(count_of(imported, "n_records"), "record"))},
          {"explanations", readable_count(count_of(imported, "n_explanations"))},
          {"texts", "excerpts as strings of tokens; neither token ids nor documents are known"}};
}

Facts held_classes(const Manifest& m) {
  constexpr const char* kHeld[] = {
      "", "sign classes, exactly as recorded",
      "sign classes as float32; no positions; counts where tokens are known",
      "sampled values only"};
  return {{"holds", kHeld[static_cast<size_t>(m.holds)]},
          {"texts", m.has_corpus() ? "joined by row number" : "none: peaks are row numbers"}};
}

const char* texts_of_events(const Manifest& m) {
  const bool tokenized = m.options.value("tokenized", false);
  if (m.provenance.at("imported").value("format", "") == "delphi") {
    return tokenized ? "what the token ids stand for" : "none: token ids alone";
  }
  return tokenized ? "prompts as the model read them"
                   : "prompts as published; which token is where, is not known";
}

Facts held_events(const Manifest& m) {
  const Json& imported = m.provenance.at("imported");
  return {{"holds", fmt::format("{} of SAE latents, known at {} of {}",
                                counted(count_of(imported, "n_events"), "event"),
                                readable_count(count_of(imported, "n_known_tokens")),
                                counted(count_of(imported, "n_tokens"), "token"))},
          {"texts", texts_of_events(m)}};
}

// What an import has, which is less than a recording.
Facts import_facts(const Manifest& m) {
  const Json& imported = m.provenance.at("imported");
  const bool exact = m.holds == Holds::classes;
  if (m.holds == Holds::records) {
    Facts facts = {
        {"imported", fmt::format("{} of {}", counted(count_of(imported, "n_files"), "file"),
                                 text_of(imported, "dataset"))}};
    const Facts held = held_records(m);
    facts.insert(facts.end(), held.begin(), held.end());
    return facts;
  }
  Facts facts = {
      {"imported",
       fmt::format("{} of {} in the form of {}", counted(imported.at("files").size(), "file"),
                   exact ? "an export" : "a data set of others", text_of(imported, "format"))}};
  const Facts held = m.holds == Holds::everything ? held_events(m) : held_classes(m);
  facts.insert(facts.end(), held.begin(), held.end());
  for (const auto& [key, value] : imported.at("card").items()) {
    facts.emplace_back("  " + key, value.get<std::string>());
  }
  return facts;
}

Facts recorded_facts(const Manifest& m) {
  Facts facts = {
      {"context",
       fmt::format("{} tokens; long documents: {}; BOS: {}", text_of(m.options, "context"),
                   text_of(m.options, "long_documents"), text_of(m.options, "bos"))},
      {"exemplars", fmt::format("{} top, {} bottom, {} random, {} in each of {} buckets, "
                                "windows of {} tokens",
                                m.collate.top, m.collate.bottom, m.collate.random,
                                m.collate.per_bucket, kNumBuckets, m.collate.window)}};
  const auto n_of = [&](const char* what) { return m.corpus.value(what, uint64_t{0}); };
  const uint64_t n_empty = n_of("n_empty_documents"), n_cut = n_of("n_truncated_documents");
  if (n_empty + n_cut > 0) {
    facts.emplace_back("left out",
                       fmt::format("{} without a token, the rest of {} long ones",
                                   counted(n_empty, "document"), readable_count(n_cut)));
  }
  return facts;
}

}  // namespace

std::string readable_bytes(uint64_t n) {
  constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB"};
  if (n < 1000) return fmt::format("{} bytes", n);
  double value = static_cast<double>(n) / 1000;
  size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string readable_count(uint64_t n) {
  std::string digits = std::to_string(n);
  for (auto at = static_cast<ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

Facts facts_of(const std::string& path) {
  const Recording recording(path);
  const Manifest& m = recording.manifest();
  uint64_t n_bytes = 0;
  for (const auto& [name, file] : m.files) n_bytes += file.n_bytes;
  Facts facts = {
      {"model", model_line(m.model)},
      {"units", fmt::format("{} at {}, {} to {}", readable_count(m.n_units()),
                            counted(m.sites.size(), "site"), short_site_name(m.sites.front().name),
                            short_site_name(m.sites.back().name))},
      {"corpus", corpus_line(m.corpus)}};
  if (m.model.contains("file")) {
    facts.insert(facts.begin() + 1, {{"model file", text_of(m.model, "file")},
                                     {"sha256", text_of(m.model, "sha256")}});
  }
  for (const Json& source : m.corpus.at("sources")) {
    facts.push_back(
        {"  " + text_of(source, "name"),
         fmt::format("{}, {}, {} not UTF-8", counted(count_of(source, "n_documents"), "document"),
                     readable_bytes(count_of(source, "n_bytes")),
                     counted(count_of(source, "n_invalid_bytes"), "byte"))});
  }
  for (auto& fact : m.provenance.contains("imported") ? import_facts(m) : recorded_facts(m)) {
    facts.push_back(std::move(fact));
  }
  if (m.has_samples()) {
    facts.push_back({"samples", fmt::format("one token of each of the first {}",
                                            counted(m.files.at(sample_places_table().file).n_rows,
                                                    "sequence"))});
  }
  if (m.refactor_glu) facts.push_back({"signs", "refactor_glu, unless --no-refactor-glu"});
  facts.push_back({"size", readable_bytes(n_bytes)});
  facts.push_back({"program", fmt::format("{}, {}", text_of(m.provenance, "program"),
                                          text_of(m.provenance, "simd"))});
  facts.push_back({"written", text_of(m.provenance, "written")});
  if (!m.provenance.at("shards").empty()) {
    facts.push_back({"shards", std::to_string(m.provenance.at("shards").size())});
  }
  facts.push_back({"command", joined(m.provenance.at("command"))});
  return facts;
}

CheckResult check(const std::string& path, const ProgressFn& progress) {
  const CheckReport report = check_recording(path, [&](double share) {
    progress({"checking", static_cast<uint64_t>(share * 1000), 1000, 0, ""});
  });
  return {report.problems,
          fmt::format("{} files, {}, {} units, {} peaks", report.n_files,
                      readable_bytes(report.n_bytes), readable_count(report.n_units),
                      readable_count(report.n_peaks))};
}

std::string to_json_text(const CheckResult& result) {
  return to_text(Json{{"sound", result.problems.empty()},
                      {"problems", result.problems},
                      {"summary", result.summary}});
}

}  // namespace actogram
