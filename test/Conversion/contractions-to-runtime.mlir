// RUN: %commuter-opt %s --convert-contractions-to-runtime --split-input-file | FileCheck %s

// The views are over all loops: rows, columns, depth. Along the others' a factor
// has stride 0.
// CHECK-LABEL: func.func @matmul
// CHECK-SAME: %[[A:.*]]: memref<4x?xbf16>, %[[B:.*]]: memref<?x5xbf16, strided<[?, 1], offset: ?>>, %[[C:.*]]: memref<4x5xf32>
// CHECK: %[[ABASE:.*]], %{{.*}}, %[[AS:.*]]:2, %[[AT:.*]]:2 = memref.extract_strided_metadata %[[A]]
// CHECK: %[[BBASE:.*]], %[[BO:.*]], %[[BS:.*]]:2, %[[BT:.*]]:2 = memref.extract_strided_metadata %[[B]]
// CHECK: %[[CBASE:.*]], %{{.*}}, %[[CS:.*]]:2, %[[CT:.*]]:2 = memref.extract_strided_metadata %[[C]]
// CHECK: %[[AZ:.*]] = arith.constant 0 : index
// CHECK: %[[AV:.*]] = memref.reinterpret_cast %[[ABASE]] to offset: [{{.*}}], sizes: [%[[CS]]#0, %[[CS]]#1, %[[BS]]#0], strides: [%[[AT]]#0, %[[AZ]], %[[AT]]#1]
// CHECK: builtin.unrealized_conversion_cast %[[AV]]
// CHECK: %[[BZ:.*]] = arith.constant 0 : index
// CHECK: %[[BV:.*]] = memref.reinterpret_cast %[[BBASE]] to offset: [%[[BO]]], sizes: [%[[CS]]#0, %[[CS]]#1, %[[BS]]#0], strides: [%[[BZ]], %[[BT]]#1, %[[BT]]#0]
// CHECK: %[[CZ:.*]] = arith.constant 0 : index
// CHECK: memref.reinterpret_cast %[[CBASE]] to offset: [{{.*}}], sizes: [%[[CS]]#0, %[[CS]]#1, %[[BS]]#0], strides: [%[[CT]]#0, %[[CT]]#1, %[[CZ]]]
// CHECK: llvm.call @commuter_program_contract(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr) -> ()
// CHECK-NOT: linalg
func.func @matmul(%a: memref<4x?xbf16>, %b: memref<?x5xbf16, strided<[?, 1], offset: ?>>, %c: memref<4x5xf32>) {
  linalg.matmul ins(%a, %b : memref<4x?xbf16>, memref<?x5xbf16, strided<[?, 1], offset: ?>>) outs(%c : memref<4x5xf32>)
  return
}

// -----

// Every type that there is a kernel for, and every form.
// CHECK-LABEL: func.func @forms
// CHECK-COUNT-8: llvm.call @commuter_program_contract
// CHECK-NOT: linalg
// CHECK: return
func.func @forms(%f: memref<4x4xf32>, %h: memref<4x4xf16>, %b: memref<4x4xbf16>,
                 %f3: memref<2x4x4xf32>, %x4: memref<2x4x3x4xf32>, %w3: memref<4x4x5xf32>, %y3: memref<2x3x5xf32>) {
  linalg.matmul ins(%f, %f : memref<4x4xf32>, memref<4x4xf32>) outs(%f : memref<4x4xf32>)
  linalg.matmul ins(%h, %h : memref<4x4xf16>, memref<4x4xf16>) outs(%h : memref<4x4xf16>)
  linalg.matmul ins(%b, %b : memref<4x4xbf16>, memref<4x4xbf16>) outs(%b : memref<4x4xbf16>)
  linalg.matmul ins(%h, %b : memref<4x4xf16>, memref<4x4xbf16>) outs(%f : memref<4x4xf32>)
  linalg.batch_matmul ins(%f3, %f3 : memref<2x4x4xf32>, memref<2x4x4xf32>) outs(%f3 : memref<2x4x4xf32>)
  // Transposed.
  linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
    ins(%f, %f : memref<4x4xf32>, memref<4x4xf32>) outs(%f : memref<4x4xf32>)
  // Two loops of rows and two of the depth.
  linalg.contract indexing_maps = [affine_map<(a, b, n, j, k) -> (a, j, b, k)>, affine_map<(a, b, n, j, k) -> (j, k, n)>, affine_map<(a, b, n, j, k) -> (a, b, n)>]
    ins(%x4, %w3 : memref<2x4x3x4xf32>, memref<4x4x5xf32>) outs(%y3 : memref<2x3x5xf32>)
  // One factor widened; factors and addends exchanged.
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%b, %f : memref<4x4xbf16>, memref<4x4xf32>) outs(%f : memref<4x4xf32>) {
  ^bb0(%x: bf16, %y: f32, %z: f32):
    %w = arith.extf %x : bf16 to f32
    %p = arith.mulf %y, %w : f32
    %s = arith.addf %p, %z : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// What is no contraction of the kernel's stays, each for one reason: types, no
// columns, no rows nor columns, no depth, a loop over one factor alone, an access
// that is no permutation.
// CHECK-LABEL: func.func @others
// CHECK-NOT: commuter_program_contract
// CHECK-COUNT-3: linalg.matmul
// CHECK: linalg.matvec
// CHECK: linalg.dot
// CHECK-COUNT-4: linalg.generic
// CHECK: linalg.conv_1d
// CHECK-NOT: commuter_program_contract
func.func @others(%f: memref<4x4xf32>, %d: memref<4x4xf64>, %i: memref<4x4xi32>, %b: memref<4x4xbf16>, %v: memref<4xf32>, %s: memref<f32>, %v3: memref<3xf32>, %v2: memref<2xf32>, %t3: memref<4x4x2xf32>) {
  linalg.matmul ins(%d, %d : memref<4x4xf64>, memref<4x4xf64>) outs(%d : memref<4x4xf64>)
  linalg.matmul ins(%i, %i : memref<4x4xi32>, memref<4x4xi32>) outs(%i : memref<4x4xi32>)
  linalg.matmul ins(%f, %f : memref<4x4xf32>, memref<4x4xf32>) outs(%d : memref<4x4xf64>)
  linalg.matvec ins(%f, %v : memref<4x4xf32>, memref<4xf32>) outs(%v : memref<4xf32>)
  linalg.dot ins(%v, %v : memref<4xf32>, memref<4xf32>) outs(%s : memref<f32>)
  // An outer product.
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m)>, affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>],
                  iterator_types = ["parallel", "parallel"]}
    ins(%v, %v : memref<4xf32>, memref<4xf32>) outs(%f : memref<4x4xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %p = arith.mulf %x, %y : f32
    %t = arith.addf %z, %p : f32
    linalg.yield %t : f32
  }
  // Sums over one factor alone.
  linalg.generic {indexing_maps = [affine_map<(m, n, k, j) -> (m, k, j)>, affine_map<(m, n, k, j) -> (k, n)>, affine_map<(m, n, k, j) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
    ins(%t3, %f : memref<4x4x2xf32>, memref<4x4xf32>) outs(%f : memref<4x4xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %p = arith.mulf %x, %y : f32
    %t = arith.addf %z, %p : f32
    linalg.yield %t : f32
  }
  // Something else than c + a * b: a - b, and a * a.
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%f, %f : memref<4x4xf32>, memref<4x4xf32>) outs(%f : memref<4x4xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %p = arith.mulf %x, %y : f32
    %t = arith.subf %z, %p : f32
    linalg.yield %t : f32
  }
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%f, %f : memref<4x4xf32>, memref<4x4xf32>) outs(%f : memref<4x4xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %p = arith.mulf %x, %x : f32
    %t = arith.addf %z, %p : f32
    linalg.yield %t : f32
  }
  linalg.conv_1d ins(%v, %v3 : memref<4xf32>, memref<3xf32>) outs(%v2 : memref<2xf32>)
  return
}
