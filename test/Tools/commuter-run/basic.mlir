// RUN: %commuter-run %s | FileCheck %s --strict-whitespace --match-full-lines
// RUN: %commuter-run %s --pipeline=none | FileCheck %s --check-prefix=WRITTEN
// RUN: %commuter-run - < %s | FileCheck %s --check-prefix=STDIN

// The default is the optimised program: one gather of 4 x 8 f32 (the other three
// ranks' rows: 3 * 128 bytes), and norms on a rank's own 4 rows.
//      CHECK:@main on 4 ranks, @mesh(dp = 4), cpu, threads; 1 run
// CHECK-EMPTY:
// CHECK-NEXT:                                           optimize
// CHECK-NEXT:norm rows per rank                                4
// CHECK-NEXT:bytes received per rank                         384
// CHECK-NEXT:bytes copied per rank                           384
// CHECK-NEXT:collectives per rank                              1
// CHECK-NEXT:norms, processor time, all ranks     {{ *[0-9]+\.[0-9][0-9][0-9]}} ms
// CHECK-NEXT:collectives, likewise                {{ *[0-9]+\.[0-9][0-9][0-9]}} ms
// CHECK-NEXT:everything else, likewise            {{ *[0-9]+\.[0-9][0-9][0-9]}} ms
// CHECK-NEXT:waiting, elapsed, all ranks          {{ *[0-9]+\.[0-9][0-9][0-9]}} ms
// CHECK-NEXT:total, elapsed, slowest rank         {{ *[0-9]+\.[0-9][0-9][0-9]}} ms
//  CHECK-NOT:{{.}}

// WRITTEN: as written
// WRITTEN-NEXT: norm rows per rank 16{{$}}
// WRITTEN-NEXT: bytes received per rank 384{{$}}

// STDIN: @main on 4 ranks
// STDIN: norm rows per rank 4{{$}}

dist.mesh @mesh(dp = 4)

func.func @main(%x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                %w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}
