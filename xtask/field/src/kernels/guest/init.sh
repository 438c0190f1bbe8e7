#!/bin/busybox sh
# Process 1 of the emulated machine. It judges nothing: it records what known programs do, and hands all of it out
# on the console as a packed archive.
/bin/busybox mkdir -p /proc /sys /dev /tmp /run /etc /var/lib
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp LD_LIBRARY_PATH=/lib ORT_DISABLE_TELEMETRY=1
export ORT_DYLIB_PATH=/lib/libonnxruntime.so.1 MONITOR_ALARM_LOG=/tmp/alarms.jsonl
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
exec </dev/null
echo 1 > /proc/sys/kernel/printk
printf 'root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000:user:/:/bin/sh\n' > /etc/passwd
printf 'root:x:0:\nuser:x:1000:\n' > /etc/group
mkdir /tmp/out
cd /tmp || exit

uname -r > /tmp/out/release
cat /proc/version > /tmp/out/version
task programs > /tmp/out/programs.before

# seen NAME OPTION... : records what the options start; its words and its status are kept.
seen() {
  name=$1
  shift
  echo "check $name"
  timeout 600 monitor record --output "/tmp/out/$name.rec" "$@" > "/tmp/out/$name.txt" 2>&1
  echo $? > "/tmp/out/$name.status"
}

# during NAME WORK OPTION... : the same for what is watched while the shell text WORK runs.
during() {
  name=$1
  work=$2
  shift 2
  echo "check $name"
  monitor record --output "/tmp/out/$name.rec" "$@" --for 900s > "/tmp/out/$name.txt" 2>&1 &
  watcher=$!
  waited=0
  while ! grep -q 'watching ' "/tmp/out/$name.txt" && [ $waited -lt 3000 ]; do
    kill -0 $watcher 2>/dev/null || break
    sleep 0.1
    waited=$((waited + 1))
  done
  eval "$work"
  kill -TERM $watcher
  wait $watcher
  echo $? > "/tmp/out/$name.status"
}

hand_out() {
  # The kernel lets go of a program only after RCU's grace periods and from a work queue
  # (kernel/bpf/syscall.c, bpf_link_free and bpf_map_put): on a busy host some seconds.
  waited=0
  while task programs > /tmp/out/programs.after
    ! cmp -s /tmp/out/programs.before /tmp/out/programs.after && [ $waited -lt 300 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  echo 'archive begins'
  tar -c -C /tmp/out . | gzip | xxd -p
  echo 'archive ends'
  poweroff -f
}

# Whatever keeps the probe out of this kernel is shown whole.
seen plain -- task calls 1000
if [ "$(cat /tmp/out/plain.status)" != 0 ]; then
  cat /tmp/out/plain.txt
  timeout 600 monitor --log-level debug record --output /tmp/x.rec -- task calls 1 > /tmp/out/refusal.txt 2>&1
  hand_out
fi
mkdir -p /sys/fs/cgroup/a/b
in_cgroup='sh -c "echo \$\$ > /sys/fs/cgroup/a/b/cgroup.procs; exec task calls 1000"'

if [ -f /instead.sh ]; then
  . /instead.sh
  hand_out
fi

task await /tmp/go 1000 &
waiting=$!
during pid 'touch /tmp/go; wait $waiting' --pid $waiting
seen children -- task children 20 100
seen threads -- task threads 8 1000
seen execthread -- task execthread
[ "$(uname -m)" = x86_64 ] && seen int80 -- task int80 100
[ -x /bin/compat ] && compat 2>/dev/null && seen compat -- compat
during all 'task threads 8 1000' --all
during cgroup "$in_cgroup; task calls 1000" --cgroup /sys/fs/cgroup/a

# In a pid namespace of the monitor's own.
inside() {
  name=$1
  shift
  echo "check $name"
  timeout 600 task pidns monitor record --output "/tmp/out/$name.rec" -- "$@" > "/tmp/out/$name.txt" 2>&1
  echo $? > "/tmp/out/$name.status"
}
inside nested task children 20 100

# Without root.
mkdir /tmp/user
chmod 777 /tmp/user
unprivileged() {
  name=$1
  shift
  echo "check $name"
  timeout 600 task as 1000 "$@" monitor record --output "/tmp/user/$name.rec" -- task calls 1000 \
    > "/tmp/out/$name.txt" 2>&1
  echo $? > "/tmp/out/$name.status"
  [ -f "/tmp/user/$name.rec" ] && cp "/tmp/user/$name.rec" /tmp/out/
}
unprivileged capabilities bpf 1000000
unprivileged nobody none 64

# What follows takes its time.
[ -f /short ] && hand_out

unprivileged locked bpf 64
seen chain -- task chain 10 100
[ "$(uname -m)" = x86_64 ] && seen x32 -- task x32 100
during short 'i=0; while [ $i -lt 20 ]; do task named short 10; i=$((i + 1)); done' --all
during comm 'task named wanted 1000; task named unwanted 1000' --comm wanted
during uid 'task as 1000 none 64 task calls 1000; task calls 1000' --uid 1000
beside='task beside idle 20 200'
during idle "$beside" --all
# The kind of tracepoint that this kernel does not need.
if grep -q 'by perf' /tmp/out/plain.txt; then other=raw; else other=perf; fi
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
during all-$other 'task threads 8 1000' --all --attach $other
during idle-$other "$beside" --all --attach $other
umount /sys/kernel/tracing 2>/dev/null
inside nested-threads task threads 8 100
# A pid namespace below the monitor's.
inside below task pidns task children 5 100

# With the model.
echo 'check model'
timeout 600 monitor --format json --cpu none --no-learn --no-alarm-log -- task calls 300 > /tmp/out/model.txt 2> /tmp/out/model.errors
echo $? > /tmp/out/model.status
hand_out
