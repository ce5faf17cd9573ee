# Third parties, each as one target. Only the folder that design gives them to may link it.

find_package(Threads REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
find_package(GTest REQUIRED)
find_package(CURL 7.85 REQUIRED)  # CURLOPT_PROTOCOLS_STR
find_package(SQLite3 3.35 REQUIRED)
find_package(ZLIB 1.2.9 REQUIRED)  # crc32_z

# llama.cpp, built by ./setup from the source inside the llama-cpp-python sdist.
add_library(llama SHARED IMPORTED)
set_target_properties(llama PROPERTIES
  IMPORTED_LOCATION ${ACTOGRAM_DEPS}/llama/lib/libllama.so
  INTERFACE_INCLUDE_DIRECTORIES ${ACTOGRAM_DEPS}/llama/include)
foreach(part ggml ggml-base ggml-cpu)
  add_library(${part} SHARED IMPORTED)
  set_target_properties(${part} PROPERTIES IMPORTED_LOCATION ${ACTOGRAM_DEPS}/llama/lib/lib${part}.so)
  target_link_libraries(llama INTERFACE ${part})
endforeach()

# llama.cpp's Jinja engine: source from the same sdist, corrected by deps/jinja.patch, and compiled
# here, so that sanitizers and fuzzers see into it. Without assertions, since a template's mistake is
# an error and no bug; and its integers wrap.
set(JINJA ${ACTOGRAM_DEPS}/jinja)
if(NOT EXISTS ${JINJA}/jinja/limits.h)
  message(FATAL_ERROR "no Jinja engine in ${JINJA}: run ./setup first")
endif()
add_library(jinja STATIC ${JINJA}/jinja/lexer.cpp ${JINJA}/jinja/parser.cpp
  ${JINJA}/jinja/runtime.cpp ${JINJA}/jinja/string.cpp ${JINJA}/jinja/value.cpp
  ${JINJA}/json.cpp ${JINJA}/unicode.cpp)
target_include_directories(jinja SYSTEM PUBLIC ${JINJA})
target_compile_options(jinja PRIVATE -w -fwrapv)
target_compile_definitions(jinja PRIVATE NDEBUG)
target_link_libraries(jinja PRIVATE llama nlohmann_json::nlohmann_json)

# simdjson: source from the pysimdjson sdist. The Parquet library of the pyarrow wheel has a simdjson of
# another version inside and exports it, so that a shared one would take its functions from there, or
# Parquet from here. Hence a namespace of our own.
set(SIMDJSON ${ACTOGRAM_DEPS}/simdjson)
if(NOT EXISTS ${SIMDJSON}/simdjson.cpp)
  message(FATAL_ERROR "no simdjson in ${SIMDJSON}: run ./setup first")
endif()
add_library(simdjson STATIC ${SIMDJSON}/simdjson.cpp)
target_include_directories(simdjson SYSTEM PUBLIC ${SIMDJSON})
target_compile_definitions(simdjson PUBLIC simdjson=actogram_simdjson)
target_compile_options(simdjson PRIVATE -w)

# Arrow and Parquet, from the pyarrow wheel. SYSTEM, because its headers warn.
file(GLOB PYARROW ${ACTOGRAM_DEPS}/venv/lib/python3*/site-packages/pyarrow)
if(NOT PYARROW)
  message(FATAL_ERROR "no pyarrow in ${ACTOGRAM_DEPS}/venv: run ./setup first")
endif()
foreach(part arrow parquet)
  file(GLOB location ${PYARROW}/lib${part}.so.*)
  add_library(${part} SHARED IMPORTED)
  set_target_properties(${part} PROPERTIES
    IMPORTED_LOCATION ${location} INTERFACE_INCLUDE_DIRECTORIES ${PYARROW}/include)
endforeach()
target_link_libraries(parquet INTERFACE arrow)

# OpenBLAS, from the scipy-openblas32 wheel. Its functions have a prefix: scipy_cblas_sgemm.
file(GLOB OPENBLAS ${ACTOGRAM_DEPS}/venv/lib/python3*/site-packages/scipy_openblas32)
if(NOT OPENBLAS)
  message(FATAL_ERROR "no scipy-openblas32 in ${ACTOGRAM_DEPS}/venv: run ./setup first")
endif()
add_library(openblas SHARED IMPORTED)
set_target_properties(openblas PROPERTIES
  IMPORTED_LOCATION ${OPENBLAS}/lib/libscipy_openblas.so
  INTERFACE_INCLUDE_DIRECTORIES ${OPENBLAS}/include)
