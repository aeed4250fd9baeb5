// What dist.assert_sharding and called functions promise is checked on demand only.

// RUN: %commuter-run %s --entry=kept --check-assertions | FileCheck %s --check-prefix=KEPT
// RUN: %commuter-run %s --entry=broken | FileCheck %s --check-prefix=UNCHECKED
// RUN: %fails %commuter-run %s --entry=broken --check-assertions > %t.err
// RUN: FileCheck %s --check-prefix=BROKEN --input-file=%t.err
// RUN: %commuter-run %s --entry=calls | FileCheck %s --check-prefix=CALLS
// RUN: %fails %commuter-run %s --entry=calls --check-assertions > %t.err
// RUN: FileCheck %s --check-prefix=BROKEN --input-file=%t.err
// RUN: %commuter-run %s --entry=destination --check-assertions | FileCheck %s --check-prefix=DESTINATION
// RUN: %commuter-run %s --entry=passes | FileCheck %s --check-prefix=PASSES
// RUN: %fails %commuter-run %s --entry=passes --check-assertions > %t.err
// RUN: FileCheck %s --check-prefix=BROKEN --input-file=%t.err
// RUN: %fails %commuter-run %s --entry=different_shapes --check-assertions > %t.err
// RUN: FileCheck %s --check-prefix=TYPES --input-file=%t.err
// RUN: %fails %commuter-run %s --entry=annotated > %t.err
// RUN: FileCheck %s --check-prefix=ANNOTATED --input-file=%t.err

// KEPT: @kept on 4 ranks
// UNCHECKED: @broken on 4 ranks
// CALLS: @calls on 4 ranks
// DESTINATION: @destination on 4 ranks
// PASSES: @passes on 4 ranks
// BROKEN: {{^}}commuter-run: error: rank {{[0-3]}}: {{.*}}check-assertions.mlir:{{[0-9]+}}:{{8|10}}: f32[2] is not replicated over mesh[tp]: rank {{[13]}} differs from rank {{[02]}} at element 1{{$}}

// A promise is broken also by ranks that hold different shapes.
// TYPES: commuter-run: error: rank {{[0-3]}}: check_replicated #2 over mesh[tp]: what should be replicated has different types: rank {{[0-3]}}: #2 check_replicated f32[{{[12]}}] at {{.*}}check-assertions.mlir:

// A result's annotation is checked always.
// ANNOTATED: {{^}}commuter-run: error: result 1 contradicts its dist.sharding: ranks 0 and 1 should hold the same bits{{$}}

dist.mesh @mesh(dp = 2, tp = 2)

// 0, and the rank's index along tp.
func.func private @indices() -> tensor<2xf32> {
  %i = dist.axis_index @mesh[tp] : index
  %i32 = arith.index_cast %i : index to i32
  %f = arith.sitofp %i32 : i32 to f32
  %zero = arith.constant 0.0 : f32
  %t = tensor.from_elements %zero, %f : tensor<2xf32>
  return %t : tensor<2xf32>
}

func.func @kept(%x: tensor<2xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}]>}) -> tensor<2xf32> {
  %y = dist.assert_sharding %x <@mesh, [{dp}]> : tensor<2xf32>
  return %y : tensor<2xf32>
}

func.func @broken() -> tensor<2xf32> {
  %x = func.call @indices() : () -> tensor<2xf32>
  %y = dist.assert_sharding %x <@mesh, [{dp}]> : tensor<2xf32>
  return %y : tensor<2xf32>
}

// Of the others' results and arguments the entry's callees say what is not so.
func.func private @promises() -> (tensor<2xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}]>}) {
  %x = func.call @indices() : () -> tensor<2xf32>
  return %x : tensor<2xf32>
}
func.func @calls() -> tensor<2xf32> {
  %x = func.call @promises() : () -> tensor<2xf32>
  return %x : tensor<2xf32>
}
func.func private @expects(%x: tensor<2xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}]>}) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
func.func @passes() -> tensor<2xf32> {
  %x = func.call @indices() : () -> tensor<2xf32>
  %y = func.call @expects(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// What is undefined is not the same, nor is there need.
func.func private @fills(%out: tensor<2xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<2xf32> attributes {no_inline} {
  %one = arith.constant 1.0 : f32
  %x = linalg.fill ins(%one : f32) outs(%out : tensor<2xf32>) -> tensor<2xf32>
  return %x : tensor<2xf32>
}
func.func @destination() -> tensor<2xf32> {
  %e = tensor.empty() : tensor<2xf32>
  %x = func.call @fills(%e) : (tensor<2xf32>) -> tensor<2xf32>
  return %x : tensor<2xf32>
}

func.func @annotated() -> (tensor<2xf32> {dist.sharding = #dist.sharding<@mesh, [{tp}]>},
                           tensor<2xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}]>}) {
  %x = func.call @indices() : () -> tensor<2xf32>
  return %x, %x : tensor<2xf32>, tensor<2xf32>
}

func.func @different_shapes(%x: tensor<2xf32>) -> tensor<?xf32> {
  %c1 = arith.constant 1 : index
  %i = dist.axis_index @mesh[tp] : index
  %n = arith.addi %i, %c1 : index
  %part = tensor.extract_slice %x[0] [%n] [1] : tensor<2xf32> to tensor<?xf32>
  %y = dist.assert_sharding %part <@mesh, [{dp}]> : tensor<?xf32>
  return %y : tensor<?xf32>
}
