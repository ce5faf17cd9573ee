#include "server/secrets.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>

#include "actogram/error.h"
#include "server/access.h"

namespace actogram {

std::string random_secret() {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    fail(Code::environment, "the system gives no random numbers");
  }
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string OneTimeLink::ticket() const {
  const std::lock_guard lock(mutex_);
  return ticket_;
}

bool OneTimeLink::use(std::string_view ticket) {
  const std::lock_guard lock(mutex_);
  if (!same_secret(ticket, ticket_)) return false;
  ticket_ = random_secret();
  return true;
}

}  // namespace actogram
