//===- KernelCalls.h --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How a launch hands a kernel its arguments, which who calls and who is called
// agree on: one struct of them, memrefs as the fields of their descriptors.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_CONVERSION_KERNELCALLS_H
#define COMMUTER_LIB_CONVERSION_KERNELCALLS_H

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace commuter {

/// The struct for arguments of these types.
mlir::LLVM::LLVMStructType
getParameterType(const mlir::LLVMTypeConverter &converter,
                 mlir::TypeRange types);

/// The struct's members for the arguments.
llvm::SmallVector<mlir::Value>
packArguments(mlir::OpBuilder &builder, mlir::Location loc,
              const mlir::LLVMTypeConverter &converter,
              mlir::ValueRange arguments);

/// The arguments from the struct's members.
llvm::SmallVector<mlir::Value>
unpackArguments(mlir::OpBuilder &builder, mlir::Location loc,
                const mlir::LLVMTypeConverter &converter, mlir::TypeRange types,
                mlir::ValueRange members);

/// Makes functions of the host of a module's kernels, beside it, and leaves it
/// empty. A kernel's function is void(const void *parameters, int64_t block,
/// int64_t blocks, int64_t thread), by the name of `getHostKernelName`.
void makeHostKernels(mlir::gpu::GPUModuleOp kernels,
                     const mlir::LLVMTypeConverter &converter);
std::string getHostKernelName(llvm::StringRef kernel);

} // namespace commuter

#endif // COMMUTER_LIB_CONVERSION_KERNELCALLS_H
