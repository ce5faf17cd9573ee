# One static library and one test program for each folder of src/, named after it. A file joins by
# existing: x.cc is compiled, x_test.cc is a test, x_bench.cc and x_fuzz.cc are built elsewhere.
# Which folder may include which is checked by tools/check_layers against ARCHITECTURE.md; this
# table only says what to link.

include(GoogleTest)
enable_testing()

function(actogram_test name library prefix)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE ${library} GTest::gtest_main GTest::gmock)
  target_compile_definitions(${name} PRIVATE ACTOGRAM_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  gtest_discover_tests(${name} TEST_PREFIX "${prefix}" DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300
    ENVIRONMENT OMP_WAIT_POLICY=PASSIVE)  # as the program sets it: spinning starves neighbours
endfunction()

function(actogram_folder name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|_bench|_fuzz|main)\\.cc$")
  set(library actogram_${name})
  if(sources)
    add_library(${library} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${library} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${library} ${scope} ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${library} ${scope} ${ARGN})
  if(tests)
    actogram_test(${name}_test ${library} "" ${tests})
  endif()
endfunction()

#               folder   links
actogram_folder(base     fmt::fmt Threads::Threads OpenSSL::Crypto xxhash)
actogram_folder(core     actogram_base)
actogram_folder(codec    actogram_base arrow parquet nlohmann_json::nlohmann_json
                         ZLIB::ZLIB)
target_link_libraries(actogram_codec PRIVATE simdjson)  # and its namespace, which no other sees
actogram_folder(model    actogram_core actogram_codec llama jinja)
actogram_folder(corpus   actogram_core actogram_codec)
actogram_folder(sae      actogram_core actogram_codec openblas)
# So that Adam's square roots become vector instructions: nothing reads errno after them.
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/sae/trainer.cc PROPERTIES
                            COMPILE_OPTIONS -fno-math-errno)
actogram_folder(collate  actogram_core)
actogram_folder(store    actogram_core actogram_codec SQLite::SQLite3)
actogram_folder(record   actogram_model actogram_corpus actogram_sae actogram_collate
                         actogram_store)
actogram_folder(formats  actogram_model actogram_corpus actogram_collate actogram_store)
actogram_folder(query    actogram_collate actogram_store)
actogram_folder(llm      actogram_codec CURL::libcurl)
actogram_folder(explain  actogram_store actogram_llm actogram_model)
actogram_folder(server   actogram_query)

# Collation once more, in the narrowest vectors: this machine's tests see one width only.
if(NOT ACTOGRAM_SANITIZE AND CMAKE_SYSTEM_PROCESSOR STREQUAL x86_64)
  file(GLOB narrow CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/collate/*.cc)
  list(FILTER narrow EXCLUDE REGEX "_(bench|fuzz)\\.cc$")
  actogram_test(collate_narrow_test actogram_core "Narrow." ${narrow})
  target_compile_options(collate_narrow_test PRIVATE -march=x86-64)
endif()
