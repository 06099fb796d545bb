# Libraries found on the system; the small ones are linked statically so that libmlxc.so needs only the C and C++ runtimes.
find_package(Threads REQUIRED)

function(mlxc_static_library name archive header)
  find_library(${name}_ARCHIVE NAMES ${archive} PATH_SUFFIXES openblas-serial)
  find_path(${name}_INCLUDE ${header} PATH_SUFFIXES x86_64-linux-gnu/openblas-serial openblas-serial aarch64-linux-gnu/openblas-serial)
  if(NOT ${name}_ARCHIVE OR NOT ${name}_INCLUDE)
    message(FATAL_ERROR "${archive} or ${header} is missing: run scripts/install-deps")
  endif()
  add_library(mlxc::${name} STATIC IMPORTED)
  set_target_properties(mlxc::${name} PROPERTIES IMPORTED_LOCATION ${${name}_ARCHIVE} INTERFACE_INCLUDE_DIRECTORIES ${${name}_INCLUDE})
endfunction()

mlxc_static_library(pcre2 libpcre2-8.a pcre2.h)
mlxc_static_library(utf8proc libutf8proc.a utf8proc.h)
# The serial build: OpenBLAS runs on tiles from our own thread pool, its own threads would fight ours.
mlxc_static_library(openblas libopenblas.a cblas.h)
target_compile_definitions(mlxc::pcre2 INTERFACE PCRE2_STATIC)
target_compile_definitions(mlxc::utf8proc INTERFACE UTF8PROC_STATIC)
find_package(nlohmann_json REQUIRED)
