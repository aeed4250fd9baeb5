#!/usr/bin/env bash
# tcprun.sh N COMMAND...: N processes of COMMAND on this machine, as the transport
# tcp wants them started, ended after $COMMUTER_TCPRUN_SECONDS (300). Exits with
# the status of the first, by rank, that failed.
set -euo pipefail
processes=$1
shift

# Below the ports that systems give to clients; by process, so that jobs beside
# each other try different ones.
port=$((10000 + $$ % 20000))
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  port=$((port + 1))
done
export COMMUTER_RENDEZVOUS=127.0.0.1:$port COMMUTER_JOB_ID=$$
export COMMUTER_WORLD_SIZE=$processes

pids=()
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
for ((rank = 0; rank < processes; ++rank)); do
  COMMUTER_RANK=$rank timeout --kill-after=5 "${COMMUTER_TCPRUN_SECONDS:-300}" \
    "$@" &
  pids+=($!)
done
status=0
for pid in "${pids[@]}"; do
  wait "$pid" || { code=$?; [ "$status" -ne 0 ] || status=$code; }
done
exit "$status"
