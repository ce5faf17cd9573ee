// Text of a corpus, made safe to stand in a prompt: on one line, without what a prompt's own marks
// or a chat template's are made of, so that no document can end its excerpt, begin another or speak
// as somebody else. What is escaped is written as JSON writes it, so it can be read.
//
//   escaped := { "\\" for \, "\n" "\r" "\t" for these, "\u003c" "\u003e" for marks, "\uXXXX" for
//                other controls and for what turns the direction of text, else the character }
//
// A < is a mark unless a space, a digit or = follows; a > where another > or the text's end is
// beside it. Pieces that are escaped one by one may be joined: an end is taken for the worst.
#pragma once

#include <string>
#include <string_view>

namespace actogram {

// `text` is UTF-8.
std::string escaped(std::string_view text);

}  // namespace actogram
