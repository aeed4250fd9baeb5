//===- SourceOp.h -----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One op of a StableHLO program on its way to dist, linalg, tensor, arith and
// math.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_SOURCEOP_H
#define COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_SOURCEOP_H

#include "DeviceMesh.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/Twine.h"

namespace commuter::stablehlo {

/// What a program has that cannot be imported, each form once.
class Lacks {
public:
  /// Fails, so that a handler can return it.
  llvm::LogicalResult add(mlir::Operation *op, const llvm::Twine &form);
  bool empty() const { return places.empty(); }
  /// One error on `op`, with a note at the first place of each form.
  void emit(mlir::Operation *op) const;

private:
  llvm::MapVector<llvm::StringRef, mlir::Location> places;
  std::vector<std::unique_ptr<std::string>> texts;
};

/// A type as messages show it.
std::string toText(mlir::Type type);

/// How the elements of a type are computed with.
enum class ElementClass { Float, Signed, Unsigned, Bool };

/// Nothing for elements that are not imported.
std::optional<ElementClass> getElementClass(mlir::Type element);

/// Integers have no sign in arith: what is computed of them says it. Null for
/// what is not imported.
mlir::RankedTensorType importType(mlir::Type type);

/// An op, its imported operands, and where its results go. A handler checks all
/// that StableHLO's verifier would have: nobody has looked at the op before.
struct SourceOp {
  mlir::Operation *op;
  mlir::ImplicitLocOpBuilder &builder;
  /// Null where there are no ranks to communicate with.
  const DeviceMesh *mesh;
  Lacks &lacks;
  llvm::SmallVector<mlir::Value> operands;
  llvm::SmallVector<mlir::RankedTensorType> resultTypes;
  llvm::SmallVector<mlir::Value> results;

  llvm::LogicalResult lack(const llvm::Twine &what);
  llvm::LogicalResult lackType(mlir::Type type);
  llvm::LogicalResult malformed() { return lack("that is malformed"); }
  /// Sets the only result, which must have the op's type.
  llvm::LogicalResult finish(mlir::Value result);

  bool hasShape(unsigned numOperands, unsigned numResults) const {
    return operands.size() == numOperands && resultTypes.size() == numResults;
  }
  mlir::RankedTensorType getOperandType(unsigned i) const {
    return llvm::cast<mlir::RankedTensorType>(operands[i].getType());
  }
  ElementClass getOperandClass(unsigned i) const;
  ElementClass getResultClass(unsigned i) const;

  /// A list of numbers, one for each of `count` dimensions.
  std::optional<llvm::SmallVector<int64_t>> getIntegers(llvm::StringRef name,
                                                        size_t count) const;
  /// A list of different dimensions of a tensor of `rank`.
  std::optional<llvm::SmallVector<int64_t>> getDims(llvm::StringRef name,
                                                    int64_t rank) const;
  /// A number in [0, limit).
  std::optional<int64_t> getInteger(llvm::StringRef name, int64_t limit) const;
};

using Handler = llvm::LogicalResult (*)(SourceOp &);

/// The handler of an op, or null.
Handler findHandler(mlir::OperationName name);

// The handlers, by the kinds of ops.
Handler findElementwise(llvm::StringRef name);
Handler findShapeOp(llvm::StringRef name);
Handler findReduction(llvm::StringRef name);
Handler findCollective(llvm::StringRef name);

//===----------------------------------------------------------------------===//
// What several of them need
//===----------------------------------------------------------------------===//

/// Computes one element, or all of tensors, from operands of one type.
using Elementwise = mlir::Value (*)(mlir::ImplicitLocOpBuilder &,
                                    mlir::ValueRange);

/// What an op of two operands computes; null if it is none of the known ones,
/// or means nothing for such elements.
Elementwise findCombination(llvm::StringRef name, ElementClass elements);

/// The name of the op by which a region combines two elements of `type`;
/// empty if it is not one op that does not care about their order.
llvm::StringRef getCombiner(mlir::Region &region, mlir::Type type);

/// A constant of `type`, a number or a tensor of it.
mlir::Value createConstant(mlir::ImplicitLocOpBuilder &builder, mlir::Type type,
                           int64_t number);

/// `value`, of shape [], as a number.
mlir::Value createScalar(mlir::ImplicitLocOpBuilder &builder,
                         mlir::Value value);

/// result[i..] = value[i of dims..], and [0] of a dimension of size 1.
mlir::Value createBroadcast(mlir::ImplicitLocOpBuilder &builder,
                            mlir::Value value, mlir::RankedTensorType type,
                            llvm::ArrayRef<int64_t> dims);

/// The elements in row-major order, in another shape.
mlir::Value createReshape(mlir::ImplicitLocOpBuilder &builder,
                          mlir::Value value, mlir::RankedTensorType type);

} // namespace commuter::stablehlo

#endif // COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_SOURCEOP_H
