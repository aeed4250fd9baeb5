# Finds MLIR 22 and checks that it has what Commuter links: the dylib.

find_package(MLIR CONFIG QUIET)
if(NOT MLIR_FOUND)
  find_package(MLIR CONFIG QUIET PATHS /usr/lib/llvm-22/lib/cmake/mlir)
endif()
if(NOT MLIR_FOUND)
  message(FATAL_ERROR
    "MLIR 22 was not found. On Debian or Ubuntu install libmlir-22-dev, "
    "mlir-22-tools and llvm-22-dev (scripts/setup.sh does); elsewhere pass "
    "-DMLIR_DIR=<prefix>/lib/cmake/mlir of an MLIR 22 built with "
    "LLVM_BUILD_LLVM_DYLIB=ON, which also builds libMLIR.so.")
endif()
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR
    "Commuter needs MLIR 22; ${MLIR_DIR} is version ${LLVM_PACKAGE_VERSION}.")
endif()
if(NOT TARGET MLIR)
  message(FATAL_ERROR
    "The MLIR of ${MLIR_DIR} has no dylib (target MLIR, libMLIR.so). Everything "
    "of Commuter links to it alone, so that a process holds one copy of MLIR.")
endif()
message(STATUS "Using MLIR ${LLVM_PACKAGE_VERSION} from ${MLIR_DIR}")

list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)
