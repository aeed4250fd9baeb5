//===- ShardyText.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A stand-in for Shardy's dialect.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/ShardyText.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;

namespace {

/// Ops in generic form, attributes as text.
class ShardyTextDialect : public Dialect {
public:
  explicit ShardyTextDialect(MLIRContext *context)
      : Dialect(getDialectNamespace(), context,
                TypeID::get<ShardyTextDialect>()) {
    allowUnknownOperations();
  }
  static constexpr StringLiteral getDialectNamespace() { return "sdy"; }

  Attribute parseAttribute(DialectAsmParser &parser, Type) const override {
    return OpaqueAttr::get(StringAttr::get(getContext(), getNamespace()),
                           parser.getFullSymbolSpec(),
                           NoneType::get(getContext()));
  }

  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ShardyTextDialect)
};

} // namespace

void commuter::registerShardyText(DialectRegistry &registry) {
  if (!registry.getDialectAllocator(ShardyTextDialect::getDialectNamespace()))
    registry.insert<ShardyTextDialect>();
}
