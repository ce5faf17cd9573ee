// What a model computes at one site, as files of rows on the disk: a training run reads each row
// many times and in random order, and the model is the slowest part of it.
//
//   file := row*      row := float32[width], of one token, as the model has it
//
// A file holds the tokens of some consecutive sequences and takes its name when it is complete, so
// a stopped run goes on with the file it was at. Rows with a number that is not finite are left
// out, and counted.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "actogram/source.h"
#include "base/file.h"
#include "store/corpus_tables.h"

namespace actogram {

// Of one file: tokens of these sequences.
struct ActivationPart {
  std::string path;
  std::vector<uint32_t> sequences = {};
  uint64_t n_tokens = 0;
};

// Cuts `sequences` into parts of about 16,384 tokens, FOLDER/NAME.0 and so on.
std::vector<ActivationPart> plan_parts(const CorpusTables& corpus,
                                       std::span<const uint32_t> sequences,
                                       const std::string& folder, const std::string& name);

// Runs the part's sequences through `source`, which has one site, unless its file is there.
void ensure_part(const ActivationPart& part, const CorpusTables& corpus, ActivationSource& source);

// The rows of some parts, mapped.
class ActivationRows {
 public:
  ActivationRows(std::span<const ActivationPart> parts, size_t width);

  size_t size() const { return first_row_.back(); }
  std::span<const float> row(size_t i) const;

 private:
  size_t width_;
  std::vector<MappedFile> files_;
  std::vector<size_t> first_row_;  // [part + 1]
};

}  // namespace actogram
