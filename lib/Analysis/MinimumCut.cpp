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

void MinimumCut::clear() {
  edges.clear();
  firstEdge.clear();
  source = addNode();
  sink = addNode();
}

MinimumCut::Node MinimumCut::addNode() {
  firstEdge.push_back(kNone);
  return firstEdge.size() - 1;
}

void MinimumCut::addEdge(Node from, Node to, int64_t capacity) {
  auto add = [&](Node tail, Node head, int64_t residual) {
    edges.push_back({head, firstEdge[tail], residual});
    firstEdge[tail] = edges.size() - 1;
  };
  add(from, to, capacity);
  add(to, from, 0);
}

bool MinimumCut::buildLevels() {
  level.assign(firstEdge.size(), UINT32_MAX);
  level[source] = 0;
  queue.assign({source});
  for (size_t i = 0; i < queue.size(); ++i)
    for (unsigned e = firstEdge[queue[i]]; e != kNone; e = edges[e].next)
      if (edges[e].residual > 0 && level[edges[e].to] == UINT32_MAX) {
        level[edges[e].to] = level[queue[i]] + 1;
        queue.push_back(edges[e].to);
      }
  return level[sink] != UINT32_MAX;
}

/// Pushes flow along one path of the level graph. Iterative: a path may be as
/// long as a program.
int64_t MinimumCut::augment(int64_t limit) {
  path.clear();
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
    for (unsigned &e = untried[node]; e != kNone; e = edges[e].next)
      if (edges[e].residual > 0 && level[edges[e].to] == level[node] + 1) {
        path.push_back(e);
        node = edges[e].to;
        advanced = true;
        break;
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
    untried = firstEdge;
    while (augment(kInfinity) > 0)
      ;
  }
  // Backwards from the sink over edges with room left.
  reachesSink.assign(firstEdge.size(), false);
  reachesSink[sink] = true;
  queue.assign({sink});
  for (size_t i = 0; i < queue.size(); ++i)
    for (unsigned e = firstEdge[queue[i]]; e != kNone; e = edges[e].next) {
      Node from = edges[e].to;
      if (edges[e ^ 1].residual > 0 && !reachesSink[from]) {
        reachesSink[from] = true;
        queue.push_back(from);
      }
    }
}
