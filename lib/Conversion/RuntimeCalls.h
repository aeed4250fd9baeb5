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

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"

#include <map>

namespace commuter {

/// What runtime calls share: stack memory for their arguments, and the strings
/// and declarations of their modules. The runtime keeps nothing after a call,
/// so all calls of a function share the stack's slots: it does not grow with
/// the number of calls.
class SharedByCalls {
public:
  /// The `index`-th slot of `type` of the function around `op`.
  mlir::Value getSlot(mlir::OpBuilder &builder, mlir::Operation *op,
                      mlir::Type type, unsigned index);

  /// A string of the module around `op`, by the name `prefix` + `text`.
  mlir::LLVM::GlobalOp getString(mlir::OpBuilder &builder, mlir::Operation *op,
                                 llvm::StringRef prefix, llvm::StringRef text);

  /// Of the modules.
  mlir::SymbolTableCollection symbols;

private:
  std::map<std::tuple<mlir::Operation *, const void *, unsigned>, mlir::Value>
      slots;
};

/// Collects the arguments of one call in the order of the C prototype, of which
/// the first is where `op` is in the source; where several were fused, each of
/// them.
class CallBuilder {
public:
  CallBuilder(mlir::OpBuilder &builder, mlir::Operation *op,
              SharedByCalls &shared);

  CallBuilder &i64(int64_t value);
  CallBuilder &i32(int32_t value);
  CallBuilder &f64(llvm::APFloat value);
  CallBuilder &add(mlir::Value value);

  /// A string such as "mesh[dp,attn_tp]".
  CallBuilder &group(dist::MeshGroupOpInterface group);

  /// A string, which ends in front of the first NUL, if any; once in the
  /// module, by the name `prefix` + `text`.
  CallBuilder &text(llvm::StringRef prefix, llvm::StringRef text);

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
  CallBuilder &location();

  mlir::OpBuilder &builder;
  mlir::Operation *op;
  SharedByCalls &shared;
  mlir::Location loc;
  mlir::Type pointer;
  llvm::SmallVector<mlir::Value> arguments;
  llvm::DenseMap<mlir::Type, unsigned> used;
};

/// Uses instead of a global's memory the copy of it that
/// `commuter_program_<name>(location, contents, bytes)` returns, or one that is
/// told the alignment, too. The op stays: it has the address of what is copied.
llvm::LogicalResult replaceByCopy(mlir::memref::GetGlobalOp op,
                                  llvm::StringRef name,
                                  const mlir::LLVMTypeConverter &converter,
                                  SharedByCalls &shared,
                                  std::optional<int64_t> alignment = {});

} // namespace commuter

#endif // COMMUTER_LIB_CONVERSION_RUNTIMECALLS_H
