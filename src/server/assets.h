// The built pages (web/dist), inside the program: a URL is looked up in this table and never
// reaches the file system. embed.cmake writes the table when the program is built; it is empty
// where the pages were not built before.
#pragma once

#include <span>
#include <string_view>

namespace actogram {

struct Asset {
  std::string_view path;  // "/index.html", "/assets/index-BEdtzyA8.css"
  std::string_view content_type;
  std::string_view hash;  // SHA-256, hexadecimal
  std::string_view bytes;
};

std::span<const Asset> assets();

// nullptr where there is none of that path.
const Asset* find_asset(std::string_view path);

}  // namespace actogram
