# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154
# owlpost, built from this tree into $ROOT: an adapter for a benchmark that reads
# it with bash, defines RUN, ROOT, BENCH_*, add_user and tuned, and calls the
# functions below.  It runs as in production: root, accounts, set-gid injector.
PORT=${BENCH_PORT:-2510}
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

peer_install() {
  local name
  getent group owlqueue >/dev/null || groupadd -r owlqueue
  for name in owlqueue owlsend owlremote owlsmtpd owltls owllog alias; do add_user "$name" "$name" /nonexistent; done
  mkdir -p "$ROOT/build" "$ROOT/etc"
  (cd "$source_folder" && autoreconf -fi)
  (cd "$ROOT/build" && "$source_folder/configure" --prefix="$ROOT" CFLAGS='-O2 -g' && make -j2 install)
  ln -sfn "$RUN/control" "$ROOT/etc/owlpost"
  chgrp owlqueue "$ROOT/libexec/owlpost/owl-queue"
  chmod 2711 "$ROOT/libexec/owlpost/owl-queue"
}

peer_claims() { :; }

control() { echo "$2" >"$RUN/control/$1"; }

peer_fresh() {
  rm -rf "$RUN"
  mkdir -p "$RUN/control"
  control me bench.test
  control locals "$BENCH_LOCAL"
  control rcpthosts "$BENCH_LOCAL"
  control smtproutes ":127.0.0.1:$BENCH_SINK_PORT"
  control queuedir "$RUN/queue"
  control rundir "$RUN/run"
  if tuned; then
    control concurrencylocal 20
    control concurrencyremote 100
  fi
  "$ROOT/bin/owlq" setup
}

peer_start() {
  local limit=40
  if tuned; then limit=600; fi
  "$ROOT/libexec/owlpost/owl-start" >>"$RUN/owlpost.log" 2>&1 &
  echo $! >"$RUN/owl-start.pid"
  RELAYCLIENT='' tcpserver -H -R -l bench.test -c "$limit" -b "$limit" \
    -u "$(id -u owlsmtpd)" -g "$(id -g owlsmtpd)" 127.0.0.1 "$PORT" \
    "$ROOT/libexec/owlpost/owl-smtpd" >>"$RUN/smtpd.log" 2>&1 &
  echo $! >"$RUN/tcpserver.pid"
}

peer_stop() {
  kill "$(cat "$RUN/tcpserver.pid")"
  kill "$(cat "$RUN/owl-start.pid")"
}

peer_queue_dirs() { printf '%s\n' "$RUN/queue/todo" "$RUN/queue/wait" "$RUN/queue/bad"; }
peer_inject() { echo "$ROOT/sbin/sendmail -f sender@sender.test"; }
