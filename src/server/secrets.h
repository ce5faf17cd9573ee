// What a visitor of a server beyond loopback must know: the token, and a link that opens the pages
// once. The link does not hold the token, so that neither a browser's history nor whoever sees the
// address later has it; the browser that opened it keeps the token as a cookie.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace actogram {

// 128 random bits from the system, hexadecimal.
std::string random_secret();

class OneTimeLink {
 public:
  OneTimeLink() : ticket_(random_secret()) {}

  std::string ticket() const;
  // Whether it is the ticket; from then on another is. Of two who come at once one is let in.
  bool use(std::string_view ticket);

 private:
  mutable std::mutex mutex_;
  std::string ticket_;
};

}  // namespace actogram
