#!/usr/bin/env bash
# hosts.sh TRANSPORT COMMUTER_RUN PROGRAM WORK: two hosts on this machine, which are
# network namespaces with an address each and a link between them, and two ranks
# on each host. Runs PROGRAM there, over mpi or tcp, compares its results with those
# of threads, then cuts the link under it and counts the ranks that tell of it.
# Needs root.
set -euo pipefail
transport=$1 tool=$2 program=$3 work=$4
rm -rf "$work"
mkdir -p "$work"
id=cm$$ # names of links are short

cleanup() {
  for host in 1 2; do
    ip netns pids "$id-$host" 2>/dev/null | xargs -r kill -9 || true
    ip netns del "$id-$host" 2>/dev/null || true
  done
}
trap cleanup EXIT
ip netns add "$id-1"
ip netns add "$id-2"
ip link add "$id-a1" netns "$id-1" type veth peer name "$id-a2" netns "$id-2"
for host in 1 2; do
  ip -n "$id-$host" addr add "10.9.0.$host/24" dev "$id-a$host"
  ip -n "$id-$host" link set "$id-a$host" up
  ip -n "$id-$host" link set lo up
done

# How mpirun reaches a host, given its address; each has its own name.
cat >"$work/agent" <<AGENT
#!/usr/bin/env bash
host=\${1##*.}
shift
exec ip netns exec $id-\$host unshare --uts bash -c "hostname $id-\$host; \$*"
AGENT
# What a host says must be known where it is: nothing else passes a cut link.
cat >"$work/rank" <<RANK
#!/usr/bin/env bash
exec "\$@" 2>$work/error.\${OMPI_COMM_WORLD_RANK:-\$COMMUTER_RANK}
RANK
chmod +x "$work/agent" "$work/rank"

run_mpi() {
  "$work/agent" 10.9.0.1 exec timeout -k 5 60 mpirun -n 4 \
    --host 10.9.0.1:2,10.9.0.2:2 --mca plm_rsh_agent "$work/agent" \
    --mca btl self,vader,tcp --mca btl_vader_single_copy_mechanism none \
    --mca btl_tcp_if_include 10.9.0.0/24 --mca oob_tcp_if_include 10.9.0.0/24 \
    -x COMMUTER_TIMEOUT_MS "$work/rank" "$tool" "$program" --transport mpi "$@"
}
run_tcp() {
  export COMMUTER_WORLD_SIZE=4 COMMUTER_RENDEZVOUS=10.9.0.1:29400
  local pids=() rank
  for rank in 0 1 2 3; do
    COMMUTER_RANK=$rank "$work/agent" 10.9.0.$((1 + rank / 2)) exec \
      timeout -k 5 60 "$work/rank" "$tool" "$program" --transport tcp "$@" &
    pids+=($!)
  done
  for rank in 0 1 2 3; do
    wait "${pids[rank]}" || return
  done
}
export COMMUTER_TIMEOUT_MS=60000
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

"run_$transport" --output-dir "$work/hosts" >"$work/table"
"$tool" "$program" --output-dir "$work/threads" >"$work/table"
diff -r "$work/threads" "$work/hosts"
echo "two hosts: the results of threads"

export COMMUTER_TIMEOUT_MS=2000
"run_$transport" --iterations 1000000 >"$work/table" 2>&1 &
sleep 5
start=$(date +%s%N)
ip -n "$id-1" link set "$id-a1" down
spoke=0 ms=0
while [ "$spoke" -lt 4 ] && [ "$ms" -lt 8000 ]; do
  sleep 0.1
  spoke=$(grep -lE 'error: rank [0-3]: .* timed out after 2000 ms.*: rank .*rank .*rank .*rank' \
    "$work"/error.* | wc -l || true)
  ms=$((($(date +%s%N) - start) / 1000000))
done
echo "a cut link: $spoke of 4 ranks spoke within $ms ms"
