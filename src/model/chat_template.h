// A chat as the text that a model was trained on: what the model's chat template makes of it.
//
// A template is a program in Jinja that a GGUF file carries as text. It is run as Hugging Face's
// apply_chat_template() runs it, by llama.cpp's engine, which deps/jinja.patch brings to what
// Jinja2 does: where the two still differ the engine refuses, and docs/decisions.md lists it. The
// text of a recording must not depend on the day, so the date in a template is always 26 July 2024.
//
// The template is a stranger's program: what it may cost is limited by the length of the chat, and
// whatever it does ends in a text or in an Error. Threads: may be rendered by several at once.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "actogram/types.h"

namespace actogram {

struct ChatTemplate {
  std::string text;
  std::string origin;  // for errors: the model's file
  // What the template knows besides the messages: "bos_token" and the like with their texts.
  std::vector<std::pair<std::string, std::string>> variables = {};
};

// How the text ends: where the last message does, or with what a turn of the assistant begins with.
enum class ChatEnd { closed, assistant_begins };

// Error{invalid} for a template with a mistake in it, for one that refuses the chat
// (raise_exception) and for one that takes too long.
std::string render_chat(const ChatTemplate& chat_template, std::span<const Message> messages,
                        ChatEnd end = ChatEnd::closed);

}  // namespace actogram
