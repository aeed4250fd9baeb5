// A program on a device that has memory of its own: arguments go there, results
// come back, and figures and traces are as on the host.

// REQUIRES: cuda-emulation
// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-run %s --device cuda-emulated --compare --trace %t/trace.json | FileCheck %s
// CHECK: @main on 2 ranks, @mesh(dp = 2), cuda-emulated, threads; medians of 5 runs
// CHECK: 3 results: bit-exact on 2/2 ranks
// RUN: FileCheck %s --check-prefix=TRACE --input-file=%t/trace.json
// TRACE: rms_norm
// RUN: %commuter-run %s --device cuda-emulated:0 --json | FileCheck %s --check-prefix=JSON
// JSON: "device": "cuda-emulated:0"

// Ahead of time, the library says what it is for.
// RUN: %commuter-compile %s -o %t/model.so --device cuda-emulated
// RUN: FileCheck %s --check-prefix=HEADER --input-file=%t/model.h
// HEADER: Device: cuda-emulated
// RUN: %commuter-run %s --device cuda-emulated --output-dir %t/once
// RUN: %commuter-run %t/model.so --output-dir %t/ahead
// RUN: diff -r %t/once %t/ahead

// RUN: %fails %commuter-run %t/model.so --device cpu > %t/errors
// RUN: %fails %commuter-run %s --device cuda-emulated:1 >> %t/errors
// RUN: %fails %commuter-run %s --device cuda:99 >> %t/errors
// RUN: %fails %commuter-compile %s -o %t/cuda.so --device cuda:1 >> %t/errors
// RUN: FileCheck %s --check-prefix=ERROR --input-file=%t/errors
// ERROR: commuter-run: error: --device cpu: {{.*}}model.so is compiled for cuda-emulated
// ERROR-NEXT: commuter-run: error: device cuda-emulated:1: it cannot be used: there is one emulated GPU, number 0
// ERROR-NEXT: commuter-run: error: device cuda{{.+}}
// ERROR-NEXT: commuter-compile: error: --device cuda:1: there is: cpu, cuda, cuda-emulated
// ERROR-NOT: {{.}}

dist.mesh @mesh(dp = 2)

func.func @main(%x: tensor<4x24xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                %n: tensor<2xindex>) -> (tensor<8x24xf32>, tensor<2xindex>, f32) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x24xf32> -> tensor<8x24xf32>
  %y = norm.rms_norm %g eps 1.0e-06 : tensor<8x24xf32>
  %z = arith.mulf %y, %y : tensor<8x24xf32>
  %m = arith.addi %n, %n : tensor<2xindex>
  %i = arith.constant 1 : index
  %v = tensor.extract %z[%i, %i] : tensor<8x24xf32>
  return %z, %m, %v : tensor<8x24xf32>, tensor<2xindex>, f32
}
