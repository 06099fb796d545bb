# Tests of the product as its users meet it: the headers, the shared library from C and Python, the examples, an installed tree from C, C++
# and Go. Only ctest knows how they run, so `ctest --test-dir build/release` is the whole suite.
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
set(model ${CMAKE_CURRENT_SOURCE_DIR}/models/fable-qwen3)
set(stage ${PROJECT_BINARY_DIR}/stage)

add_test(NAME layers COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/check_layers.py ${PROJECT_SOURCE_DIR})

# Every public header alone, as C11 and as C++17, without a warning.
file(GLOB headers RELATIVE ${PROJECT_SOURCE_DIR}/include CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/mlxc/*.h)
foreach(header ${headers})
  string(MAKE_C_IDENTIFIER ${header} name)
  foreach(language c cpp)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${name}.${language})
    file(CONFIGURE OUTPUT ${source} CONTENT "#include <${header}>\n#include <${header}>\nint ${name}_compiles_as_${language};\n")
    list(APPEND header_sources ${source})
  endforeach()
endforeach()
add_library(mlxc_header_checks OBJECT ${header_sources})
target_include_directories(mlxc_header_checks PRIVATE ${PROJECT_SOURCE_DIR}/include)
set_target_properties(mlxc_header_checks PROPERTIES CXX_STANDARD 17 C_STANDARD 11 C_EXTENSIONS OFF)
target_compile_options(mlxc_header_checks PRIVATE -Wall -Wextra -pedantic -Werror)

add_test(NAME abi COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/check_abi.py)

if(NOT TARGET mlxc)
  return()
endif()

if(NOT MLXC_SANITIZE)
  add_test(NAME exports COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/check_library.py $<TARGET_FILE:mlxc>)
endif()

# One program a plain C file, linked to the shared library as a stranger would; exit code 0 is success.
function(mlxc_c_program target source)
  add_executable(${target} ${source})
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -Wall -Wextra -pedantic -Werror)
  target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L MLXC_TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE mlxc Threads::Threads m)
endfunction()
file(GLOB c_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/capi/*_test.c)
foreach(source ${c_tests})
  get_filename_component(name ${source} NAME_WE)
  mlxc_c_program(c_${name} ${source})
  add_test(NAME c_${name} COMMAND c_${name})
endforeach()
foreach(name array memory profile rows stream)
  add_test(NAME vulkan_c_${name} COMMAND c_${name}_test)
  set_tests_properties(vulkan_c_${name} PROPERTIES ENVIRONMENT MLXC_DEVICE=vulkan:0)
endforeach()

# The examples are compiled as they stand; those that name a model run with the one in the repository.
file(GLOB examples CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/c/*.c)
foreach(source ${examples})
  get_filename_component(name ${source} NAME_WE)
  mlxc_c_program(example_${name} ${source})
endforeach()
if(TARGET example_story)
  add_test(NAME example_story COMMAND example_story ${model} "Once upon a time")
endif()
add_test(NAME example_train COMMAND example_train)
add_test(NAME example_votes COMMAND example_votes)
add_test(NAME example_streams COMMAND example_streams cpu)
add_test(NAME vulkan_example_streams COMMAND example_streams vulkan:0)
set_tests_properties(vulkan_example_streams PROPERTIES ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)  # the software device's own
add_test(NAME example_digits COMMAND example_digits ${PROJECT_SOURCE_DIR}/examples/data)
add_test(NAME example_transformer COMMAND example_transformer ${model})
add_test(NAME example_tables COMMAND example_tables ${PROJECT_SOURCE_DIR}/examples/data)
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/written/finetune ${CMAKE_CURRENT_BINARY_DIR}/written/scratch)
add_test(NAME example_finetune COMMAND example_finetune ${model} ${CMAKE_CURRENT_BINARY_DIR}/written/finetune)
add_test(NAME example_scratch COMMAND example_scratch ${CMAKE_CURRENT_BINARY_DIR}/written/scratch)
if(TARGET example_embed)
  add_test(NAME example_embed COMMAND example_embed ${CMAKE_CURRENT_SOURCE_DIR}/models/fable-qwen3 "A fox and a crow." "The crow and the fox." "Rain.")
endif()

# The C of a page of docs/ is a program, which prints what the page says.
file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR}/written/tests SYMBOLIC)  # pages name the model as it lies
foreach(page ARRAYS TRAINING MODELS)
  string(TOLOWER docs_${page} name)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}.c)
  set(reader ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/docs_program.py ${PROJECT_SOURCE_DIR}/docs/${page}.md)
  add_custom_command(OUTPUT ${source} COMMAND ${reader} ${source} DEPENDS docs_program.py ${PROJECT_SOURCE_DIR}/docs/${page}.md)
  mlxc_c_program(${name} ${source})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/examples/c)
  add_test(NAME ${name} COMMAND ${reader} --run $<TARGET_FILE:${name}> WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/written)
endforeach()

# Python opens the library with ctypes. Under AddressSanitizer its run-time must come first in a process that was not built with it.
file(GLOB python_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/python/*test*.py)
if(python_tests AND NOT MLXC_SANITIZE MATCHES thread)
  set(python_environment MLXC_LIBRARY=$<TARGET_FILE:mlxc> MLXC_TEST_DATA=${CMAKE_CURRENT_SOURCE_DIR} PYTHONDONTWRITEBYTECODE=1)
  if(MLXC_SANITIZE)
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libasan.so OUTPUT_VARIABLE asan OUTPUT_STRIP_TRAILING_WHITESPACE)
    # libstdc++ with it: AddressSanitizer looks for the real __cxa_throw when it starts.
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=libstdc++.so OUTPUT_VARIABLE stdcpp OUTPUT_STRIP_TRAILING_WHITESPACE)
    # Python's own allocations live until the process ends.
    list(APPEND python_environment "LD_PRELOAD=${asan} ${stdcpp}" ASAN_OPTIONS=detect_leaks=0)
  endif()
  list(TRANSFORM python_tests REPLACE "^.*/([^/]*)\\.py$" "\\1")  # by name: discovery would import the array API package beside them
  add_test(NAME python COMMAND Python3::Interpreter -m unittest -v ${python_tests} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/python)
  set_tests_properties(python PROPERTIES ENVIRONMENT "${python_environment}")
endif()

if(MLXC_SANITIZE)
  return()
endif()

# The rest meets an installed tree: a stage below the build folder.
add_test(NAME install COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --prefix ${stage})
set_tests_properties(install PROPERTIES FIXTURES_SETUP stage)
set(installed_environment PKG_CONFIG_PATH=${stage}/${CMAKE_INSTALL_LIBDIR}/pkgconfig LD_LIBRARY_PATH=${stage}/${CMAKE_INSTALL_LIBDIR}
    CC=${CMAKE_C_COMPILER} CXX=${CMAKE_CXX_COMPILER} MLXC_TEST_DATA=${CMAKE_CURRENT_SOURCE_DIR})
function(mlxc_installed_test name directory)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${directory})
  set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED stage ENVIRONMENT "${installed_environment}")
endfunction()

set(consumers ${CMAKE_CURRENT_SOURCE_DIR}/consumers)
mlxc_installed_test(consumer_c ${consumers} sh run_c.sh ${PROJECT_BINARY_DIR}/consumers ${model})
mlxc_installed_test(consumer_cpp ${consumers} sh run_cpp.sh ${PROJECT_BINARY_DIR}/consumers ${model} ${stage} ${CMAKE_COMMAND})

find_program(MLXC_GO go HINTS ${PROJECT_SOURCE_DIR}/.toolchain/go/bin /usr/local/go/bin)
if(NOT EXISTS ${PROJECT_SOURCE_DIR}/bindings/go/go.mod)
  return()
elseif(NOT MLXC_GO)
  message(WARNING "No go command: the tests of the Go package are left out (scripts/go-toolchain fetches one)")
  return()
endif()
list(APPEND installed_environment CGO_ENABLED=1 GOTOOLCHAIN=local GOFLAGS=-buildvcs=false)
set(go_package ${PROJECT_SOURCE_DIR}/bindings/go)
mlxc_installed_test(consumer_go ${consumers} sh run_go.sh ${PROJECT_BINARY_DIR}/consumers ${model} ${MLXC_GO})
mlxc_installed_test(go_vet ${go_package} ${MLXC_GO} vet ./...)
mlxc_installed_test(go_test ${go_package} ${MLXC_GO} test -count=1 -v ./...)
# The race detector and the strict check of pointers that cross the border, in one run: each needs Go's own library built anew.
mlxc_installed_test(go_race ${go_package} ${CMAKE_COMMAND} -E env GOEXPERIMENT=cgocheck2 ${MLXC_GO} test -count=1 -race ./...)
if(EXISTS ${PROJECT_SOURCE_DIR}/examples/go.mod)
  mlxc_installed_test(go_examples ${PROJECT_SOURCE_DIR}/examples ${MLXC_GO} test -count=1 -v ./...)
endif()

# The same package without linking: the library is opened at run time, from the file that the variable names.
add_test(NAME vulkan_go COMMAND ${MLXC_GO} test -count=1 -v -tags mlxc_dlopen -run "TestArray|TestElement|TestScope|TestFunctions|TestDevices|TestGreedy" .
  WORKING_DIRECTORY ${go_package})
set_tests_properties(vulkan_go PROPERTIES
  ENVIRONMENT "MLXC_DEVICE=vulkan:0;MLXC_LIBRARY=$<TARGET_FILE:mlxc>;CGO_ENABLED=1;GOTOOLCHAIN=local;GOFLAGS=-buildvcs=false;CC=${CMAKE_C_COMPILER};MLXC_TEST_DATA=${CMAKE_CURRENT_SOURCE_DIR}")
add_test(NAME go_dlopen COMMAND ${MLXC_GO} test -count=1 -v -tags mlxc_dlopen ./... WORKING_DIRECTORY ${go_package})
set_tests_properties(go_dlopen PROPERTIES
  ENVIRONMENT "MLXC_LIBRARY=$<TARGET_FILE:mlxc>;CGO_ENABLED=1;GOTOOLCHAIN=local;GOFLAGS=-buildvcs=false;CC=${CMAKE_C_COMPILER};MLXC_TEST_DATA=${CMAKE_CURRENT_SOURCE_DIR}")
