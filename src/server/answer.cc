#include "server/answer.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <span>
#include <utility>

#include "base/hash.h"
#include "base/waiting_line.h"

namespace actogram {

namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kJsonLines = "application/x-ndjson";
constexpr std::string_view kHtml = "text/html; charset=utf-8";

// Everything the pages need comes from here, and nothing of theirs may be read by others. Images
// may be data, which is how a page makes a picture of itself.
constexpr std::string_view kContentPolicy =
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "object-src 'none'; frame-ancestors ";
constexpr std::array<std::pair<const char*, const char*>, 4> kSecurityHeaders = {{
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
}};

// Nothing may be framed, but for a page that was asked for as an embed: that one by pages of this
// machine, notebooks as a rule.
void set_frame_policy(const httplib::Request& request, httplib::Response& response) {
  const bool embed = request.get_param_value("embed") == "true";
  const std::string_view ancestors =
      embed ? "'self' http://localhost:* http://127.0.0.1:*" : "'none'";
  response.set_header("Content-Security-Policy", fmt::format("{}{}", kContentPolicy, ancestors));
  if (!embed) response.set_header("X-Frame-Options", "DENY");
}

struct ErrorRow {
  Code code;
  int status;
  std::string_view name;
};

constexpr std::array<ErrorRow, 6> kErrors = {{
    {Code::invalid, 400, "invalid"},
    {Code::not_found, 404, "not_found"},
    {Code::exists, 500, "exists"},
    {Code::corrupt, 500, "corrupt"},
    {Code::unsupported, 400, "unsupported"},
    {Code::environment, 500, "environment"},
}};
static_assert(static_cast<size_t>(Code::environment) + 1 == kErrors.size(),
              "each Code has its row");

// How many bytes of a UTF-8 character begin `text`, 0 where none does. Table 3-7 of Unicode.
size_t character_bytes(std::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto tail = [&](size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool shortest = first != 0xe0 || byte(1) >= 0xa0;
    const bool no_surrogate = first != 0xed || byte(1) < 0xa0;
    return tail(1) && tail(2) && shortest && no_surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool shortest = first != 0xf0 || byte(1) >= 0x90;
    const bool in_unicode = first != 0xf4 || byte(1) < 0x90;
    return tail(1) && tail(2) && tail(3) && shortest && in_unicode ? 4 : 0;
  }
  return 0;
}

std::string percent_encoded(std::string_view text, std::string_view also_plain) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte < 0x80 && std::isalnum(byte) != 0) || c == '-' || c == '_' ||
                       c == '.' || c == '~' || also_plain.find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

std::string etag_of(std::string_view body) {
  Checksum checksum;
  checksum.update(std::as_bytes(std::span(body)));
  return fmt::format("\"{}\"", checksum.hex());
}

// If-None-Match is a list of tags or "*"; a quoted tag is found as it is, weak or not.
bool client_has(const httplib::Request& request, const Answer& answer) {
  if (answer.etag.empty() || answer.status != 200) return false;
  const std::string tags = request.get_header_value("If-None-Match");
  return tags == "*" || tags.find(answer.etag) != std::string::npos;
}

void send_lines(Answer answer, httplib::Response& response) {
  response.set_chunked_content_provider(
      std::string(answer.content_type),
      [lines = std::move(answer.lines)](size_t, httplib::DataSink& sink) {
        bool all_sent = true;
        lines([&](const std::string& line) {
          const std::string whole = line + '\n';
          return all_sent = all_sent && sink.write(whole.data(), whole.size());
        });
        if (all_sent) sink.done();
        return all_sent;
      });
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const size_t n = character_bytes(text);
    const char c = text[0];
    if (n == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (n == 1 && static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += text.substr(0, n);
    }
    text.remove_prefix(std::max<size_t>(n, 1));
  }
  return out + '"';
}

Answer json_answer(std::string document) {
  Answer answer{.content_type = kJson, .body = std::move(document), .cache_control = "no-cache"};
  answer.etag = etag_of(answer.body);
  return answer;
}

Answer lines_answer(std::function<void(const SendLine& send)> lines) {
  return {.content_type = kJsonLines, .body = {}, .lines = std::move(lines)};
}

Answer asset_answer(const Asset& asset, std::string_view cache_control) {
  return {.content_type = asset.content_type,
          .body = {},
          .asset = &asset,
          .etag = fmt::format("\"{}\"", asset.hash),
          .cache_control = cache_control};
}

Answer unbuilt_answer() {
  return {.content_type = kHtml,
          .body =
              "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>actogram</title>"
              "<h1>The pages are not built in</h1>"
              "<p>This program was built without web/dist. Build the pages, then the program:"
              "<pre>cd web &amp;&amp; npm ci &amp;&amp; npm run build\n"
              "cd .. &amp;&amp; cmake --build build</pre>"
              "<p>The numbers are there: <a href=\"/api/recording\">/api/recording</a>.\n"};
}

Answer redirect_with_cookie(const httplib::Request& request, std::string_view token) {
  std::string location = percent_encoded(request.path, "/:");
  char separator = '?';
  for (const auto& [name, value] : request.params) {
    if (name == kLinkName) continue;
    location += separator + percent_encoded(name, "") + '=' + percent_encoded(value, "");
    separator = '&';
  }
  return {.status = 303,
          .content_type = kHtml,
          .body = {},
          .location = std::move(location),
          .set_cookie = fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax", kTokenCookie, token)};
}

Answer error_answer(int status, std::string_view code, std::string_view message) {
  return {.status = status,
          .content_type = kJson,
          .body = fmt::format(R"({{"error": {{"code": {}, "message": {}}}}})", json_string(code),
                              json_string(message))};
}

Answer error_answer(Code code, std::string_view message) {
  const ErrorRow& row = kErrors[static_cast<size_t>(code)];
  return error_answer(row.status, row.name, message);
}

Answer answer_or_error(const std::function<Answer()>& make) {
  try {
    return make();
  } catch (const Busy& busy) {
    return error_answer(503, "busy", busy.what());
  } catch (const Error& error) {
    return error_answer(error.code(), error.what());
  } catch (const std::exception& error) {
    return error_answer(500, "internal", error.what());
  }
}

void send(Answer answer, const httplib::Request& request, httplib::Response& response) {
  for (const auto& [name, value] : kSecurityHeaders) response.set_header(name, value);
  set_frame_policy(request, response);
  response.set_header("Accept-Ranges", "none");
  response.set_header("Cache-Control", std::string(answer.cache_control));
  if (!answer.etag.empty()) response.set_header("ETag", answer.etag);
  if (!answer.location.empty()) response.set_header("Location", answer.location);
  if (!answer.set_cookie.empty()) response.set_header("Set-Cookie", answer.set_cookie);
  if (!answer.allow.empty()) response.set_header("Allow", answer.allow);
  if (answer.status == 401) response.set_header("WWW-Authenticate", "Bearer");
  if (client_has(request, answer)) {
    response.status = 304;
    return;
  }
  response.status = answer.status;
  if (answer.lines) return send_lines(std::move(answer), response);
  // A provider instead of set_content(): the library would compress each body anew with Brotli at
  // its slowest level, some 100 ms for a unit's page.
  const auto body = std::make_shared<const std::string>(std::move(answer.body));
  const std::string_view bytes = answer.asset == nullptr ? *body : answer.asset->bytes;
  if (bytes.empty()) return;
  response.set_content_provider(
      bytes.size(), std::string(answer.content_type),
      [body, bytes](size_t offset, size_t length, httplib::DataSink& sink) {
        return sink.write(bytes.data() + offset, length);
      });
}

}  // namespace actogram
