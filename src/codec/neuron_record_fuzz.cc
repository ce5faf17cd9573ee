// Any bytes are a record, something else that is known, or an Error; what was read comes back the
// same from what is written of it. However it is read, quickly, carefully or with lists that are
// known, the same comes of it.
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "actogram/error.h"
#include "codec/neuron_record_reader.h"
#include "codec/neuron_record_writer.h"

namespace {

using namespace actogram;

void require(bool holds) {
  if (!holds) abort();
}

NeuronDocument read(NeuronRecordReader& reader, std::string text, NeuronRecord& record,
                    const KnownLists* known = nullptr) {
  const size_t n = text.size();
  text.append(NeuronRecordReader::kPadding, '\0');
  return reader.read(std::string_view(text).substr(0, n), "fuzz", record, known);
}

// The kind of the document, or the Error.
std::string read_carefully(NeuronRecordReader& reader, std::string text, NeuronRecord& record) {
  const size_t n = text.size();
  text.append(NeuronRecordReader::kPadding, '\0');
  try {
    const auto kind = reader.read_carefully(std::string_view(text).substr(0, n), "fuzz", record);
    return std::to_string(static_cast<int>(kind));
  } catch (const Error& error) {
    return error.what();
  }
}

void require_same(const NeuronRecord& a, const NeuronRecord& b) {
  require(a.text == b.text && a.tokens_end == b.tokens_end);
  require(a.excerpts.size() == b.excerpts.size() && a.values.size() == b.values.size());
  for (size_t i = 0; i < a.values.size(); ++i) {
    require(std::bit_cast<uint64_t>(a.values[i]) == std::bit_cast<uint64_t>(b.values[i]));
  }
  for (size_t i = 0; i < a.excerpts.size(); ++i) {
    require(a.excerpts[i].form == b.excerpts[i].form);
    require(a.excerpts[i].n_tokens == b.excerpts[i].n_tokens);
  }
}

// Lists with tokens are known when the record comes again.
void require_known(NeuronRecordReader& reader, const std::string& text) {
  static KnownLists known;
  NeuronRecord first;
  read(reader, text, first, &known);
  for (const RecordExcerpt& e : first.excerpts) {
    if (e.n_tokens > 0) known.add({e.json, static_cast<uint32_t>(e.n_tokens), 1});
  }
  NeuronRecord again;
  read(reader, text, again, &known);
  require(again.excerpts.size() == first.excerpts.size() && again.text.empty());
  require(again.values.size() == first.values.size());
  for (size_t i = 0; i < first.excerpts.size(); ++i) {
    require(again.excerpts[i].n_tokens == first.excerpts[i].n_tokens);
    require(again.excerpts[i].known.has_value() == (first.excerpts[i].n_tokens > 0));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  NeuronRecordReader reader;
  NeuronRecord record;
  NeuronRecord carefully;
  const std::string outcome = read_carefully(reader, text, carefully);
  try {
    const NeuronDocument kind = read(reader, text, record);
    require(outcome == std::to_string(static_cast<int>(kind)));
    if (kind != NeuronDocument::record) return 0;
  } catch (const Error& error) {
    require(outcome == error.what());
    return 0;
  }
  require_same(record, carefully);
  require_known(reader, text);
  std::string written;
  std::string rewritten;
  append_json(record, {}, written);
  NeuronRecord again;
  read(reader, written, again);  // an Error here is a bug
  append_json(again, {}, rewritten);
  require(written == rewritten && again.excerpts.size() == record.excerpts.size());
  require(again.values.size() == record.values.size() && again.text.size() == record.text.size());
  return 0;
}
