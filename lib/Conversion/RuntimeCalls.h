//===- RuntimeCalls.h -------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls of the runtime's entry points (commuter_program.h).
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_CONVERSION_RUNTIMECALLS_H
#define COMMUTER_LIB_CONVERSION_RUNTIMECALLS_H

#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

#include <map>

namespace commuter {

/// Stack memory for the arguments of runtime calls. The runtime keeps nothing
/// after a call, so all calls of a function share the slots: the stack does not
/// grow with the number of calls.
class StackSlots {
public:
  /// The `index`-th slot of `type` of the function around `op`.
  mlir::Value get(mlir::OpBuilder &builder, mlir::Operation *op,
                  mlir::Type type, unsigned index);

private:
  std::map<std::tuple<mlir::Operation *, const void *, unsigned>, mlir::Value>
      slots;
};

/// Collects the arguments of one call in the order of the C prototype.
class CallBuilder {
public:
  CallBuilder(mlir::OpBuilder &builder, mlir::Operation *op, StackSlots &slots);

  CallBuilder &i64(int64_t value);
  CallBuilder &i32(int32_t value);
  CallBuilder &f64(llvm::APFloat value);
  CallBuilder &add(mlir::Value value);

  /// A string such as "mesh[dp,attn_tp]".
  CallBuilder &group(dist::MeshGroupOpInterface group);

  /// A string, once in the module, by the name `prefix` + `text`.
  CallBuilder &text(llvm::StringRef text, llvm::StringRef prefix);

  /// A pointer to a commuter_view_t of the memref, of which `converted` is the
  /// descriptor; null if it is absent.
  CallBuilder &view(mlir::Value memref, mlir::Value converted) {
    return add(makeView(memref, converted));
  }

  /// A pointer to an array of structs, of which these are the fields.
  using Struct = llvm::SmallVector<mlir::Value>;
  CallBuilder &structs(llvm::ArrayRef<Struct> values) {
    return add(makeStructs(values));
  }

  /// Such values, for fields.
  mlir::Value makeI64(int64_t value);
  mlir::Value makeView(mlir::Value memref, mlir::Value converted);

  /// Calls `commuter_program_<name>`.
  llvm::FailureOr<mlir::LLVM::CallOp> call(llvm::StringRef name,
                                           mlir::Type result = {});

  /// Stack memory that is this call's until it is made.
  mlir::Value slot(mlir::Type type);

private:
  mlir::Value makeI32(int32_t value);
  mlir::Value makeStructs(llvm::ArrayRef<Struct> values);

  mlir::OpBuilder &builder;
  mlir::Operation *op;
  StackSlots &slots;
  mlir::Location loc;
  mlir::Type pointer;
  llvm::SmallVector<mlir::Value> arguments;
  llvm::DenseMap<mlir::Type, unsigned> used;
};

} // namespace commuter

#endif // COMMUTER_LIB_CONVERSION_RUNTIMECALLS_H
