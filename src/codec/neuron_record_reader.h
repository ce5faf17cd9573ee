// Reads what the Transformer Debugger and automated-interpretability write (codec/neuron_record.h),
// by the rules of their own loads(): keys in any order, the old names `idx` and `layer`, a layer as
// a string, `dataclass_name` anywhere or nowhere; what none of their classes has is an error.
//
// simdjson finds the structure, checks UTF-8 and decodes strings; nothing recurses, so nesting
// costs nothing but what it takes to find it. Of a document larger than kSurelySmall that is looked
// at before, since the structure takes up to four times the document.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "codec/known_lists.h"
#include "codec/neuron_record.h"

namespace actogram {

// What a document is, by its keys.
enum class NeuronDocument : uint8_t {
  record,        // NeuronRecord
  explanations,  // NeuronSimulationResults or AttentionSimulationResults; for another reader
};

class NeuronRecordReader {
 public:
  static constexpr size_t kPadding = 64;  // bytes that must be readable behind a document
  static constexpr size_t kMostBytes = size_t{512} << 20;
  static constexpr size_t kMostDepth = 64;

  NeuronRecordReader();
  ~NeuronRecordReader();
  NeuronRecordReader(NeuronRecordReader&&) noexcept;

  // One document. Requires: kPadding bytes behind `text` are readable, whatever they are. `what`
  // names it in errors. Where it is no record, `record` has nothing in it. Lists of tokens that are
  // `known` are not read.
  NeuronDocument read(std::string_view text, const std::string& what, NeuronRecord& record,
                      const KnownLists* known = nullptr);
  // The same, by its definition and more slowly. read() does it where something is wrong, so that
  // errors do not depend on the quick way.
  NeuronDocument read_carefully(std::string_view text, const std::string& what,
                                NeuronRecord& record);

 private:
  static void check_size(std::string_view text, const std::string& what);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace actogram
