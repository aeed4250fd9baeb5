// A program's own assertion that does not hold is an error with its place and its
// text, wherever standard output goes, and whenever the program was compiled.

// RUN: rm -rf %t && mkdir %t
// RUN: %fails %commuter-run %s --output-dir=%t/out > %t/err
// RUN: %fails %commuter-run %s --entry=in_loop >> %t/err
// RUN: %commuter-compile %s --entry=in_loop -o %t/in_loop.so
// RUN: %fails %commuter-run %t/in_loop.so >> %t/err
// RUN: %commuter-run %s --entry=holds > %t/table
// RUN: FileCheck %s --match-full-lines --input-file=%t/err

// CHECK: commuter-run: error: rank 1: {{.*}}assertion.mlir:[[@LINE+11]]:3: assertion failed: rank 1 is "not" welcome
// CHECK-NEXT: commuter-run: error: rank 0: {{.*}}assertion.mlir:[[@LINE+22]]:5: assertion failed: an element is not positive
// CHECK-NEXT: commuter-run: error: rank 0: {{.*}}assertion.mlir:[[@LINE+21]]:5: assertion failed: an element is not positive
// CHECK-NOT: {{.}}

dist.mesh @mesh(dp = 2)

func.func @main(%x: tensor<4xf32>) -> tensor<8xf32> {
  %c1 = arith.constant 1 : index
  %i = dist.axis_index @mesh[dp] : index
  %isWelcome = arith.cmpi ne, %i, %c1 : index
  cf.assert %isWelcome, "rank 1 is \22not\22 welcome"
  // Rank 0 waits for nobody.
  %y = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4xf32> -> tensor<8xf32>
  return %y : tensor<8xf32>
}

// Of an argument that counts from negative numbers.
func.func @in_loop(%x: tensor<8xf32>) -> tensor<8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %y = linalg.map ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) (%a: f32, %b: f32) {
    %isPositive = arith.cmpf ogt, %a, %zero : f32
    cf.assert %isPositive, "an element is not positive"
    linalg.yield %a : f32
  }
  return %y : tensor<8xf32>
}

func.func @holds(%x: tensor<4xf32>) -> tensor<4xf32> {
  %true = arith.constant true
  cf.assert %true, "is never seen"
  return %x : tensor<4xf32>
}
