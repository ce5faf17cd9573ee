// Documents one by one, from wherever they are.
#pragma once

#include <cstdint>
#include <optional>

#include "actogram/types.h"

namespace actogram {

class DocumentReader {
 public:
  virtual ~DocumentReader() = default;

  virtual std::optional<Document> next() = 0;

  // Rows passed over so far because their text is null.
  virtual uint64_t n_null_rows() const { return 0; }
};

}  // namespace actogram
