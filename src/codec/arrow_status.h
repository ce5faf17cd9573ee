// Arrow's statuses become Errors here, and only here: `auto table = ok(call(), path)`.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <string>
#include <utility>

#include "actogram/error.h"

namespace actogram {

inline Code code_of(const arrow::Status& status) {
  if (status.IsOutOfMemory()) return Code::environment;
  // Arrow reports damaged bytes as IOError too; only a failed system call carries its errno.
  if (status.IsIOError() && status.detail() != nullptr) return Code::environment;
  if (status.IsNotImplemented()) return Code::unsupported;
  return Code::corrupt;
}

// `what` names the file in the message.
inline void ok(const arrow::Status& status, const std::string& what) {
  if (!status.ok()) fail(code_of(status), "{}: {}", what, status.ToString());
}

template <typename T>
T ok(arrow::Result<T> result, const std::string& what) {
  ok(result.status(), what);
  return std::move(result).ValueUnsafe();
}

}  // namespace actogram
