# Configuration of the lit suite. COMMUTER_VERIFY_ROUNDTRIP=1 re-runs it with
# every module printed and parsed again, as text and as bytecode.

import os
import shutil
import subprocess
import sys

import lit.formats
import lit.util
from lit.llvm import llvm_config

config.name = "COMMUTER"
config.test_format = lit.formats.ShTest(not llvm_config.use_lit_shell)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.dirname(__file__)
config.excludes = ["Inputs"]
config.test_exec_root = os.path.join(config.commuter_obj_root, "test")

llvm_config.with_system_environment(["HOME", "TMP", "TEMP"])
config.environment["FILECHECK_OPTS"] = (
    "-enable-var-scope --allow-unused-prefixes=false"
)

opt = os.path.join(config.commuter_tools_dir, "commuter-opt")
if os.environ.get("COMMUTER_VERIFY_ROUNDTRIP"):
    opt += " --verify-roundtrip"
config.substitutions += [
    ("%commuter-opt", opt),
    ("%commuter-compile", os.path.join(config.commuter_tools_dir, "commuter-compile")),
    ("%commuter-run", os.path.join(config.commuter_tools_dir, "commuter-run")),
    ("%commuter-lsp-server", os.path.join(config.commuter_tools_dir, "commuter-lsp-server")),
    ("%commuter-reduce", os.path.join(config.commuter_tools_dir, "commuter-reduce")),
    ("%commuter-plugin", config.commuter_plugin),
    ("%commuter-test-plugin", config.commuter_test_plugin),
    ("%build", config.commuter_obj_root),
    ("%cmake", config.cmake),
    ("%runtime-include", os.path.join(config.commuter_source_dir, "runtime/include")),
    ("%runtime-folder", os.path.dirname(config.commuter_runtime)),
    ("%runtime-library", config.commuter_runtime),
    ("%mpirun", os.path.join(config.commuter_source_dir, "runtime/cts/mpirun.sh")),
    ("%tcprun", os.path.join(config.commuter_source_dir, "runtime/cts/tcprun.sh")),
    ("%commuter-loop", os.path.join(config.commuter_tools_dir, "commuter-loop")),
    ("%nccl-double", os.path.join(os.path.dirname(config.commuter_runtime), "libCommuterNcclDouble.so")),
    ("%mlir-opt", os.path.join(config.llvm_tools_dir, "mlir-opt")),
    ("%python", sys.executable),
]
if config.commuter_sanitize:
    config.available_features.add("sanitizer")
    # MLIR's library, which has none of it, allocates in slabs that our code poisons.
    config.environment["ASAN_OPTIONS"] = "allow_user_poisoning=0"
    config.environment["TSAN_OPTIONS"] = "suppressions=" + os.path.join(
        config.test_source_root, "tsan-suppressions.txt"
    )
# Under the sanitizers the conformance suite covers MPI; programs would answer for
# what MPI leaks.
elif config.commuter_mpi == "ON" and lit.util.which("mpirun"):
    config.available_features.add("mpi")
if os.path.exists(os.path.join(os.path.dirname(config.commuter_runtime), "libCommuterNcclDouble.so")):
    config.available_features.add("nccl-double")
if config.commuter_cuda_emulation == "ON":
    config.available_features.add("cuda-emulation")
# To assemble PTX takes the toolkit, and no GPU; so does libdevice.
toolkit = os.environ.get("CUDA_HOME") or "/usr/local/cuda"
ptxas = os.path.join(toolkit, "bin/ptxas")
libdevice = os.path.join(toolkit, "nvvm/libdevice/libdevice.10.bc")
if os.path.exists(ptxas) and os.path.exists(libdevice):
    config.available_features.add("cuda-toolkit")
    config.substitutions.append(("%ptxas", ptxas))
# Whether hosts can be made of network namespaces: as root, with iproute2.
link = "unshare -n ip link add v0 type veth peer name v1".split()
if lit.util.which("ip") and not subprocess.run(link, capture_output=True).returncode:
    config.available_features.add("netns")
if shutil.which("valgrind"):
    config.available_features.add("valgrind")
if config.commuter_build_type in ("RelWithDebInfo", "Release"):
    config.available_features.add("optimized")
if config.commuter_build_type == "RelWithDebInfo":
    config.available_features.add("default-build-type")
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
