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
# Its table of work buffers is not safe between threads: backend/cpu/kernels/blas_memory.cpp. --undefined pulls that file out of its archive.
target_link_options(mlxc::openblas INTERFACE
  LINKER:--wrap=blas_memory_alloc LINKER:--wrap=blas_memory_free LINKER:--undefined=__wrap_blas_memory_alloc)
# What LAPACK multiplies goes through backend/cpu/kernels/blas_threads.cpp; what it wants of Fortran's run-time is in lapack.cpp there.
target_link_options(mlxc::openblas INTERFACE
  LINKER:--wrap=sgemm_ LINKER:--wrap=dgemm_ LINKER:--wrap=sgemv_ LINKER:--wrap=dgemv_ LINKER:--wrap=ilaenv_
  LINKER:--wrap=sgebrd_ LINKER:--wrap=dgebrd_
  LINKER:--wrap=sormqr_ LINKER:--wrap=dormqr_ LINKER:--wrap=sormlq_ LINKER:--wrap=dormlq_ LINKER:--undefined=__wrap_sgemm_
  LINKER:--undefined=_gfortran_concat_string)
target_compile_definitions(mlxc::pcre2 INTERFACE PCRE2_STATIC)
target_compile_definitions(mlxc::utf8proc INTERFACE UTF8PROC_STATIC)
find_package(nlohmann_json REQUIRED)

# GLSL to SPIR-V in process. Newer distributions fold some of these archives into libglslang.a.
add_library(mlxc::glslang INTERFACE IMPORTED)
foreach(archive glslang-default-resource-limits glslang MachineIndependent GenericCodeGen OGLCompiler OSDependent SPIRV SPIRV-Tools-opt SPIRV-Tools)
  find_library(MLXC_${archive}_ARCHIVE NAMES lib${archive}.a)
  if(MLXC_${archive}_ARCHIVE)
    target_link_libraries(mlxc::glslang INTERFACE ${MLXC_${archive}_ARCHIVE})
  endif()
endforeach()
find_path(MLXC_GLSLANG_INCLUDE glslang/Public/ShaderLang.h)
find_path(MLXC_SPIRV_TOOLS_INCLUDE spirv-tools/optimizer.hpp)
if(NOT MLXC_glslang_ARCHIVE OR NOT MLXC_SPIRV-Tools-opt_ARCHIVE OR NOT MLXC_GLSLANG_INCLUDE OR NOT MLXC_SPIRV_TOOLS_INCLUDE)
  message(FATAL_ERROR "libglslang.a, libSPIRV-Tools-opt.a or their headers are missing: run scripts/install-deps")
endif()
target_include_directories(mlxc::glslang INTERFACE ${MLXC_GLSLANG_INCLUDE} ${MLXC_SPIRV_TOOLS_INCLUDE})
