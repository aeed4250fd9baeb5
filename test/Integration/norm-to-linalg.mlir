// Every op without the runtime's kernels, against the kernels. Quantisations
// have the same bits. Norms differ by the order in which a row of n elements is
// added up, and a few roundings: the former changes a sum of squares by sqrt(n)
// * 2^-24 of it as a rule and by n * 2^-24 at most, and the result by half of
// that. For n <= 1300 and results below 16 the rule gives 2e-5, and 1e-5 is
// asked of f32; 1e-13 of f64, which has 2^-53. In bf16 an element may come to
// lie on the other side of a tie: one unit in the last place, of numbers below
// 8 that is 2^-5. Half precision has more digits to spare, and no element of
// these rows does.

// RUN: not %commuter-run %s --entry rms_norm --compare --pipeline norm-to-linalg 2>&1 | FileCheck %s --check-prefix=F32
// RUN: not %commuter-run %s --entry layer_norm --compare --pipeline norm-to-linalg --seed 3 2>&1 | FileCheck %s --check-prefix=F32
// RUN: not %commuter-run %s --entry layer_norm_plain --compare --pipeline norm-to-linalg 2>&1 | FileCheck %s --check-prefix=F32
// RUN: not %commuter-run %s --entry layer_norm_wide --compare --pipeline norm-to-linalg 2>&1 | FileCheck %s --check-prefix=BF16
// RUN: %commuter-run %s --entry rms_norm_half --compare --pipeline norm-to-linalg --extent 0.0=0,3,17,1 --extent 0.1=77 --extent 1.0=77 | FileCheck %s --check-prefix=EXACT
// RUN: not %commuter-run %s --entry layer_norm_double --compare --pipeline norm-to-linalg --extent 0.1=77 --extent 0.0=5 --extent 1.0=77 2>&1 | FileCheck %s --check-prefix=F64
// RUN: %commuter-run %s --entry exact --compare --pipeline norm-to-linalg | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry residual --compare --pipeline norm-to-linalg | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry quantize --compare --pipeline norm-to-linalg --extent 0.0=0,3,17,1 --extent 0.1=96 | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry quantize --compare --pipeline norm-to-linalg --extent 0.0=3 --extent 0.1=0 | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry special --compare --pipeline norm-to-linalg | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry all_codes --compare --pipeline norm-to-linalg | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry fused --compare --pipeline norm-to-linalg | FileCheck %s --check-prefix=EXACT

// F32: largest error {{[0-9.]+e-0[6-9]$}}
// F64: largest error {{[0-9.]+e-1[4-9]$}}
// BF16: largest error 0.0{{[0-3]}}
// EXACT: bit-exact on 4/4 ranks

dist.mesh @mesh(dp = 4)

func.func @rms_norm(%x: tensor<37x1300xf32>, %w: tensor<1300xf32>) -> tensor<37x1300xf32> {
  %y = norm.rms_norm %x scale %w offset 1.0 eps 1.0e-06 : tensor<37x1300xf32>, tensor<1300xf32>
  return %y : tensor<37x1300xf32>
}

func.func @layer_norm(%x: tensor<5x3x400xf32>, %w: tensor<3x400xf32>, %b: tensor<3x400xf32>) -> tensor<5x3x400xf32> {
  %y = norm.layer_norm %x scale %w bias %b axis 1 eps 1.0e-05 : tensor<5x3x400xf32>, tensor<3x400xf32>, tensor<3x400xf32>
  return %y : tensor<5x3x400xf32>
}

func.func @layer_norm_plain(%x: tensor<77xf32>) -> tensor<77xf32> {
  %y = norm.layer_norm %x eps 1.0e-05 : tensor<77xf32>
  return %y : tensor<77xf32>
}

func.func @layer_norm_wide(%x: tensor<5x3x400xbf16>, %w: tensor<3x400xf32>, %b: tensor<3x400xbf16>) -> tensor<5x3x400xbf16> {
  %y = norm.layer_norm %x scale %w bias %b axis 1 eps 1.0e-05 : tensor<5x3x400xbf16>, tensor<3x400xf32>, tensor<3x400xbf16>
  return %y : tensor<5x3x400xbf16>
}

func.func @rms_norm_half(%x: tensor<?x?xf16>, %w: tensor<?xf16>) -> tensor<?x?xf16> {
  %y = norm.rms_norm %x scale %w eps 1.0e-06 : tensor<?x?xf16>, tensor<?xf16>
  return %y : tensor<?x?xf16>
}

func.func @layer_norm_double(%x: tensor<?x?xf64>, %b: tensor<?xf64>) -> tensor<?x?xf64> {
  %y = norm.layer_norm %x bias %b eps 1.0e-05 : tensor<?x?xf64>, tensor<?xf64>
  return %y : tensor<?x?xf64>
}

// Numbers whose sums are exact in any order: +-1, and weights of few digits. There
// is no bias: where it cancels the product, it shows that the kernel fuses them.
func.func @exact(%x: tensor<9x64xi1>, %w: tensor<64xf16>) -> (tensor<9x64xf32>, tensor<9x64xbf16>) {
  %one = arith.constant dense<1.0> : tensor<9x64xf32>
  %none = arith.constant dense<-1.0> : tensor<9x64xf32>
  %f = arith.select %x, %one, %none : tensor<9x64xi1>, tensor<9x64xf32>
  %h = arith.truncf %f : tensor<9x64xf32> to tensor<9x64xbf16>
  %w32 = arith.extf %w : tensor<64xf16> to tensor<64xf32>
  %n = norm.rms_norm %f scale %w32 eps 1.0e-05 : tensor<9x64xf32>, tensor<64xf32>
  %l = norm.layer_norm %h scale %w32 eps 1.0e-05 : tensor<9x64xbf16>, tensor<64xf32>
  return %n, %l : tensor<9x64xf32>, tensor<9x64xbf16>
}

// Sums of bf16 are rounded as the kernel rounds them; the norm's last digits too
// are the same here.
func.func @residual(%x: tensor<9x96xbf16>, %r: tensor<9x96xbf16>) -> (tensor<9x96xbf16>, tensor<9x96xbf16>) {
  %s, %y = norm.add_layer_norm %x, %r eps 1.0e-05 : tensor<9x96xbf16>
  return %s, %y : tensor<9x96xbf16>, tensor<9x96xbf16>
}

func.func @quantize(%x: tensor<?x?xbf16>, %f: tensor<f32>)
    -> (tensor<?x?xf8E4M3FN>, tensor<?x?xf32>, tensor<?x?xf8E5M2>, tensor<?x1xf32>, tensor<?x?xi8>, tensor<f32>,
        tensor<?x?xf8E4M3FN>, tensor<?x?xbf16>, tensor<?x?xf16>, tensor<?x?xf32>) {
  %q0, %s0 = norm.quantize %x per_group 4 : tensor<?x?xbf16> -> tensor<?x?xf8E4M3FN>, tensor<?x?xf32>
  %q1, %s1 = norm.quantize %x per_row : tensor<?x?xbf16> -> tensor<?x?xf8E5M2>, tensor<?x1xf32>
  %q2, %s2 = norm.quantize %x per_tensor : tensor<?x?xbf16> -> tensor<?x?xi8>, tensor<f32>
  %q3 = norm.quantize %x static %f : tensor<?x?xbf16>, tensor<f32> -> tensor<?x?xf8E4M3FN>
  %x0 = norm.dequantize %q0, %s0 : tensor<?x?xf8E4M3FN>, tensor<?x?xf32> -> tensor<?x?xbf16>
  %x1 = norm.dequantize %q1, %s1 : tensor<?x?xf8E5M2>, tensor<?x1xf32> -> tensor<?x?xf16>
  %x2 = norm.dequantize %q2, %s2 : tensor<?x?xi8>, tensor<f32> -> tensor<?x?xf32>
  return %q0, %s0, %q1, %s1, %q2, %s2, %q3, %x0, %x1, %x2
    : tensor<?x?xf8E4M3FN>, tensor<?x?xf32>, tensor<?x?xf8E5M2>, tensor<?x1xf32>, tensor<?x?xi8>, tensor<f32>,
      tensor<?x?xf8E4M3FN>, tensor<?x?xbf16>, tensor<?x?xf16>, tensor<?x?xf32>
}

// Rows of zeros, of the smallest numbers, of infinities and NaN, and numbers that
// a given scale of 1 rounds, saturates and makes subnormal.
func.func @special() -> (tensor<4x4xf8E4M3FN>, tensor<4x1xf32>, tensor<4x4xi8>, tensor<4x2xf32>, tensor<4x4xf8E5M2>,
                         tensor<4x4xf8E4M3FN>, tensor<4x4xi8>, tensor<4x4xf32>, tensor<4x4xf16>) {
  %one = arith.constant dense<1.0> : tensor<f32>
  %x = arith.constant dense<[[0.0, -0.0, 0.0, 0.0],
                             [1.4e-45, -1.0e-38, 0.0, 1.2e-38],
                             [1.0, 0x7F800000, 448.5, -464.0],
                             [0xFFC00123, -1.0e30, 0.5, 2.5]]> : tensor<4x4xf32>
  %y = arith.constant dense<[[1.0625, 1.1875, -0.001953125, 0.0009765625],
                             [0.0009765626, 464.0, 479.9, -61440.0],
                             [-128.5, 126.5, 127.5, 0xFF800000],
                             [0x7F800001, 1.5e-5, 0.0146, -0.4999]]> : tensor<4x4xf32>
  %q0, %s0 = norm.quantize %x per_row : tensor<4x4xf32> -> tensor<4x4xf8E4M3FN>, tensor<4x1xf32>
  %q1, %s1 = norm.quantize %x per_group 2 : tensor<4x4xf32> -> tensor<4x4xi8>, tensor<4x2xf32>
  %q2 = norm.quantize %y static %one : tensor<4x4xf32>, tensor<f32> -> tensor<4x4xf8E5M2>
  %q3 = norm.quantize %y static %one : tensor<4x4xf32>, tensor<f32> -> tensor<4x4xf8E4M3FN>
  %q4 = norm.quantize %y static %one : tensor<4x4xf32>, tensor<f32> -> tensor<4x4xi8>
  %x0 = norm.dequantize %q0, %s0 : tensor<4x4xf8E4M3FN>, tensor<4x1xf32> -> tensor<4x4xf32>
  %x1 = norm.dequantize %q1, %s1 : tensor<4x4xi8>, tensor<4x2xf32> -> tensor<4x4xf16>
  return %q0, %s0, %q1, %s1, %q2, %q3, %q4, %x0, %x1
    : tensor<4x4xf8E4M3FN>, tensor<4x1xf32>, tensor<4x4xi8>, tensor<4x2xf32>, tensor<4x4xf8E5M2>,
      tensor<4x4xf8E4M3FN>, tensor<4x4xi8>, tensor<4x4xf32>, tensor<4x4xf16>
}

// Each of the 256 codes as a number, in each type.
func.func @all_codes() -> (tensor<1x256xf32>, tensor<1x256xbf16>, tensor<1x256xf16>) {
  %one = arith.constant dense<1.0> : tensor<f32>
  %e = tensor.empty() : tensor<1x256xi8>
  %codes = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    outs(%e : tensor<1x256xi8>) {
  ^bb0(%o: i8):
    %0 = linalg.index 1 : index
    %1 = arith.index_cast %0 : index to i8
    linalg.yield %1 : i8
  } -> tensor<1x256xi8>
  %f0 = arith.bitcast %codes : tensor<1x256xi8> to tensor<1x256xf8E4M3FN>
  %f1 = arith.bitcast %codes : tensor<1x256xi8> to tensor<1x256xf8E5M2>
  %0 = norm.dequantize %f0, %one : tensor<1x256xf8E4M3FN>, tensor<f32> -> tensor<1x256xf32>
  %1 = norm.dequantize %f1, %one : tensor<1x256xf8E5M2>, tensor<f32> -> tensor<1x256xbf16>
  %2 = norm.dequantize %codes, %one : tensor<1x256xi8>, tensor<f32> -> tensor<1x256xf16>
  return %0, %1, %2 : tensor<1x256xf32>, tensor<1x256xbf16>, tensor<1x256xf16>
}

// The op that norm-fuse makes.
func.func @fused(%x: tensor<9x96xi1>) -> (tensor<9x96xf32>, tensor<9x96xf8E4M3FN>, tensor<9x3xf32>) {
  %one = arith.constant dense<1.0> : tensor<9x96xf32>
  %none = arith.constant dense<-1.0> : tensor<9x96xf32>
  %f = arith.select %x, %one, %none : tensor<9x96xi1>, tensor<9x96xf32>
  %s, %q, %sc = norm.norm_quantize rms %f add %f axis 1 eps 1.0e-06 quantize per_group 32
    : tensor<9x96xf32> add tensor<9x96xf32> -> sum tensor<9x96xf32>, tensor<9x96xf8E4M3FN>, tensor<9x3xf32>
  return %s, %q, %sc : tensor<9x96xf32>, tensor<9x96xf8E4M3FN>, tensor<9x3xf32>
}
