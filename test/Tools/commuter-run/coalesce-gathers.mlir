// Gathers that follow each other are one collective.
// RUN: %commuter-run %s --json --entry quantized --compare > %t.json
// RUN: %figures versions.0.collectives='[1,1,1,1]' versions.1.collectives='[1,1,1,1]' \
// RUN:   versions.0.bytes_received='[96,96,96,96]' versions.1.bytes_received='[72,72,72,72]' \
// RUN:   versions.1.bytes_copied='[72,72,72,72]' agrees=True < %t.json
// RUN: %if cuda-emulation %{ %commuter-run %s --json --entry quantized --compare --device cuda-emulated > %t.json %}
// RUN: %figures versions.1.collectives='[1,1,1,1]' agrees=True < %t.json

// Ragged: 2, 0, 3 and 1 rows; the extents are exchanged first. Rows and scales are
// made in their slots; the runtime copies this rank's own number, too.
// RUN: %commuter-run %s --json --entry ragged --compare --extent 0.0=2,0,3,1 > %t.json
// RUN: %figures versions.0.collectives='[2,2,2,2]' versions.1.collectives='[2,2,2,2]' \
// RUN:   versions.1.norm_rows='[2,0,3,1]' versions.1.bytes_copied='[96,128,80,112]' agrees=True < %t.json

// Two norms of the same rows.
// RUN: %commuter-run %s --json --entry two_norms --compare > %t.json
// RUN: %figures versions.1.collectives='[1,1,1,1]' versions.1.norm_rows='[4,4,4,4]' agrees=True < %t.json

// In each round of a loop.
// RUN: %commuter-run %s --json --entry loop --compare > %t.json
// RUN: %figures versions.0.collectives='[3,3,3,3]' versions.1.collectives='[3,3,3,3]' agrees=True < %t.json

dist.mesh @mesh(dp = 4)
#rows = #dist.sharding<@mesh, [{dp}, {}]>

func.func @quantized(%x: tensor<2x8xbf16> {dist.sharding = #rows}) -> (tensor<8x8xi8>, tensor<8x1xf32>) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<2x8xbf16> -> tensor<8x8xbf16>
  %y = norm.rms_norm %g eps 1.0e-06 : tensor<8x8xbf16>
  %q, %s = norm.quantize %y per_row : tensor<8x8xbf16> -> tensor<8x8xi8>, tensor<8x1xf32>
  return %q, %s : tensor<8x8xi8>, tensor<8x1xf32>
}

func.func @ragged(%x: tensor<?x8xbf16> {dist.sharding = #rows}) -> (tensor<?x8xf8E4M3FN>, tensor<?x2xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xbf16>
  %c = dist.exchange_extents %n over @mesh[dp] : tensor<4xindex>
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x8xbf16>, tensor<4xindex> -> tensor<?x8xbf16>
  %y = norm.layer_norm %g eps 1.0e-05 : tensor<?x8xbf16>
  %q, %s = norm.quantize %y per_group 4 : tensor<?x8xbf16> -> tensor<?x8xf8E4M3FN>, tensor<?x2xf32>
  return %q, %s : tensor<?x8xf8E4M3FN>, tensor<?x2xf32>
}

func.func @two_norms(%x: tensor<2x8xf32> {dist.sharding = #rows}) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<8x8xf32>
  %y = norm.rms_norm %g eps 1.0e-06 : tensor<8x8xf32>
  %q, %s = norm.quantize %y per_row : tensor<8x8xf32> -> tensor<8x8xi8>, tensor<8x1xf32>
  %z = norm.layer_norm %g eps 1.0e-05 : tensor<8x8xf32>
  %p, %t = norm.quantize %z per_row : tensor<8x8xf32> -> tensor<8x8xi8>, tensor<8x1xf32>
  %a = norm.dequantize %q, %s : tensor<8x8xi8>, tensor<8x1xf32> -> tensor<8x8xf32>
  %b = norm.dequantize %p, %t : tensor<8x8xi8>, tensor<8x1xf32> -> tensor<8x8xf32>
  return %a, %b : tensor<8x8xf32>, tensor<8x8xf32>
}

func.func @loop(%x: tensor<2x8xf32> {dist.sharding = #rows}) -> tensor<8x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant dense<0.0> : tensor<8x8xf32>
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%sum = %zero) -> tensor<8x8xf32> {
    %own = dist.all_slice %sum dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<2x8xf32>
    %h = arith.addf %x, %own : tensor<2x8xf32>
    %y = norm.rms_norm %h eps 1.0e-06 : tensor<2x8xf32>
    %p, %t = norm.quantize %y per_row : tensor<2x8xf32> -> tensor<2x8xi8>, tensor<2x1xf32>
    %q = dist.all_gather %p dim 0 over @mesh[dp] : tensor<2x8xi8> -> tensor<8x8xi8>
    %s = dist.all_gather %t dim 0 over @mesh[dp] : tensor<2x1xf32> -> tensor<8x1xf32>
    %d = norm.dequantize %q, %s : tensor<8x8xi8>, tensor<8x1xf32> -> tensor<8x8xf32>
    scf.yield %d : tensor<8x8xf32>
  }
  return %r : tensor<8x8xf32>
}
