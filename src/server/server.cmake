# What src/server needs besides its files: cpp-httplib, and the built pages as a generated source.
# Included after cmake/folders.cmake.

# Debian's library is compiled with these three; the header must agree, or classes differ in size.
find_package(PkgConfig REQUIRED)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)

set(dist ${CMAKE_SOURCE_DIR}/web/dist)
set(embedded ${CMAKE_BINARY_DIR}/server/embedded_assets.cc)
file(GLOB_RECURSE dist_files CONFIGURE_DEPENDS ${dist}/*)
if(NOT dist_files)
  message(STATUS "web/dist is missing: `actogram serve` will have no pages, only the API "
                 "(cd web && npm ci && npm run build)")
endif()
add_custom_command(
  OUTPUT ${embedded}
  COMMAND ${CMAKE_COMMAND} -DDIST=${dist} -DOUT=${embedded} -P ${CMAKE_CURRENT_LIST_DIR}/embed.cmake
  DEPENDS ${dist_files} ${CMAKE_CURRENT_LIST_DIR}/embed.cmake
  COMMENT "Embedding web/dist"
  VERBATIM)
target_sources(actogram_server PRIVATE ${embedded})
target_link_libraries(actogram_server PRIVATE PkgConfig::httplib)
target_link_libraries(server_test PRIVATE PkgConfig::httplib actogram_record)  # searched in a test
