//===- Launch.cpp -----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a launcher tells a process of its job, through the environment.
//
//===----------------------------------------------------------------------===//

#include "Launch.h"

#include "../src/Environment.h"

using namespace commuter::rt;

namespace {
struct Names {
  const char *rank, *size, *job;
};
} // namespace

/// In the order in which they are looked at. Slurm comes last: it starts the
/// other launchers, whose processes see its variables, too. (PMIX_RANK has no
/// fellow that tells the size.)
static constexpr Names kNames[] = {
    {"COMMUTER_RANK", "COMMUTER_WORLD_SIZE", nullptr},
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMIX_NAMESPACE"},
    {"PMI_RANK", "PMI_SIZE", nullptr},
    {"RANK", "WORLD_SIZE", "TORCHELASTIC_RUN_ID"},
    {"SLURM_PROCID", "SLURM_NTASKS", "SLURM_JOB_ID"},
};

/// In the same order.
static constexpr const char *kLocalNames[] = {
    "COMMUTER_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID",
    "LOCAL_RANK", "SLURM_LOCALID"};

static constexpr int32_t kMaxSize = 65536;

static Status readRank(Launch &launch) {
  const Names *names = std::begin(kNames);
  while (names != std::end(kNames) && !getVariable(names->rank) &&
         !getVariable(names->size))
    ++names;
  if (names == std::end(kNames))
    return fail(COMMUTER_INVALID_ARGUMENT,
                "COMMUTER_RANK and COMMUTER_WORLD_SIZE are not set, nor what "
                "mpirun, torchrun or srun would set");
  const char *rank = getVariable(names->rank);
  const char *size = getVariable(names->size);
  if (!rank || !size)
    return fail(COMMUTER_INVALID_ARGUMENT, "%s is set, but %s is not",
                rank ? names->rank : names->size,
                rank ? names->size : names->rank);
  if (!parseNumber(size, 1, kMaxSize, launch.size))
    return fail(COMMUTER_INVALID_ARGUMENT,
                "%s=%s: expected a number of processes, 1 to %d", names->size,
                size, kMaxSize);
  if (!parseNumber(rank, 0, launch.size - 1, launch.rank))
    return fail(COMMUTER_INVALID_ARGUMENT,
                "%s=%s: expected a rank, 0 to %d, since %s=%s", names->rank,
                rank, launch.size - 1, names->size, size);
  launch.rankName = names->rank;
  launch.sizeName = names->size;
  const char *job = getVariable("COMMUTER_JOB_ID");
  if (!job)
    job = getVariable(names->job);
  launch.job = job ? job : "";
  return {};
}

/// The agent of torchrun listens at MASTER_PORT itself: its neighbour is taken.
static int32_t masterPortOffset() {
  const char *text = getVariable("TORCHELASTIC_USE_AGENT_STORE");
  return text && std::string_view(text) == "True" ? 1 : 0;
}

static Status readMaster(Launch &launch) {
  const char *address = getVariable("MASTER_ADDR");
  const char *port = getVariable("MASTER_PORT");
  if (!address && !port)
    return fail(COMMUTER_INVALID_ARGUMENT,
                "COMMUTER_RENDEZVOUS is not set, nor are MASTER_ADDR and "
                "MASTER_PORT: where do the processes meet?");
  if (!address || !port)
    return fail(COMMUTER_INVALID_ARGUMENT, "%s is set, but %s is not",
                address ? "MASTER_ADDR" : "MASTER_PORT",
                address ? "MASTER_PORT" : "MASTER_ADDR");
  int32_t offset = masterPortOffset();
  if (!parseNumber(port, 1, 65535 - offset, launch.port))
    return fail(COMMUTER_INVALID_ARGUMENT,
                "MASTER_PORT=%s: expected a port, 1 to %d", port,
                65535 - offset);
  launch.port += offset;
  launch.host = address;
  launch.rendezvous = "MASTER_ADDR=" + launch.host + " MASTER_PORT=" + port +
                      (offset ? " (+ 1)" : "");
  return {};
}

/// host:port, or [host]:port where the host has colons.
static Status readRendezvous(Launch &launch) {
  const char *text = getVariable("COMMUTER_RENDEZVOUS");
  if (!text)
    return readMaster(launch);
  std::string_view value(text);
  size_t colon = value.rfind(':');
  std::string_view host = value.substr(0, colon);
  bool hasBrackets =
      host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (hasBrackets)
    host = host.substr(1, host.size() - 2);
  if (colon == std::string_view::npos || host.empty() ||
      (!hasBrackets && host.find_first_of("[]:") != std::string_view::npos) ||
      !parseNumber(value.substr(colon + 1), 1, 65535, launch.port))
    return fail(COMMUTER_INVALID_ARGUMENT,
                "COMMUTER_RENDEZVOUS=%s: expected host:port, such as "
                "node0:29400, 10.0.0.1:29400 or [fd00::1]:29400",
                text);
  launch.host = host;
  launch.rendezvous = "COMMUTER_RENDEZVOUS=" + std::string(value);
  return {};
}

Status commuter::rt::readLaunch(Launch &launch) {
  COMMUTER_TRY(readRank(launch));
  return launch.size == 1 ? Status() : readRendezvous(launch);
}

Status commuter::rt::readLocalRank(int32_t &rank) {
  rank = -1;
  for (const char *name : kLocalNames)
    if (const char *text = getVariable(name)) {
      if (!parseNumber(text, 0, kMaxSize - 1, rank))
        return fail(COMMUTER_INVALID_ARGUMENT,
                    "%s=%s: expected the process's number on its host", name,
                    text);
      return {};
    }
  return {};
}
