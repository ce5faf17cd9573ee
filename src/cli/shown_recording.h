// A recording that `actogram serve` shows: everything that its documents are made by.
#pragma once

#include <memory>
#include <string>

#include "server/server.h"

namespace actogram {

class ShownRecording {
 public:
  // Error{invalid} where it was imported without what pages are made of.
  explicit ShownRecording(const std::string& path);
  ~ShownRecording();

  // From now on text can be run by `model`. Error{invalid} where the recording is of another one,
  // which is then the reason that its documents give.
  void run_live(const std::string& model);

  // As long as this lives.
  Documents documents() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace actogram
