// A pipeline that changes results: math-expand-ops computes tanh out of
// exponentials, which agrees with the library's to a few units in the last place
// only. What does not agree is said, and nothing is written.

// RUN: rm -rf %t && mkdir %t
// RUN: not %commuter-run %s --compare --pipeline='math-expand-ops{ops=tanh}' --output-dir=%t/out --trace=%t/trace.json > %t/table 2> %t/err
// RUN: FileCheck %s --input-file=%t/table
// RUN: FileCheck %s --check-prefix=ERROR --input-file=%t/err
// RUN: not %commuter-run %s --compare --pipeline='math-expand-ops{ops=tanh}' --json 2> %t/err > %t/figures.json
// RUN: %figures agrees=False results.0.bit_exact=True results.0.exact_ranks=2 results.0.largest_error=0 results.1.bit_exact=False < %t/figures.json
// RUN: ls -A %t | FileCheck %s --check-prefix=LEFT

// CHECK: result 0: bit-exact on 2/2 ranks
// CHECK-NEXT: result 1: bit-exact on {{[01]}}/2 ranks, largest error {{[0-9.]+e-[01][0-9]$}}
// CHECK-NOT: {{.}}
// ERROR-NOT: {{.}}
// ERROR: {{^}}commuter-run: error: the results of the two versions differ{{$}}
// ERROR-NOT: {{.}}
// LEFT: err
// LEFT-NEXT: figures.json
// LEFT-NEXT: table
// LEFT-NOT: {{.}}

dist.mesh @mesh(dp = 2)

func.func @main(%x: tensor<64x64xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<64x64xf32>, tensor<64x64xf32>) {
  %y = math.tanh %x : tensor<64x64xf32>
  return %x, %y : tensor<64x64xf32>, tensor<64x64xf32>
}
