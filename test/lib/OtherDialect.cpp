//===- OtherDialect.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dialect of another compiler.
//
//===----------------------------------------------------------------------===//

#include "OtherDialect.h"

#include "OtherDialect.cpp.inc"

#define GET_OP_CLASSES
#include "OtherOps.cpp.inc"

void other::OtherDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "OtherOps.cpp.inc"
      >();
}

llvm::LogicalResult other::RowwiseOp::verify() {
  auto type = llvm::cast<mlir::RankedTensorType>(getType());
  if (type.getRank() == 0)
    return emitOpError() << "expects rows, found " << type;
  int64_t rows = type.isDynamicDim(0) ? -1 : type.getDimSize(0);
  if (rows != static_cast<int64_t>(getRows()))
    return emitOpError() << "expects " << rows << " rows, found " << getRows();
  return llvm::success();
}
