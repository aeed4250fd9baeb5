# How a library, a tool and a table of this project are declared: one target a
# directory, everything linked to the MLIR and LLVM dylibs alone.

# Compiler flags of code that uses MLIR headers.
function(commuter_compiler_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wno-unused-parameter)
  if(NOT LLVM_ENABLE_RTTI)
    target_compile_options(${target} PRIVATE -fno-rtti)
  endif()
  if(NOT LLVM_ENABLE_EH)
    target_compile_options(${target} PRIVATE -fno-exceptions)
  endif()
  if(COMMUTER_SANITIZE)
    # GCC 12 takes the sanitizer's own calls for reads.
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
  endif()
  foreach(sanitizer IN LISTS COMMUTER_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${sanitizer}
                           -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${sanitizer})
  endforeach()
endfunction()

# commuter_add_library(Name sources... [DEPENDS tables...] [LINK_LIBS libs...])
function(commuter_add_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK_LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  commuter_compiler_options(${name})
  # Every library waits for every table: TableGen takes seconds, and a missing
  # edge is a rare, parallel-only build failure.
  add_dependencies(${name} CommuterTables ${ARG_DEPENDS})
  target_link_libraries(${name} PUBLIC ${ARG_LINK_LIBS} MLIR LLVM)
  target_include_directories(${name} INTERFACE
    $<BUILD_INTERFACE:${COMMUTER_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${COMMUTER_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:include>)
  install(TARGETS ${name} EXPORT CommuterTargets)
endfunction()

# commuter_add_tool(name sources... [LINK_LIBS libs...])
function(commuter_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  commuter_compiler_options(${name})
  add_dependencies(${name} CommuterTables)
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS} MLIR LLVM)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${COMMUTER_BINARY_DIR}/bin")
  install(TARGETS ${name})
endfunction()

# commuter_tablegen(Table.td output.inc generator [flags...] ...): adds the
# generated files of one .td to the target CommuterTables.
function(commuter_tablegen td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(TABLEGEN_OUTPUT)
  set(arguments ${ARGN})
  while(arguments)
    list(POP_FRONT arguments output flags)
    separate_arguments(flags UNIX_COMMAND "${flags}")
    mlir_tablegen(${output} ${flags})
  endwhile()
  string(MAKE_C_IDENTIFIER "${CMAKE_CURRENT_SOURCE_DIR}/${td}" id)
  string(SHA1 id "${id}")
  add_custom_target(CommuterTable_${id} DEPENDS ${TABLEGEN_OUTPUT})
  add_dependencies(CommuterTables CommuterTable_${id})
endfunction()
