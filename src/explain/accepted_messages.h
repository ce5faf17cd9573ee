// Messages as a model's chat template takes them.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "actogram/types.h"

namespace actogram {

// `render` throws Error{invalid} for messages that the template refuses. Templates that know no
// system's turn (Gemma's) get its text at the beginning of the next one.
std::vector<Message> accepted_messages(std::vector<Message> messages,
                                       const std::function<void(std::span<const Message>)>& render);

}  // namespace actogram
