# Benchmarks: each bench/NAME.cc answers one question and becomes bin/NAME, which may use every folder;
# each src/FOLDER/NAME_bench.cc measures one file and becomes bin/NAME_bench.

option(ACTOGRAM_BENCH "Build the benchmarks" ON)
if(NOT ACTOGRAM_BENCH)
  return()
endif()

add_custom_target(benchmarks)
file(GLOB programs CONFIGURE_DEPENDS
  ${CMAKE_SOURCE_DIR}/bench/*.cc ${CMAKE_SOURCE_DIR}/src/*/*_bench.cc)
foreach(source ${programs})
  cmake_path(GET source STEM name)
  cmake_path(GET source PARENT_PATH folder)
  cmake_path(GET folder FILENAME folder)
  add_executable(${name} ${source})
  if(folder STREQUAL bench)
    target_link_libraries(${name} PRIVATE actogram_record actogram_query actogram_formats
      actogram_server CLI11::CLI11)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  else()
    target_link_libraries(${name} PRIVATE actogram_${folder})
  endif()
  add_dependencies(benchmarks ${name})
endforeach()
