#include "record/merge_recordings.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <thread>

#include "base/threads.h"
#include "collate/merge.h"
#include "record/merge_samples.h"
#include "store/event_writer.h"
#include "store/provenance.h"
#include "store/sparse_units.h"
#include "store/work_folder.h"

namespace actogram {
namespace {

using Inputs = std::vector<std::unique_ptr<Recording>>;

// What must agree, by name, for the numbers to be of one kind.
Json kind_of(const Manifest& manifest) {
  Json kind = manifest.options;
  kind.erase("max_tokens");  // how much of a corpus was read, not how
  kind["model"] = manifest.model.value("sha256", manifest.model.value("name", ""));
  kind.update(to_json(manifest.collate));
  return kind;
}

void check_fit(const Inputs& inputs) {
  static const Json kNone;
  const Manifest& first = inputs.front()->manifest();
  for (const auto& input : inputs) {
    const Json expected = kind_of(first), found = kind_of(input->manifest());
    for (const auto& [what, value] : expected.items()) {
      const Json& other = found.contains(what) ? found.at(what) : kNone;
      if (other == value) continue;
      fail(Code::invalid, "{} and {} do not fit together: {} is {} and {}", inputs.front()->path(),
           input->path(), what, to_text(value), to_text(other));
    }
    if (input->manifest().sites != first.sites) {
      fail(Code::invalid, "{} and {} do not fit together: they have different sites",
           inputs.front()->path(), input->path());
    }
  }
}

std::vector<std::string> source_names(const Recording& recording) {
  std::vector<std::string> names;
  for (const Json& source : recording.manifest().corpus.at("sources")) {
    names.push_back(source.at("name").get<std::string>());
  }
  return names;
}

// Where each document of the inputs goes.
struct MergedDocument {
  uint64_t number = 0;  // in the merged corpus; the order of the documents
  size_t input = 0;
  uint64_t row = 0;
};

// The corpora as one: shards of the same corpus share their numbers, others are appended.
class MergedCorpus {
 public:
  explicit MergedCorpus(const Inputs& inputs) : inputs_(inputs) {
    for (size_t i = 0; i < inputs.size(); ++i) add(i);
    std::ranges::sort(documents_, {}, &MergedDocument::number);
    for (size_t d = 1; d < documents_.size(); ++d) {
      if (documents_[d].number == documents_[d - 1].number)
        fail_twice(documents_[d - 1], documents_[d]);
    }
  }

  // Writes the corpus tables; fills new_sequence().
  StoredFiles write(const std::string& folder) {
    new_sequence_.resize(inputs_.size());
    for (size_t i = 0; i < inputs_.size(); ++i) {
      new_sequence_[i].resize(inputs_[i]->corpus().n_sequences());
    }
    std::vector<uint64_t> next(inputs_.size());  // sequences lie in the order of their documents
    CorpusWriter writer(folder);
    for (const MergedDocument& merged : documents_) {
      const CorpusTables& corpus = inputs_[merged.input]->corpus();
      DocumentRow document = corpus.document(merged.row);
      document.document = merged.number;
      document.source += first_source_[merged.input];
      writer.add_document(document);
      for (uint64_t& s = next[merged.input]; s < corpus.n_sequences(); ++s) {
        const SequenceRow sequence = corpus.sequence(s);
        if (sequence.document_row != merged.row) break;
        new_sequence_[merged.input][s] = static_cast<uint32_t>(writer.n_sequences());
        writer.add_sequence(sequence.chunk, sequence.key, corpus.tokens(sequence));
      }
    }
    return writer.finish();
  }

  uint32_t new_sequence(size_t input, uint32_t sequence) const {
    return new_sequence_[input].at(sequence);
  }

  Json summary() const {
    Json sum = inputs_.front()->manifest().corpus;
    for (auto& [key, value] : sum.items()) {
      if (value.is_number()) value = uint64_t{0};
    }
    sum["sources"] = Json::array();
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const Json& corpus = inputs_[i]->manifest().corpus;
      for (auto& [key, value] : sum.items()) {
        if (value.is_number()) value = value.get<uint64_t>() + corpus.value(key, uint64_t{0});
      }
      const Json& sources = corpus.at("sources");
      for (size_t s = 0; s < sources.size(); ++s)
        add_source(sum["sources"], first_source_[i] + s, sources[s]);
    }
    return sum;
  }

 private:
  void add(size_t i) {
    const auto names = source_names(*inputs_[i]);
    uint64_t offset = 0;
    bool known = false;
    for (size_t j = 0; j < i && !known; ++j) {
      if (source_names(*inputs_[j]) != names) continue;
      known = true;
      offset = offset_[j];
      first_source_.push_back(first_source_[j]);
    }
    if (!known) {
      offset = next_number_;
      first_source_.push_back(n_sources_);
      n_sources_ += static_cast<uint32_t>(names.size());
    }
    offset_.push_back(offset);
    const CorpusTables& corpus = inputs_[i]->corpus();
    for (uint64_t row = 0; row < corpus.n_documents(); ++row) {
      documents_.push_back({offset + corpus.document(row).document, i, row});
      next_number_ = std::max(next_number_, documents_.back().number + 1);
    }
  }

  [[noreturn]] void fail_twice(const MergedDocument& a, const MergedDocument& b) const {
    fail(Code::invalid,
         "{} and {} both hold document {} ({}); if these are different corpora, give their inputs "
         "different names when recording (NAME=PATH)",
         inputs_[a.input]->path(), inputs_[b.input]->path(), a.number,
         inputs_[a.input]->corpus().document(a.row).name);
  }

  static void add_source(Json& sources, size_t index, const Json& source) {
    if (index >= sources.size()) {
      sources.push_back(source);
      return;
    }
    for (auto& [key, value] : sources[index].items()) {
      if (value.is_number()) value = value.get<uint64_t>() + source.value(key, uint64_t{0});
    }
  }

  const Inputs& inputs_;
  std::vector<MergedDocument> documents_;
  std::vector<uint64_t> offset_;                     // [input], added to its document numbers
  std::vector<uint32_t> first_source_;               // [input]
  std::vector<std::vector<uint32_t>> new_sequence_;  // [input][sequence]
  uint64_t next_number_ = 0;
  uint32_t n_sources_ = 0;
};

void write_dense_units(const Inputs& inputs, const MergedCorpus& corpus, UnitWriter& writer,
                       const ProgressFn& progress) {
  const Manifest& manifest = inputs.front()->manifest();
  const uint64_t n_units = n_dense_units(manifest.sites);
  std::vector<UnitRecord> parts(inputs.size());
  for (uint64_t row = 0; row < n_units; ++row) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      parts[i] = inputs[i]->units().unit(row);
      parts[i].classes = inputs[i]->exact_classes(row, GluSigns::model);
      const auto renumber = [&](Place& at) { at.sequence = corpus.new_sequence(i, at.sequence); };
      if (parts[i].summary.count > 0) {
        renumber(parts[i].summary.min_at);
        renumber(parts[i].summary.max_at);
      }
      for (KeptPeak& peak : parts[i].maximum_peaks) renumber(peak.at);
      for (KeptPeak& peak : parts[i].minimum_peaks) renumber(peak.at);
      if (parts[i].head) {
        for (HeadPeak& peak : parts[i].head->peaks) renumber(peak.at);
      }
      for (ClassRecord& record : parts[i].classes) {
        for (auto& peaks : record.peaks) {
          for (ClassPeak& peak : peaks) renumber(peak.at);
        }
      }
    }
    UnitRecord merged = merge_units(parts, manifest.collate);
    assign_groups(merged, manifest.collate);
    writer.add(merged);
    if (row % 1024 == 0) progress({"merging", row, n_units, 0, "units"});
  }
  progress({"merging", n_units, n_units, 0, "units"});
}

// Tokens of an input go to where their sequences went.
class MergedTokens {
 public:
  MergedTokens(const Inputs& inputs, const MergedCorpus& corpus, const CorpusTables& merged) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      first_.push_back(first_tokens(inputs[i]->corpus()));
      std::vector<uint32_t>& to = to_.emplace_back();
      for (uint32_t s = 0; s < inputs[i]->corpus().n_sequences(); ++s) {
        const SequenceRow row = merged.sequence(corpus.new_sequence(i, s));
        to.push_back(static_cast<uint32_t>(row.first_token));
      }
    }
  }

  // `tokens` of an input, ascending.
  void renumber(size_t input, std::span<const uint32_t> tokens, std::vector<uint32_t>& into) const {
    const std::vector<uint64_t>& first = first_[input];
    into.clear();
    size_t s = 0;
    for (const uint32_t token : tokens) {
      if (token >= first[s + 1]) {
        const auto after = std::ranges::upper_bound(first, token);
        s = static_cast<size_t>(after - first.begin()) - 1;
      }
      into.push_back(static_cast<uint32_t>(to_[input][s] + (token - first[s])));
    }
  }

 private:
  std::vector<std::vector<uint64_t>> first_;  // [input][sequence + 1]
  std::vector<std::vector<uint32_t>> to_;     // [input][sequence]: its first token, merged
};

// Row for row as the merged events lie: those of a token are one input's, in the same order.
void write_attributions(const Inputs& inputs, const MergedTokens& tokens, uint64_t n_tokens,
                        const std::string& folder, StoredFiles& into) {
  if (!inputs.front()->manifest().has_attributions()) return;
  struct Origin {
    uint32_t input = 0, token = 0;
  };
  std::vector<Origin> origins(n_tokens);
  std::vector<uint32_t> own, merged;
  for (uint32_t i = 0; i < inputs.size(); ++i) {
    own.resize(inputs[i]->corpus().n_tokens());
    std::iota(own.begin(), own.end(), 0U);
    tokens.renumber(i, own, merged);
    for (uint32_t t = 0; t < own.size(); ++t) origins[merged[t]] = {i, t};
  }
  AttributionWriter writer(folder);
  for (const Origin& origin : origins) {
    const Recording& input = *inputs[origin.input];
    const uint64_t first = input.events()->first_event_at(origin.token);
    const size_t n = input.events()->at_token(origin.token).size();
    for (size_t i = 0; i < n; ++i) writer.add(input.attributions()->event(first + i));
  }
  writer.finish(into);
}

// The events of all inputs, and what they say of the sparse units.
StoredFiles write_events(const Inputs& inputs, const MergedTokens& tokens,
                         const CorpusTables& merged, const std::string& folder, UnitWriter& writer,
                         const ProgressFn& progress) {
  const Manifest& manifest = inputs.front()->manifest();
  const uint64_t n_units = manifest.n_units(), n_dense = n_dense_units(manifest.sites);
  EventWriter events(folder, {merged.n_tokens(), n_units}, 1);
  std::vector<UnknownToken> unknown;
  std::vector<uint32_t> renumbered;
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (uint64_t row = n_dense; row < n_units; ++row) {
      const EventsOfUnit of_unit(*inputs[i]->events(), row);
      tokens.renumber(i, of_unit.values().tokens, renumbered);
      const std::vector<uint32_t> units(renumbered.size(), static_cast<uint32_t>(row));
      events.add(0, renumbered, units, of_unit.values().values);
      if (row % 1024 == 0) {
        progress({"merging events", i * n_units + row, inputs.size() * n_units, 0, "units"});
      }
    }
    for (uint32_t s = 0; s < manifest.sites.size(); ++s) {
      tokens.renumber(i, inputs[i]->token_lists().unknown(s), renumbered);
      for (const uint32_t token : renumbered) unknown.push_back({s, token});
    }
  }
  ThreadPool pool(std::max(1u, std::thread::hardware_concurrency()));
  StoredFiles files = events.finish(pool);
  write_attributions(inputs, tokens, merged.n_tokens(), folder, files);
  write_unknown_tokens(folder, std::move(unknown), files);
  write_sparse_units(EventIndex(folder), merged, TokenLists(folder, files), manifest.sites, writer,
                     [](uint64_t) {});
  return files;
}

StoredFiles write_units(const Inputs& inputs, const MergedCorpus& corpus, const std::string& folder,
                        const ProgressFn& progress) {
  const Manifest& manifest = inputs.front()->manifest();
  UnitWriter writer(folder, manifest.sites, manifest.classes_of());
  write_dense_units(inputs, corpus, writer, progress);
  StoredFiles files;
  if (manifest.has_events()) {
    const CorpusTables merged(folder);
    files = write_events(inputs, MergedTokens(inputs, corpus, merged), merged, folder, writer,
                         progress);
  }
  files.merge(writer.finish());
  return files;
}

// They are the model's, so any input's are all inputs'; an older recording may have none.
StoredFiles write_weights_of(const Inputs& inputs, const std::string& folder) {
  const auto known = std::ranges::find_if(
      inputs, [](const auto& input) { return input->manifest().has_weights(); });
  if (known == inputs.end()) return {};
  std::vector<NeuronWeights> weights;
  for (uint64_t row = 0; row < n_token_units((*known)->manifest().sites); ++row) {
    weights.push_back(*(*known)->weights(row));
  }
  return {{weights_table().file, write_weights(folder, weights)}};
}

Json merged_shards(const Inputs& inputs) {
  Json shards = Json::array();
  for (const auto& input : inputs) {
    shards.push_back({{"recording", input->path()}, {"provenance", input->manifest().provenance}});
  }
  return shards;
}

}  // namespace

void merge_recordings(const MergeOptions& options, const ProgressFn& progress) {
  Inputs inputs;
  Json identity = Json::array();
  for (const std::string& path : options.inputs) {
    inputs.push_back(std::make_unique<Recording>(path));
    identity.push_back(to_json(inputs.back()->manifest().files));
  }
  for (const auto& input : inputs) {
    const Manifest& manifest = input->manifest();
    if (manifest.holds == Holds::everything && !manifest.provenance.contains("imported")) continue;
    fail(Code::invalid, "{}: imported; only recordings that were made here can be merged",
         input->path());
  }
  if (inputs.empty()) fail(Code::invalid, "no recordings to merge");
  check_fit(inputs);
  MergedCorpus corpus(inputs);
  check_recording_name(options.output);
  WorkFolder folder(options.output, identity, options.command);

  Manifest manifest = inputs.front()->manifest();
  manifest.files = corpus.write(folder.path());
  manifest.files.merge(write_units(inputs, corpus, folder.path(), progress));
  manifest.files.merge(write_weights_of(inputs, folder.path()));
  const auto new_sequence = [&](size_t i, uint32_t s) { return corpus.new_sequence(i, s); };
  manifest.files.merge(merge_samples(inputs, new_sequence, folder.path(), progress));
  manifest.corpus = corpus.summary();
  manifest.provenance = provenance(options.command);
  manifest.provenance["shards"] = merged_shards(inputs);
  folder.finish(manifest);
}

}  // namespace actogram
