# How a library, a tool and a table of this project are declared: one target a
# directory, everything linked to the MLIR and LLVM dylibs alone. Libraries and
# tools are installed and exported; CommuterFoo is Commuter::Foo to others, in the
# build as behind find_package.

include(GNUInstallDirs)

# MLIR as those who link Commuter need it. Not exported, since where MLIR lies is
# for CommuterConfig.cmake to find out: Commuter::MLIR is what that makes of it.
add_library(CommuterMLIR INTERFACE)
target_include_directories(CommuterMLIR SYSTEM INTERFACE
  ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_link_libraries(CommuterMLIR INTERFACE MLIR LLVM)

# Compiler flags of code that uses MLIR headers.
function(commuter_compiler_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wno-unused-parameter)
  if(NOT LLVM_ENABLE_RTTI)
    target_compile_options(${target} PRIVATE -fno-rtti)
  endif()
  if(NOT LLVM_ENABLE_EH)
    target_compile_options(${target} PRIVATE -fno-exceptions)
  endif()
  # The names of functions and lines, which a stack trace shows. What a debugger
  # shows of the types of MLIR's headers adds more than half to the time of a file:
  # that is for builds of type Debug.
  target_compile_options(${target} PRIVATE $<$<CONFIG:RelWithDebInfo>:-g1>)
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

# The headers of MLIR that nearly every file includes are most of the time of a
# build: they are read once. Not with a compiler cache, which would miss after each
# new build of them; such builds show that each file includes what it uses.
if(CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
endif()
file(GENERATE OUTPUT "${COMMUTER_BINARY_DIR}/CommuterPrecompiled.cpp" CONTENT "")
function(commuter_precompile name)
  add_library(${name} OBJECT "${COMMUTER_BINARY_DIR}/CommuterPrecompiled.cpp")
  commuter_compiler_options(${name})
  target_link_libraries(${name} PRIVATE CommuterMLIR)
  target_precompile_headers(${name} PRIVATE ${ARGN})
endfunction()
set(precompiled_headers
  <mlir/Dialect/Arith/IR/Arith.h>
  <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/Linalg/IR/Linalg.h>
  <mlir/Dialect/SCF/IR/SCF.h>
  <mlir/Dialect/Tensor/IR/Tensor.h>
  <mlir/Pass/Pass.h>
  <mlir/Transforms/DialectConversion.h>
  <mlir/Transforms/GreedyPatternRewriteDriver.h>)
commuter_precompile(CommuterPrecompiled ${precompiled_headers})
# For what lowers to LLVM, whose dialect is half as much again: each file that is
# given these headers takes longer for it, if it needs them or not.
commuter_precompile(CommuterPrecompiledLLVM ${precompiled_headers}
  <mlir/Dialect/Bufferization/IR/Bufferization.h>
  <mlir/Dialect/GPU/IR/GPUDialect.h>
  <mlir/Dialect/LLVMIR/LLVMDialect.h>
  <mlir/Dialect/MemRef/IR/MemRef.h>)

# commuter_add_library(Name sources... [PRECOMPILED CommuterPrecompiledLLVM]
#                      [DEPENDS tables...] [LINK_LIBS libs...])
function(commuter_add_library name)
  cmake_parse_arguments(ARG "" "PRECOMPILED" "DEPENDS;LINK_LIBS" ${ARGN})
  if(NOT ARG_PRECOMPILED)
    set(ARG_PRECOMPILED CommuterPrecompiled)
  endif()
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  commuter_compiler_options(${name})
  target_precompile_headers(${name} REUSE_FROM ${ARG_PRECOMPILED})
  # Every library waits for every table: TableGen takes seconds, and a missing
  # edge is a rare, parallel-only build failure.
  add_dependencies(${name} CommuterTables ${ARG_DEPENDS})
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_link_libraries(${name} PUBLIC ${ARG_LINK_LIBS}
    $<BUILD_INTERFACE:CommuterMLIR> $<INSTALL_INTERFACE:Commuter::MLIR>)
  target_include_directories(${name} INTERFACE
    $<BUILD_INTERFACE:${COMMUTER_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${COMMUTER_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  string(REGEX REPLACE "^Commuter" "" short "${name}")
  set_target_properties(${name} PROPERTIES EXPORT_NAME ${short})
  add_library(Commuter::${short} ALIAS ${name})
  install(TARGETS ${name} EXPORT CommuterTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()

# commuter_add_tool(name sources... [LINK_LIBS libs...])
function(commuter_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  commuter_compiler_options(${name})
  target_precompile_headers(${name} REUSE_FROM CommuterPrecompiled)
  if(NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    # As the headers were compiled, for libraries. The last such option counts.
    target_compile_options(${name} PRIVATE -fPIC)
  endif()
  add_dependencies(${name} CommuterTables)
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS} MLIR LLVM)
  # Installed, a tool finds the runtime beside it, and MLIR where it was.
  file(RELATIVE_PATH to_libraries "${CMAKE_INSTALL_FULL_BINDIR}"
    "${CMAKE_INSTALL_FULL_LIBDIR}")
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${COMMUTER_BINARY_DIR}/bin"
    INSTALL_RPATH "\$ORIGIN/${to_libraries}"
    INSTALL_RPATH_USE_LINK_PATH ON)
  add_executable(Commuter::${name} ALIAS ${name})
  install(TARGETS ${name} EXPORT CommuterTargets
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
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
