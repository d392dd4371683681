# qbias_add_model(TARGET MODEL [NAME name] [C] [OPTIONS option...])
#
# A static library TARGET of the quantized network in the file MODEL: its entry
# point is `name_run`, declared in `name.h`, which is on the include path of
# whatever links TARGET. The name is TARGET's unless it is given. With C the
# network is written as C99 and compiled by the project's own compiler, which is
# the way for machines that qbias writes no objects for; otherwise as an object for
# CMAKE_C_COMPILER_TARGET (default: the machine that builds). OPTIONS go to
# `qbias compile`.
function(qbias_add_model target model)
  cmake_parse_arguments(PARSE_ARGV 2 arg "C" "NAME" "OPTIONS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "qbias_add_model(${target}): unexpected '${arg_UNPARSED_ARGUMENTS}', "
      "expected NAME name, C, or OPTIONS option...")
  endif()
  if(NOT arg_NAME)
    string(MAKE_C_IDENTIFIER "${target}" arg_NAME)
  endif()
  get_filename_component(model "${model}" ABSOLUTE)
  if(NOT EXISTS "${model}")
    message(FATAL_ERROR "qbias_add_model(${target}): ${model} does not exist")
  endif()
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}.qbias")
  file(MAKE_DIRECTORY "${folder}")
  set(options "--name=${arg_NAME}")
  if(arg_C)
    set(program "${folder}/${arg_NAME}.c")
  else()
    set(program "${folder}/${arg_NAME}.o")
    if(CMAKE_C_COMPILER_TARGET)
      list(APPEND options "--target=${CMAKE_C_COMPILER_TARGET}")
    elseif(CMAKE_CROSSCOMPILING AND NOT "${arg_OPTIONS}" MATCHES "--target=")
      message(FATAL_ERROR "qbias_add_model(${target}): no machine to write an object for; set "
        "CMAKE_C_COMPILER_TARGET, or give C, or OPTIONS --target=triple")
    endif()
  endif()
  add_custom_command(
    OUTPUT "${program}" "${folder}/${arg_NAME}.h"
    COMMAND qbias::compiler compile "${model}" -o "${program}" ${options} ${arg_OPTIONS}
    DEPENDS "${model}" qbias::compiler
    COMMENT "Quantized network ${arg_NAME}"
    VERBATIM)
  add_library(${target} STATIC "${program}" "${folder}/${arg_NAME}.h")
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C)
  target_include_directories(${target} PUBLIC "${folder}")
endfunction()
