# The program `actogram`. Its room is linked like a library so that its parts can be tested.

actogram_folder(cli actogram_record actogram_formats actogram_query actogram_explain actogram_server
                    CLI11::CLI11)
add_executable(actogram ${CMAKE_SOURCE_DIR}/src/cli/main.cc)
target_link_libraries(actogram PRIVATE actogram_cli)
