//===- CollectiveBytes.h --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a collective moves between ranks, as the runtime counts it.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_COLLECTIVEBYTES_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_COLLECTIVEBYTES_H

#include "commuter/Dialect/Dist/IR/Dist.h"

namespace commuter::dist {

/// The bytes that each of `groupSize` ranks receives in one step, a gather or a
/// reduce_scatter, between their parts and `whole`: all parts but its own.
/// nullopt: not static.
std::optional<int64_t> getReceivedBytes(mlir::Value whole,
                                        std::optional<int64_t> groupSize);

/// The bytes that each rank receives in a collective; 0 for other ops of a
/// group. An all_reduce is two steps; a gather that sums is an all_reduce and a
/// gather. nullopt: not static.
std::optional<int64_t> getReceivedBytes(MeshGroupOpInterface op);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_COLLECTIVEBYTES_H
