# Fuzz targets: each src/FOLDER/NAME_fuzz.cc defines LLVMFuzzerTestOneInput and becomes bin/NAME_fuzz.
# Its seeds are the files in tests/fuzz/NAME_fuzz/; ctest replays them, `tools/fuzz` makes new inputs.

option(ACTOGRAM_FUZZ "Build the fuzz targets (preset fuzz; needs clang)" OFF)
if(NOT ACTOGRAM_FUZZ)
  return()
endif()

add_custom_target(fuzzers)
file(GLOB targets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*/*_fuzz.cc)
foreach(source ${targets})
  cmake_path(GET source STEM name)
  cmake_path(GET source PARENT_PATH folder)
  cmake_path(GET folder FILENAME folder)
  file(GLOB seeds CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/${name}/*)
  if(NOT seeds)
    message(FATAL_ERROR "${source} has no seeds in tests/fuzz/${name}/")
  endif()
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE actogram_${folder})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  add_test(NAME ${name} COMMAND ${name} ${seeds})
  add_dependencies(fuzzers ${name})
endforeach()
