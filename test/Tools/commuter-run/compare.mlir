// RUN: %commuter-run %s --compare | FileCheck %s --match-full-lines
// RUN: %commuter-run %s --compare --pipeline=commute --iterations 2 | FileCheck %s --check-prefix=TWO
// RUN: %commuter-run %s --compare --pipeline='builtin.module(dist-commute-norms)' | FileCheck %s --check-prefix=TEXT
// RUN: %commuter-run %s --compare --pipeline=none | FileCheck %s --check-prefix=SAME

// As written, all 12 rows are normalised on every rank and 12 * 6 bf16 are copied
// by the slice; the bytes that other ranks send are the same.
// CHECK: @main on 3 ranks, @mesh(dp = 3), cpu, threads; medians of 5 runs
// CHECK-EMPTY:
// CHECK-NEXT:                                         as written       optimize   ratio
// CHECK-NEXT: norm rows per rank                               12              4   0.333
// CHECK-NEXT: bytes received per rank                          96             96   1.000
// CHECK-NEXT: bytes copied per rank 144 96 0.667
// CHECK-NEXT: collectives per rank                              1              1   1.000
// CHECK-NEXT: norms, processor time, all ranks {{[0-9.]+ ms [0-9.]+ ms [0-9.]+}}
// CHECK-NEXT: collectives, likewise {{[0-9.]+ ms [0-9.]+ ms [0-9.]+}}
// CHECK-NEXT: everything else, likewise {{[0-9.]+ ms [0-9.]+ ms [0-9.]+}}
// CHECK-NEXT: waiting, elapsed, all ranks {{[0-9.]+ ms [0-9.]+ ms [0-9.]+}}
// CHECK-NEXT: total, elapsed, slowest rank {{[0-9.]+ ms [0-9.]+ ms [0-9.]+}}
// CHECK-EMPTY:
// CHECK-NEXT: 2 results: bit-exact on 3/3 ranks
// CHECK-NOT: {{.}}

// TWO: medians of 2 runs
// TWO: as written        commute   ratio
// TEXT: as written       pipeline   ratio
// TEXT: norm rows per rank 12 4   0.333
// SAME: as written           none   ratio
// SAME: norm rows per rank 12 12   1.000
// SAME: 2 results: bit-exact on 3/3 ranks

dist.mesh @mesh(dp = 3)

func.func @main(%x: tensor<4x6xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                %r: tensor<4x6xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<12x6xbf16>, tensor<4x6xbf16>) {
  %s = arith.addf %x, %r : tensor<4x6xbf16>
  %g = dist.all_gather %s dim 0 over @mesh[dp] : tensor<4x6xbf16> -> tensor<12x6xbf16>
  %own = dist.all_slice %g dim 0 over @mesh[dp] : tensor<12x6xbf16> -> tensor<4x6xbf16>
  %n = norm.layer_norm %g eps 1.0e-05 : tensor<12x6xbf16>
  return %n, %own : tensor<12x6xbf16>, tensor<4x6xbf16>
}
