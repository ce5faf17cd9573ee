// A recording that several views read: opened once, its files mapped once.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

namespace actogram {

class Recording;

std::shared_ptr<const Recording> open_recording(const std::string& path);

// Checks ahead what the pages of units are made of, so that the first come as soon as later ones
// (Recording::check_ahead).
void check_ahead(const Recording& recording, const std::stop_token& stop);

}  // namespace actogram
