#include "model/llama_log.h"

#include <llama.h>

#include <mutex>
#include <string_view>

namespace actogram {
namespace {

constexpr size_t kMaxBytes = 2000;  // a model with a thousand bad tensors says so a thousand times

thread_local std::string lines;
thread_local bool keep = false;  // whether the line in progress is worth keeping

void on_log(ggml_log_level level, const char* text, void*) {
  if (level != GGML_LOG_LEVEL_CONT) {
    keep = level == GGML_LOG_LEVEL_WARN || level == GGML_LOG_LEVEL_ERROR;
  }
  if (keep && lines.size() < kMaxBytes) lines += text;
}

}  // namespace

LlamaLog::LlamaLog() {
  static std::once_flag installed;
  std::call_once(installed, [] { llama_log_set(on_log, nullptr); });
  lines.clear();
}

std::string LlamaLog::text() const {
  std::string one_line;
  for (const char c : lines) {
    if (c != '\n') {
      one_line += c;
    } else if (!one_line.empty() && one_line.back() != ' ') {
      one_line += "; ";
    }
  }
  while (!one_line.empty() && std::string_view("; ").find(one_line.back()) != std::string::npos) {
    one_line.pop_back();
  }
  return one_line.empty() ? "no reason given" : one_line;
}

}  // namespace actogram
