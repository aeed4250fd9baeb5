//===- RuntimeVerification.h ------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What upstream's RuntimeVerifiableOpInterface leaves out.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_INTERFACES_RUNTIMEVERIFICATION_H
#define COMMUTER_INTERFACES_RUNTIMEVERIFICATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace commuter {

/// Attaches `RuntimeVerifiableOpInterface` to `tensor.insert_slice`: that what
/// is inserted lies in the destination, and is as large as the op says. A slice
/// without elements lies anywhere.
void registerRuntimeVerifiableOpInterfaceExternalModels(
    mlir::DialectRegistry &registry);

} // namespace commuter

#endif // COMMUTER_INTERFACES_RUNTIMEVERIFICATION_H
