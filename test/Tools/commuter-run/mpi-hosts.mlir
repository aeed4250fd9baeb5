// Ranks on two hosts, over TCP: the same results, and an error on every rank once
// the link between them is cut, within the deadline of 2 s and two more (here
// two more again: the machine may do much at once).

// REQUIRES: mpi, netns
// RUN: bash %S/Inputs/hosts.sh mpi %commuter-run %s %t | FileCheck %s
// CHECK: two hosts: the results of threads
// CHECK: a cut link: 4 of 4 ranks spoke within {{[2-5][0-9][0-9][0-9]}} ms

dist.mesh @mesh(dp = 2, tp = 2)

func.func @main(%x: tensor<64x64xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>})
    -> (tensor<128x64xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %s = dist.all_reduce %x sum over @mesh[tp] : tensor<64x64xbf16>
  %g = dist.all_gather %s dim 0 over @mesh[dp] : tensor<64x64xbf16> -> tensor<128x64xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<128x64xbf16>
  return %n : tensor<128x64xbf16>
}
