// Ranks on two hosts: the same results, and an error on every rank once the link
// between them is cut, as mpi-hosts.mlir has it for MPI.

// REQUIRES: netns
// RUN: bash %S/Inputs/hosts.sh tcp %commuter-run %S/mpi-hosts.mlir %t | FileCheck %s
// CHECK: two hosts: the results of threads
// CHECK: a cut link: 4 of 4 ranks spoke within {{[2-5][0-9][0-9][0-9]}} ms
