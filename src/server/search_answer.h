// A search for text as an answer: one document, or, as it may take a while, a line of JSON for what
// is found so far now and then, and that document as the last line. Either way the search ends when
// nobody waits for it any more.
#pragma once

#include "server/answer.h"
#include "server/server.h"

namespace actogram {

Answer search_answer(const Documents& documents, const TextQuestion& question,
                     const IsLeft& is_left);

// What goes wrong once lines are sent is the last of them. Requires: `documents` lives as long as
// the answer, and a text that is not empty.
Answer search_lines(const Documents& documents, const TextQuestion& question,
                    const IsLeft& is_left);

}  // namespace actogram
