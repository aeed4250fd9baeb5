// What makes the input of a gather writes it to its slot: a rank copies what it
// receives, and nothing of its own.
// RUN: %commuter-run %s --json --entry norm > %t.json
// RUN: %figures versions.0.bytes_received='[96,96,96,96]' versions.0.bytes_copied='[96,96,96,96]' < %t.json
// RUN: %commuter-run %s --json --entry columns > %t.json
// RUN: %figures versions.0.bytes_received='[96,96,96,96]' versions.0.bytes_copied='[96,96,96,96]' < %t.json
// RUN: %commuter-run %s --json --entry quantized > %t.json
// RUN: %figures versions.0.bytes_received='[72,72,72,72]' versions.0.bytes_copied='[72,72,72,72]' < %t.json
// RUN: %commuter-run %s --json --entry product > %t.json
// RUN: %figures versions.0.bytes_received='[192,192,192,192]' versions.0.bytes_copied='[192,192,192,192]' < %t.json

// Reshaped between the two: as many bytes.
// RUN: %commuter-run %s --json --compare --entry expanded > %t.json
// RUN: %figures versions.1.bytes_received='[96,96,96,96]' versions.1.bytes_copied='[96,96,96,96]' agrees=True < %t.json
// RUN: %commuter-run %s --json --compare --entry collapsed > %t.json
// RUN: %figures versions.1.bytes_received='[96,96,96,96]' versions.1.bytes_copied='[96,96,96,96]' agrees=True < %t.json

// Ragged: 2, 0, 3 and 1 rows of 16 bytes, and 8 bytes for the number of each. The
// runtime copies this rank's own number, too.
// RUN: %commuter-run %s --json --compare --entry ragged --extent 0.0=2,0,3,1 > %t.json
// RUN: %figures versions.1.bytes_received='[88,120,72,104]' versions.1.bytes_copied='[96,128,80,112]' \
// RUN:   versions.1.norm_rows='[2,0,3,1]' agrees=True < %t.json

// A part that the program returns as well is memory of its own, and copied.
// RUN: %commuter-run %s --json --entry returned > %t.json
// RUN: %figures versions.0.bytes_received='[96,96,96,96]' versions.0.bytes_copied='[128,128,128,128]' < %t.json

// The whole is changed in place by what a branch hands on, and the part read then:
// as if it were read before.
// RUN: %commuter-run %s --entry read_before_yielded --output-dir %t.before > %t.txt
// RUN: %commuter-run %s --entry read_after_yielded --output-dir %t.after > %t.txt
// RUN: cmp %t.before/result0.npy %t.after/result0.npy
// RUN: cmp %t.before/result1.npy %t.after/result1.npy

// Nobody reads the part any more when the whole is changed in place.
// RUN: %commuter-run %s --json --compare --entry whole_changed > %t.json
// RUN: %figures versions.1.bytes_received='[192,192,192,192]' versions.1.bytes_copied='[192,192,192,192]' agrees=True < %t.json

// Extents that are a constant of the program.
// RUN: %commuter-run %s --json --compare --entry constant_extents --extent 0.0=2,0,3,1 > %t.json
// RUN: %figures versions.1.bytes_received='[64,96,48,80]' versions.1.bytes_copied='[64,96,48,80]' agrees=True < %t.json

dist.mesh @mesh(dp = 4)
#whole = #dist.sharding<@mesh, [{}, {}]>
#rows = #dist.sharding<@mesh, [{dp}, {}]>

func.func @norm(%x: tensor<2x8xbf16> {dist.sharding = #rows}, %r: tensor<2x8xbf16> {dist.sharding = #rows})
    -> (tensor<8x8xbf16>, tensor<2x8xbf16>) {
  %s, %y = norm.add_rms_norm %x, %r eps 1.0e-06 : tensor<2x8xbf16>, tensor<2x8xbf16>
  %g = dist.all_gather %y dim 0 over @mesh[dp] : tensor<2x8xbf16> -> tensor<8x8xbf16>
  return %g, %s : tensor<8x8xbf16>, tensor<2x8xbf16>
}

func.func @columns(%x: tensor<2x8xbf16> {dist.sharding = #rows}) -> tensor<2x32xbf16> {
  %y = norm.rms_norm %x eps 1.0e-06 : tensor<2x8xbf16>
  %g = dist.all_gather %y dim 1 over @mesh[dp] : tensor<2x8xbf16> -> tensor<2x32xbf16>
  return %g : tensor<2x32xbf16>
}

func.func @quantized(%x: tensor<2x8xbf16> {dist.sharding = #rows}) -> (tensor<8x8xi8>, tensor<8x1xf32>) {
  %y = norm.rms_norm %x eps 1.0e-06 : tensor<2x8xbf16>
  %q, %s = norm.quantize %y per_row : tensor<2x8xbf16> -> tensor<2x8xi8>, tensor<2x1xf32>
  %g = dist.all_gather %q dim 0 over @mesh[dp] : tensor<2x8xi8> -> tensor<8x8xi8>
  %h = dist.all_gather %s dim 0 over @mesh[dp] : tensor<2x1xf32> -> tensor<8x1xf32>
  return %g, %h : tensor<8x8xi8>, tensor<8x1xf32>
}

func.func @product(%x: tensor<2x4xf32> {dist.sharding = #rows}, %w: tensor<4x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x8xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8xf32>) -> tensor<2x8xf32>
  %y = linalg.matmul ins(%x, %w : tensor<2x4xf32>, tensor<4x8xf32>) outs(%z : tensor<2x8xf32>) -> tensor<2x8xf32>
  %g = dist.all_gather %y dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<8x8xf32>
  return %g : tensor<8x8xf32>
}

func.func @ragged(%x: tensor<?x8xbf16> {dist.sharding = #rows}) -> tensor<?x8xbf16> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x8xbf16> -> tensor<?x8xbf16>
  %y = norm.rms_norm %g eps 1.0e-06 : tensor<?x8xbf16>
  return %y : tensor<?x8xbf16>
}

func.func @expanded(%x: tensor<2x8xbf16> {dist.sharding = #rows}) -> tensor<4x2x8xbf16> {
  %y = norm.rms_norm %x eps 1.0e-06 : tensor<2x8xbf16>
  %e = tensor.expand_shape %y [[0, 1], [2]] output_shape [1, 2, 8] : tensor<2x8xbf16> into tensor<1x2x8xbf16>
  %g = dist.all_gather %e dim 0 over @mesh[dp] : tensor<1x2x8xbf16> -> tensor<4x2x8xbf16>
  return %g : tensor<4x2x8xbf16>
}

func.func @collapsed(%x: tensor<2x8xbf16> {dist.sharding = #rows}) -> tensor<64xbf16> {
  %y = norm.rms_norm %x eps 1.0e-06 : tensor<2x8xbf16>
  %e = tensor.collapse_shape %y [[0, 1]] : tensor<2x8xbf16> into tensor<16xbf16>
  %g = dist.all_gather %e dim 0 over @mesh[dp] : tensor<16xbf16> -> tensor<64xbf16>
  return %g : tensor<64xbf16>
}

func.func @returned(%x: tensor<2x8xbf16> {dist.sharding = #rows}) -> (tensor<8x8xbf16>, tensor<2x8xbf16>) {
  %y = norm.rms_norm %x eps 1.0e-06 : tensor<2x8xbf16>
  %g = dist.all_gather %y dim 0 over @mesh[dp] : tensor<2x8xbf16> -> tensor<8x8xbf16>
  return %g, %y : tensor<8x8xbf16>, tensor<2x8xbf16>
}

func.func @read_before_yielded(%x: tensor<2x8xf32> {dist.sharding = #rows}, %o: tensor<8x8xf32> {dist.sharding = #whole})
    -> (tensor<8x8xf32>, tensor<2x8xf32>) {
  %c0 = arith.constant 0 : index
  %low = arith.constant -1.0e+30 : f32
  %seven = arith.constant 7.0 : f32
  %first = tensor.extract %o[%c0, %c0] : tensor<8x8xf32>
  %c = arith.cmpf ogt, %first, %low : f32
  %y = norm.rms_norm %x eps 1.0e-06 : tensor<2x8xf32>
  %g = dist.all_gather %y dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<8x8xf32>
  %e0 = tensor.empty() : tensor<2x8xf32>
  %k = linalg.square ins(%y : tensor<2x8xf32>) outs(%e0 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %r = scf.if %c -> tensor<8x8xf32> {
    scf.yield %g : tensor<8x8xf32>
  } else {
    %e = norm.rms_norm %o eps 1.0e-03 : tensor<8x8xf32>
    scf.yield %e : tensor<8x8xf32>
  }
  %w = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%r : tensor<8x8xf32>) {
  ^bb0(%a: f32):
    %s = arith.addf %a, %seven : f32
    linalg.yield %s : f32
  } -> tensor<8x8xf32>
  return %w, %k : tensor<8x8xf32>, tensor<2x8xf32>
}

func.func @read_after_yielded(%x: tensor<2x8xf32> {dist.sharding = #rows}, %o: tensor<8x8xf32> {dist.sharding = #whole})
    -> (tensor<8x8xf32>, tensor<2x8xf32>) {
  %c0 = arith.constant 0 : index
  %low = arith.constant -1.0e+30 : f32
  %seven = arith.constant 7.0 : f32
  %first = tensor.extract %o[%c0, %c0] : tensor<8x8xf32>
  %c = arith.cmpf ogt, %first, %low : f32
  %y = norm.rms_norm %x eps 1.0e-06 : tensor<2x8xf32>
  %g = dist.all_gather %y dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<8x8xf32>
  %r = scf.if %c -> tensor<8x8xf32> {
    scf.yield %g : tensor<8x8xf32>
  } else {
    %e = norm.rms_norm %o eps 1.0e-03 : tensor<8x8xf32>
    scf.yield %e : tensor<8x8xf32>
  }
  %w = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%r : tensor<8x8xf32>) {
  ^bb0(%a: f32):
    %s = arith.addf %a, %seven : f32
    linalg.yield %s : f32
  } -> tensor<8x8xf32>
  %e0 = tensor.empty() : tensor<2x8xf32>
  %k = linalg.square ins(%y : tensor<2x8xf32>) outs(%e0 : tensor<2x8xf32>) -> tensor<2x8xf32>
  return %w, %k : tensor<8x8xf32>, tensor<2x8xf32>
}

func.func @whole_changed(%x: tensor<2x8xf32> {dist.sharding = #rows}, %o: tensor<8x8xf32> {dist.sharding = #whole}) -> tensor<8x8xf32> {
  %y = norm.rms_norm %x eps 1.0e-06 : tensor<2x8xf32>
  %g = dist.all_gather %y dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<8x8xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%o : tensor<8x8xf32>) outs(%g : tensor<8x8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<8x8xf32>
  return %w : tensor<8x8xf32>
}

func.func @constant_extents(%x: tensor<?x8xbf16> {dist.sharding = #rows}) -> tensor<?x8xbf16> {
  %c = arith.constant dense<[2, 0, 3, 1]> : tensor<4xindex>
  %y = norm.rms_norm %x eps 1.0e-06 : tensor<?x8xbf16>
  %g = dist.all_gather %y dim 0 extents %c over @mesh[dp] : tensor<?x8xbf16>, tensor<4xindex> -> tensor<?x8xbf16>
  return %g : tensor<?x8xbf16>
}
