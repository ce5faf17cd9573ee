// The one way to fail: an Error ends the caller's operation. Its code decides the exit status of
// the program, the HTTP status of the server and the exception class of the Python package.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace actogram {

enum class Code {
  invalid,      // a value that cannot be meant: an option, an address, an argument
  not_found,    // a file, a unit, a column that does not exist
  exists,       // a name that is taken, a recording that another process writes
  corrupt,      // bytes that contradict themselves or their checksum
  unsupported,  // understood, but not something this version does
  environment,  // the disk is full, a folder is not writable, memory is short
};

class Error : public std::runtime_error {
 public:
  Error(Code code, const std::string& message) : std::runtime_error(message), code_(code) {}
  Code code() const { return code_; }

 private:
  Code code_;
};

// Says what was found, what was expected and what to do, in one line.
template <typename... Args>
[[noreturn]] void fail(Code code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace actogram
