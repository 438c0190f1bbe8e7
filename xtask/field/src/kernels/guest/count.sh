# Instead of the checks: instructions of a call, alone and beside the monitor in every mode.
mount -t tracefs tracefs /sys/kernel/tracing
results=/tmp/out/count.txt
one() {
  name=$1
  shift
  echo "$name $("$@")" >> $results
  tail -1 $results
}
# watch OPTION... : the monitor in the background, until `rest`.
watch() {
  # What the last one said is no sign of this one.
  : > /tmp/count.log
  monitor record --output /tmp/count.rec "$@" --for 10000s > /tmp/count.log 2>&1 &
  watcher=$!
  while ! grep -q 'watching ' /tmp/count.log; do
    kill -0 $watcher 2>/dev/null || { cat /tmp/count.log; return; }
    sleep 0.2
  done
  sleep 0.5
}
rest() {
  kill -TERM $watcher
  wait $watcher
}
# watched NAME COMMAND OPTION... : COMMAND is counted while it is watched itself; PID stands for it.
watched() {
  name=$1
  command=$2
  shift 2
  rm -f /tmp/go
  eval "$command > /tmp/one.txt &"
  counted=$!
  sleep 0.3
  watch $(echo "$*" | sed "s/PID/$counted/")
  touch /tmp/go
  wait $counted
  one "$name" cat /tmp/one.txt
  rest
}
one alone count
one empty count raw:sys_enter
one empty-both count raw:sys_enter raw:sys_exit
one empty-perf count perf:raw_syscalls/sys_enter
sleep 100000 &
sleeper=$!
mkdir -p /sys/fs/cgroup/other /sys/fs/cgroup/mine
for way in raw perf; do
  for details in off full; do
    kind=$way-$details
    how="--attach $way --details $details"
    watched watched-pid-$kind 'exec count -w /tmp/go' $how --pid PID
    watched watched-cgroup-$kind 'sh -c "echo \$\$ > /sys/fs/cgroup/mine/cgroup.procs; exec count -w /tmp/go"' \
      $how --cgroup /sys/fs/cgroup/mine
    watched watched-uid-$kind 'exec task as 1000 none 64 count -w /tmp/go' $how --uid 1000
    watched watched-comm-$kind 'exec count -w /tmp/go' $how --comm count
    watched watched-all-$kind 'exec count -w /tmp/go' $how --all
    watch $how --pid $sleeper; one other-pid-$kind count; rest
    watch $how --cgroup /sys/fs/cgroup/other; one other-cgroup-$kind count; rest
    watch $how --uid 1000; one other-uid-$kind count; rest
    watch $how --comm nobody; one other-comm-$kind count; rest
  done
done
kill $sleeper
umount /sys/kernel/tracing
