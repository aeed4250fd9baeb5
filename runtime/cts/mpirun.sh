#!/usr/bin/env bash
# mpirun.sh N COMMAND...: N processes of COMMAND, as tests need them: on one
# machine, as any user, on fewer cores than processes, in containers too, and
# ended after $COMMUTER_MPIRUN_SECONDS (300). MPIRUN names another mpirun, and
# MPIRUN_FLAGS gives flags such as --enable-recovery.
set -euo pipefail
processes=$1
shift
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# vader's single copy needs ptrace, which containers refuse.
exec timeout --kill-after=5 "${COMMUTER_MPIRUN_SECONDS:-300}" \
  "${MPIRUN:-mpirun}" -n "$processes" --oversubscribe --mca btl self,vader,tcp \
  --mca btl_vader_single_copy_mechanism none ${MPIRUN_FLAGS:-} "$@"
