// Answers as values: what a route returns, what an Error becomes, and the headers that go with all
// of them. Only send() touches the HTTP library.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "actogram/error.h"
#include "server/assets.h"

namespace httplib {
struct Request;
struct Response;
}  // namespace httplib

namespace actogram {

inline constexpr std::string_view kTokenCookie = "actogram_token";
inline constexpr const char* kLinkName = "once";  // the parameter of a link that opens once

// Sends a line; false where it cannot, and nobody will read another.
using SendLine = std::function<bool(const std::string& line)>;

struct Answer {
  int status = 200;
  std::string_view content_type;
  std::string body;              // or, for a file inside the program,
  const Asset* asset = nullptr;  // its bytes, not copied; or, for what takes a while,
  // what sends line after line, each as soon as it is known. Called on the connection's thread once
  // the headers are sent, so it must not throw.
  std::function<void(const SendLine& send)> lines = {};
  std::string etag = {};  // quoted, "" for none
  std::string_view cache_control = "no-store";
  std::string location = {};  // of a redirect
  std::string set_cookie = {};
  std::string allow = {};  // the methods, of a 405
};

// As JSON. Bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

Answer json_answer(std::string document);
Answer lines_answer(std::function<void(const SendLine& send)> lines);  // each of them JSON
Answer asset_answer(const Asset& asset, std::string_view cache_control);
Answer unbuilt_answer();  // the page where the pages were not built in
// To the same page without the link's parameter; the browser keeps the token as a cookie.
Answer redirect_with_cookie(const httplib::Request& request, std::string_view token);

// {"error": {"code": …, "message": …}}
Answer error_answer(Code code, std::string_view message);
Answer error_answer(int status, std::string_view code, std::string_view message);
// What goes wrong is an answer, too.
Answer answer_or_error(const std::function<Answer()>& make);

// Fills the response; 304 where the client has the answer already.
void send(Answer answer, const httplib::Request& request, httplib::Response& response);

}  // namespace actogram
