// What upstream's pass makes, to the letter.
// RUN: %commuter-opt %s --allow-unregistered-dialect --commuter-scf-to-cf -o %t.branches
// RUN: %commuter-opt %s --allow-unregistered-dialect --convert-scf-to-cf -o %t.upstream
// RUN: diff %t.upstream %t.branches
// RUN: FileCheck %s --input-file=%t.branches

// CHECK-NOT: scf.

// The last loop first, and each from the ops behind it.
// CHECK-LABEL: func @one_after_the_other(
// CHECK: cf.br ^[[FIRST:.*]](
// CHECK: ^[[FIRST]](
// CHECK: cf.cond_br %{{.*}}, ^[[BODY:.*]], ^[[NEXT:.*]]
// CHECK: ^[[BODY]]:
// CHECK: "test.first"
// CHECK: cf.br ^[[FIRST]](
// CHECK: ^[[NEXT]]:
// CHECK-NEXT: "test.between"
// CHECK-NEXT: cf.br ^[[SECOND:.*]](
// CHECK: ^[[SECOND]](
// CHECK: "test.second"
// CHECK: "test.behind"
// CHECK-NEXT: return
func.func @one_after_the_other(%l: index, %u: index, %s: index) {
  scf.for %i = %l to %u step %s {
    "test.first"(%i) : (index) -> ()
  }
  "test.between"() : () -> ()
  scf.for %i = %l to %u step %s {
    "test.second"(%i) : (index) -> ()
  }
  "test.behind"() : () -> ()
  return
}

func.func @results(%l: index, %u: index, %s: index, %x: f32, %c: i1) -> (f32, f32) {
  %r = scf.for %i = %l to %u step %s iter_args(%a = %x) -> f32 {
    %b = scf.if %c -> f32 {
      %d = arith.addf %a, %a : f32
      scf.yield %d : f32
    } else {
      scf.yield %a : f32
    }
    scf.yield %b : f32
  }
  %q = scf.index_switch %l -> f32
  case 1 {
    %d = arith.addf %r, %x : f32
    scf.yield %d : f32
  }
  default { scf.yield %r : f32 }
  return %r, %q : f32, f32
}

func.func @while(%n: index, %m: memref<?xindex>) -> index {
  %c1 = arith.constant 1 : index
  %r = scf.while (%a = %n) : (index) -> index {
    %more = arith.cmpi sgt, %a, %c1 : index
    scf.condition(%more) %a : index
  } do {
  ^bb0(%a: index):
    scf.for %i = %c1 to %a step %c1 {
      memref.store %i, %m[%i] : memref<?xindex>
    }
    %b = arith.subi %a, %c1 : index
    scf.yield %b : index
  }
  %q = scf.while (%a = %r) : (index) -> index {
    %b = arith.addi %a, %c1 : index
    %more = arith.cmpi slt, %b, %n : index
    scf.condition(%more) %b : index
  } do {
  ^bb0(%a: index):
    scf.yield %a : index
  }
  return %q : index
}

// Loops that become loops first, with others in them.
func.func @parallel(%l: index, %u: index, %s: index, %x: f32, %m: memref<?x?xf32>) -> f32 {
  %r = scf.parallel (%i, %j) = (%l, %l) to (%u, %u) step (%s, %s) init (%x) -> f32 {
    scf.parallel (%k) = (%l) to (%u) step (%s) {
      memref.store %x, %m[%i, %k] : memref<?x?xf32>
      scf.for %h = %l to %u step %s {
        memref.store %x, %m[%k, %h] : memref<?x?xf32>
      }
    }
    %v = memref.load %m[%i, %j] : memref<?x?xf32>
    scf.reduce(%v : f32) {
    ^bb0(%a: f32, %b: f32):
      %sum = arith.addf %a, %b : f32
      scf.reduce.return %sum : f32
    }
  }
  scf.forall (%i) in (%u) {
    scf.for %j = %l to %u step %s {
      memref.store %r, %m[%i, %j] : memref<?x?xf32>
    }
  }
  return %r : f32
}

func.func @region(%c: i1, %x: index) -> index {
  %r = scf.execute_region -> index {
    cf.cond_br %c, ^bb1, ^bb2
  ^bb1:
    %y = scf.if %c -> index {
      scf.yield %x : index
    } else {
      %z = arith.addi %x, %x : index
      scf.yield %z : index
    }
    scf.yield %y : index
  ^bb2:
    scf.yield %x : index
  }
  return %r : index
}
