#include "query/open_recording.h"

#include "store/recording.h"

namespace actogram {

std::shared_ptr<const Recording> open_recording(const std::string& path) {
  return std::make_shared<const Recording>(path);
}

void check_ahead(const Recording& recording, const std::stop_token& stop) {
  recording.check_ahead(stop);
}

}  // namespace actogram
