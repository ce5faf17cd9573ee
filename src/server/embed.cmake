# cmake -DDIST=web/dist -DOUT=embedded.cc -P embed.cmake: the files below DIST as one C++ table
# (src/server/assets.h). Source maps and files of unknown kind are an error, not shipped unnoticed.

set(type_.html "text/html; charset=utf-8")
set(type_.js "text/javascript; charset=utf-8")
set(type_.css "text/css; charset=utf-8")
set(type_.svg "image/svg+xml")
set(type_.woff2 "font/woff2")
set(type_.png "image/png")

file(GLOB_RECURSE paths RELATIVE ${DIST} ${DIST}/*)
list(SORT paths)
set(arrays "")
set(rows "")
set(n 0)
foreach(path IN LISTS paths)
  get_filename_component(extension ${path} LAST_EXT)
  if(NOT DEFINED type_${extension})
    message(FATAL_ERROR "${DIST}/${path}: no content type is known for ${extension}; add it here")
  endif()
  file(READ ${DIST}/${path} hex HEX)
  file(SHA256 ${DIST}/${path} hash)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays "constexpr unsigned char kFile${n}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"/${path}\", \"${type_${extension}}\", \"${hash}\",\n"
                     "     {reinterpret_cast<const char*>(kFile${n}), sizeof(kFile${n}) - 1}},\n")
  math(EXPR n "${n} + 1")
endforeach()

set(table "  return {};\n")
if(n GREATER 0)
  set(table "  static const Asset kAssets[] = {\n${rows}  };\n  return kAssets;\n")
endif()
file(WRITE ${OUT}.new "// Written by src/server/embed.cmake from web/dist.
#include \"server/assets.h\"

namespace actogram {
namespace {
${arrays}}  // namespace

std::span<const Asset> assets() {
${table}}

}  // namespace actogram
")
file(COPY_FILE ${OUT}.new ${OUT})
file(REMOVE ${OUT}.new)
