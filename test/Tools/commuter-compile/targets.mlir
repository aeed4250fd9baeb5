// The processor and the machine to compile for, as llc has them.

// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-compile %s -o %t/old.o --target-cpu x86-64 --target-triple x86_64-linux-gnu
// RUN: llvm-objdump -d %t/old.o | FileCheck %s --check-prefix=OLD --implicit-check-not=ymm --implicit-check-not=zmm
// RUN: grep 'Target: x86_64-unknown-linux-gnu x86-64$' %t/old.h
// RUN: %commuter-compile %s -o %t/new.o --target-cpu x86-64 --mattr +avx --target-triple x86_64-linux-gnu
// RUN: llvm-objdump -d %t/new.o | FileCheck %s --check-prefix=NEW
// RUN: %commuter-compile %s -o %t/arm.o --target-triple aarch64-linux-gnu
// RUN: llvm-readelf --file-header %t/arm.o | FileCheck %s --check-prefix=ARM
// OLD: addps
// NEW: vaddps {{.*}}%ymm
// ARM: Type: REL
// ARM: Machine: AArch64

func.func @main(%x: tensor<1024xf32>) -> tensor<1024xf32> {
  %y = arith.addf %x, %x : tensor<1024xf32>
  return %y : tensor<1024xf32>
}
