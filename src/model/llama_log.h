// What llama.cpp says, kept for error messages instead of written to stderr.
//
// The log callback is one for the process; it is installed with the first LlamaLog and stays. Lines
// are kept for the thread that llama.cpp runs on, which for loading and decoding is the caller's.
#pragma once

#include <string>

namespace actogram {

class LlamaLog {
 public:
  LlamaLog();  // forgets what this thread was told before

  // The warnings and errors since then, in one line; "no reason given" where there are none.
  std::string text() const;
};

}  // namespace actogram
