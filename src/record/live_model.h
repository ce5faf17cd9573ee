// Runs text that people type through the model of a recording, `actogram serve --model`: the same
// sequences, sources and encoders as record() has, so that a value is the one that a recording of
// this text would hold.
//
// One text runs at a time, the others wait in line. Before each layer it is asked whether anybody
// still waits for the answer and whether there is time left; who leaves costs no more than a layer.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "actogram/types.h"
#include "core/typed_text.h"

namespace actogram {

class LlamaModel;

struct LiveLimits {
  size_t bytes = size_t{16} << 10;         // of a text
  size_t tokens = 1024;                    // of a text
  size_t in_line = 16;                     // texts that wait or run
  std::chrono::milliseconds time{30'000};  // from the question to the answer
};

class LiveModel {
 public:
  // `model` is what record() takes. Error{invalid} where `recording` is of another one.
  LiveModel(const std::string& model, const std::string& recording, const LiveLimits& limits);
  ~LiveModel();

  const LiveLimits& limits() const;
  const std::string& model() const;  // as it was named
  const LlamaModel* llama() const;   // null for the fake model

  // Whether nobody waits any more; asked often, from the calling thread.
  using IsLeft = std::function<bool()>;

  // Error{invalid} for a text that is too long or has no token, Busy (waiting_line.h) where there
  // is no time or too many are in line, and what open_again() throws for a latent.
  TypedUnit unit(const UnitAddress& unit, std::string_view text, const IsLeft& is_left);

  // Of all units: those of an SAE whose weights are not there are none.
  TypedUnits units(std::string_view text, const IsLeft& is_left);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// What GET /api/live says: whether text can be run, and how long it may be. Null: it cannot, for
// that reason.
std::string live_json(const LiveModel* live, std::string_view reason);

}  // namespace actogram
