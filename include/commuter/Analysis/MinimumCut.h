//===- MinimumCut.h ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A minimum cut of a small flow network.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_ANALYSIS_MINIMUMCUT_H
#define COMMUTER_ANALYSIS_MINIMUMCUT_H

#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace commuter {

/// A directed flow network with integer capacities. Maximum flow by Dinic's
/// algorithm (E. A. Dinic, 1970): shortest augmenting paths, a level graph at a
/// time.
class MinimumCut {
public:
  static constexpr int64_t kInfinity = INT64_MAX / 4;
  using Node = unsigned;

  MinimumCut() { clear(); }
  /// Only the source and the sink are left. For many small networks, one after
  /// the other, in the same memory.
  void clear();
  Node getSource() const { return source; }
  Node getSink() const { return sink; }
  Node addNode();
  void addEdge(Node from, Node to, int64_t capacity);

  /// Computes the cut nearest to the sink among those of least capacity.
  void solve();
  /// True if `node` lies on the source's side of that cut.
  bool isOnSourceSide(Node node) const { return !reachesSink[node]; }

private:
  static constexpr unsigned kNone = UINT32_MAX;
  struct Edge {
    Node to;
    unsigned next; // of those that leave the same node
    int64_t residual;
  };
  bool buildLevels();
  int64_t augment(int64_t limit);

  Node source, sink;
  llvm::SmallVector<Edge> edges;         // edge i and its reverse, i ^ 1
  llvm::SmallVector<unsigned> firstEdge; // by node
  llvm::SmallVector<bool> reachesSink;

  // While it is solved.
  llvm::SmallVector<unsigned> level, untried; // by node
  llvm::SmallVector<Node> queue;
  llvm::SmallVector<unsigned> path;
};

} // namespace commuter

#endif // COMMUTER_ANALYSIS_MINIMUMCUT_H
