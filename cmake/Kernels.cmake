# Compiles kernels/*.comp with kernels/build.py, one command a file, and adds the C++ that comes of it to a target.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
foreach(tool glslangValidator spirv-val spirv-opt)
  find_program(MLXC_${tool} ${tool})
  if(NOT MLXC_${tool})
    message(FATAL_ERROR "${tool} is missing: run scripts/install-deps")
  endif()
endforeach()

function(mlxc_kernels target)
  set(folder ${PROJECT_SOURCE_DIR}/kernels)
  set(out ${PROJECT_BINARY_DIR}/kernels)
  set(script ${folder}/build.py)
  file(MAKE_DIRECTORY ${out})
  file(GLOB kernels CONFIGURE_DEPENDS ${folder}/*.comp)
  file(GLOB includes CONFIGURE_DEPENDS ${folder}/*.glsl)
  foreach(kernel ${kernels})
    get_filename_component(name ${kernel} NAME_WE)
    add_custom_command(OUTPUT ${out}/${name}.cpp
      COMMAND ${Python3_EXECUTABLE} ${script} compile ${kernel} ${out}/${name}.cpp
      DEPENDS ${kernel} ${script} ${folder}/coopmat.py DEPFILE ${out}/${name}.cpp.d
      COMMENT "Kernel ${name}" VERBATIM)
    list(APPEND generated ${out}/${name}.cpp)
  endforeach()
  add_custom_command(OUTPUT ${out}/modules.cpp
    COMMAND ${Python3_EXECUTABLE} ${script} table ${out}/modules.cpp ${kernels}
    DEPENDS ${kernels} ${includes} ${script} VERBATIM)
  target_sources(${target} PRIVATE ${generated} ${out}/modules.cpp)
  # Long lists of numbers: nothing to optimize or to instrument.
  set_source_files_properties(${generated} TARGET_DIRECTORY ${target} PROPERTIES COMPILE_OPTIONS "-O0;-fno-sanitize=all")
endfunction()
