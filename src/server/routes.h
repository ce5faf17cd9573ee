// The addresses that the server answers: a fixed table, the first row that matches.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/answer.h"
#include "server/server.h"

namespace httplib {
struct Request;
}  // namespace httplib

namespace actogram {

bool has_route(std::string_view path, std::string_view method);
bool takes_body(std::string_view path, std::string_view method);
std::string methods_of(std::string_view path);  // "GET, HEAD, PUT"

// `is_left` is asked for as long as the answer is made, of lines while they are sent.
Answer answer_request(const std::vector<Served>& recordings, const httplib::Request& request,
                      const IsLeft& is_left);

}  // namespace actogram
