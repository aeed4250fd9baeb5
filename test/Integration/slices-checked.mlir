// A slice that is not what the type says is found before it is read.

// RUN: not %commuter-run %s --entry even --extent 0.0=12 2>&1 | FileCheck %s --check-prefix=EVEN
// RUN: not %commuter-run %s --entry uneven --extent 0.0=13 2>&1 | FileCheck %s --check-prefix=UNEVEN
// RUN: not %commuter-run %s --entry extents 2>&1 | FileCheck %s --check-prefix=EXTENTS
// RUN: not %commuter-run %s --entry gathered --extent 0.0=4 --extent 1.0=4 2>&1 | FileCheck %s --check-prefix=GATHERED

// EVEN: commuter-run: error: rank {{[01]}}: {{.*}}slices-checked.mlir:{{[0-9]+}}:8: this rank's slice over m[dp] has 6 elements, but the program has 2
// UNEVEN: commuter-run: error: rank {{[01]}}: {{.*}}slices-checked.mlir:{{[0-9]+}}:8: 13 is not divisible by the size 2 of group m[dp]
// EXTENTS: commuter-run: error: rank {{[01]}}: {{.*}}slices-checked.mlir:{{[0-9]+}}:8: this rank's slice over m[dp] has {{7|1}} elements, but the program has 4
// GATHERED: commuter-run: error: rank {{[01]}}: {{.*}}slices-checked.mlir:{{[0-9]+}}:8: this rank's slice over m[dp] has 1 elements, but the program has 4

dist.mesh @m(dp = 2)

func.func @even(%x: tensor<?x8xf32>) -> tensor<2x8xf32> {
  %y = dist.all_slice %x dim 0 over @m[dp] : tensor<?x8xf32> -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}
func.func @uneven(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = dist.all_slice %x dim 0 over @m[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func @extents(%x: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %c = arith.constant dense<[7, 1]> : tensor<2xindex>
  %y = dist.all_slice %x dim 0 extents %c over @m[dp] : tensor<8x8xf32>, tensor<2xindex> -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
// A norm that would be written beside its slot of the gathered buffer.
func.func @gathered(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c = arith.constant dense<[1, 1]> : tensor<2xindex>
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<?x8xf32>
  %g = dist.all_gather %n dim 0 extents %c over @m[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  return %g : tensor<?x8xf32>
}
