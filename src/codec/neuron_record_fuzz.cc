// Any bytes are a record, something else that is known, or an Error; what was read comes back the
// same from what is written of it.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "actogram/error.h"
#include "codec/neuron_record_reader.h"
#include "codec/neuron_record_writer.h"

namespace {

using namespace actogram;

NeuronDocument read(NeuronRecordReader& reader, std::string text, NeuronRecord& record) {
  const size_t n = text.size();
  text.append(NeuronRecordReader::kPadding, '\0');
  return reader.read(std::string_view(text).substr(0, n), "fuzz", record);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  NeuronRecordReader reader;
  NeuronRecord record;
  try {
    if (read(reader, std::string(reinterpret_cast<const char*>(data), size), record) !=
        NeuronDocument::record) {
      return 0;
    }
  } catch (const Error&) {
    return 0;
  }
  std::string written;
  std::string rewritten;
  append_json(record, {}, written);
  NeuronRecord again;
  read(reader, written, again);  // an Error here is a bug
  append_json(again, {}, rewritten);
  if (written != rewritten || again.excerpts.size() != record.excerpts.size() ||
      again.values.size() != record.values.size() || again.text.size() != record.text.size()) {
    abort();
  }
  return 0;
}
