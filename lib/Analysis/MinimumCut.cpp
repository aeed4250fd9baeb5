//===- MinimumCut.cpp ----------------------------------------------------===//
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

#include "commuter/Analysis/MinimumCut.h"
#include <algorithm>

using namespace commuter;

MinimumCut::Node MinimumCut::addNode() {
  outgoing.emplace_back();
  return outgoing.size() - 1;
}

void MinimumCut::addEdge(Node from, Node to, int64_t capacity) {
  outgoing[from].push_back(edges.size());
  edges.push_back({to, capacity});
  outgoing[to].push_back(edges.size());
  edges.push_back({from, 0});
}

bool MinimumCut::buildLevels() {
  level.assign(outgoing.size(), UINT32_MAX);
  level[source] = 0;
  llvm::SmallVector<Node> queue{source};
  for (size_t i = 0; i < queue.size(); ++i)
    for (unsigned e : outgoing[queue[i]])
      if (edges[e].residual > 0 && level[edges[e].to] == UINT32_MAX) {
        level[edges[e].to] = level[queue[i]] + 1;
        queue.push_back(edges[e].to);
      }
  return level[sink] != UINT32_MAX;
}

/// Pushes flow along one path of the level graph. Iterative: a path may be as
/// long as a program.
int64_t MinimumCut::augment(int64_t limit) {
  llvm::SmallVector<unsigned> path;
  Node node = source;
  while (true) {
    if (node == sink) {
      int64_t flow = limit;
      for (unsigned e : path)
        flow = std::min(flow, edges[e].residual);
      for (unsigned e : path) {
        edges[e].residual -= flow;
        edges[e ^ 1].residual += flow;
      }
      return flow;
    }
    bool advanced = false;
    for (unsigned &i = next[node]; i < outgoing[node].size(); ++i) {
      unsigned e = outgoing[node][i];
      if (edges[e].residual > 0 && level[edges[e].to] == level[node] + 1) {
        path.push_back(e);
        node = edges[e].to;
        advanced = true;
        break;
      }
    }
    if (advanced)
      continue;
    if (path.empty())
      return 0;
    // A dead end: never enter it again in this level graph.
    level[node] = UINT32_MAX;
    node = edges[path.pop_back_val() ^ 1].to;
  }
}

void MinimumCut::solve() {
  while (buildLevels()) {
    next.assign(outgoing.size(), 0);
    while (augment(kInfinity) > 0)
      ;
  }
  // Backwards from the sink over edges with room left.
  reachesSink.assign(outgoing.size(), false);
  reachesSink[sink] = true;
  llvm::SmallVector<Node> queue{sink};
  for (size_t i = 0; i < queue.size(); ++i)
    for (unsigned e : outgoing[queue[i]]) {
      Node from = edges[e].to;
      if (edges[e ^ 1].residual > 0 && !reachesSink[from]) {
        reachesSink[from] = true;
        queue.push_back(from);
      }
    }
}
