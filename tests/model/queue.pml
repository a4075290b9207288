/* queue.pml - the protocol of the queue, for spin
 *
 * Injectors, the runner, agents, and what ends them: a kill of the runner, which
 * leaves the kernel's cache as it is, and a power cut, which leaves the disk.
 * What it promises stands in owlpost-queue(5), PROMISES; the labels P1 to P8
 * there and here are the same.  ./run checks it, and that each of its mutants
 * (a sync dropped, an order turned round) breaks a promise.
 *
 * Messages are numbered: the mails, then for each recipient of each mail a place
 * for the DSN that may come to be about him.  Deliveries are numbered in the
 * same way: one for each recipient of a mail, one for each DSN.
 *
 * What a file system does, as everywhere in owlpost:
 *   - fsync of a file makes its octets durable, fsync of a folder its entries;
 *   - a rename, too, is either there after a power cut or it is not;
 *   - everything else may be there or not, each for itself;
 *   - of a log any length between what was synced and what was written remains.
 */

#ifndef MAILS
#define MAILS 1
#endif
#ifndef RCPTS
#define RCPTS 2
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef FAULTS
#define FAULTS 0 /* syncs that fail */
#endif

#define DSNS (MAILS * RCPTS)
#define MESSAGES (MAILS + DSNS)
#define DELIVERIES (2 * MAILS * RCPTS)
#define RECORDS (3 * RCPTS) /* in one log, at most: deferral, failure, told */

#define IS_DSN(m) ((m) >= MAILS)
#define PARENT(m) (((m) - MAILS) / RCPTS)
#define NUMBER(m) (((m) - MAILS) % RCPTS)
#define DSN(m, n) (MAILS + (m) * RCPTS + (n))
#define FIRST(m) (IS_DSN(m) -> MAILS * RCPTS + (m) - MAILS : (m) * RCPTS)
#define LAST(m) (IS_DSN(m) -> FIRST(m) : (m) * RCPTS + RCPTS - 1)
#define OWNER(x) ((x) < MAILS * RCPTS -> (x) / RCPTS : MAILS + (x) - MAILS * RCPTS)

/* ---- the cache, which all programs see, and the disk */

/* Places of a message; may_be is the set of those where a power cut may leave it. */
#define ABSENT 1
#define TODO 2
#define WAIT 4
byte at[MESSAGES] = ABSENT;
byte may_be[MESSAGES] = ABSENT;
bit whole[MESSAGES]; /* its octets are on the disk */

/* Logs: a name, and records of which the first log_safe are on the disk. */
#define NONE 1
#define THERE 2
byte log_at[MESSAGES] = NONE;
byte log_may_be[MESSAGES] = NONE;
byte log_length[MESSAGES];
byte log_safe[MESSAGES];
bit log_spoilt[MESSAGES]; /* a sync of it has failed: the kernel calls it clean now */
byte records[MESSAGES * RECORDS];
#define RECORD(m, n) records[(m) * RECORDS + (n)]
#define DEFERRED 1
#define TOLD 2
#define DONE(r) (4 + (r))
#define FAILED(r) (8 + (r))

byte about[MESSAGES]; /* a DSN's content: a set of recipients */

/* Mailboxes: copies that are there, and how many of them a power cut may take. */
byte copies[DELIVERIES];
byte unsynced[DELIVERIES];

/* ---- what only memory holds */

bit known[MESSAGES];  /* the runner will begin it */
bit underway[MESSAGES]; /* its deliveries are ordered */
byte jobs[MESSAGES];
#define IS_WAITING 0
#define IS_DONE 1
#define IS_FAILED 2
#define IS_TOLD 3
byte state[DELIVERIES];
#define ORDERED 1
#define COPIED 2
#define SUCCESS 3
#define DEFERRAL 4
#define FAILURE 5
byte agent[DELIVERIES];
bit dirty, doubtful;
byte outlived; /* a set: logs whose message has been removed */
bit runner_ends, injector_ends[MAILS];

/* ---- what the promises speak of */

bit accepted[MAILS];         /* the client was told so */
bit kept[MESSAGES];          /* was durable once */
bit settled[DELIVERIES];     /* its last result was durable once */
bit told[DSNS];              /* that a DSN was made was durable once */
bit let_go[DSNS];            /* the DSN has been tried */
byte told_by[MAILS * RCPTS]; /* the DSN about him that has been let go, from 1 */
byte excuses[DELIVERIES];    /* results that a crash took */
bit deferred[DELIVERIES];    /* once is enough: queuelifetime ends it */

byte crashes, faults;

#define PROMISE(number, holds) assert((holds) || (number) == 0) /* spin's report names it so */

#define SOME(m, s) (state[FIRST(m)] == s || state[LAST(m)] == s)
#if RCPTS > 2
#error SOME() looks at the first and the last
#endif
#ifndef DEFERRABLE
#define DEFERRABLE DELIVERIES /* the first ones may be deferred, once each */
#endif
#ifdef MUTANT_BEGUN_TWICE
#define UNKNOWN(m) (at[m] == TODO && !known[m])
#define DUE(m) known[m]
#else
#define UNKNOWN(m) (at[m] == TODO && !known[m] && !underway[m])
#define DUE(m) (known[m] && !underway[m])
#endif

hidden byte i, j;

/* Everything that is on the disk now. */
inline note_durable() {
  for (i : 0 .. MESSAGES - 1) {
    if
    :: whole[i] && !(may_be[i] & ABSENT) -> kept[i] = 1
    :: else
    fi;
    j = 0;
    do
    :: log_may_be[i] == THERE && j < log_safe[i] ->
       if
       :: RECORD(i, j) == TOLD -> told[i * RCPTS + counted] = 1; counted++
       :: RECORD(i, j) >= DONE(0) -> settled[FIRST(i) + RECORD(i, j) % 4] = 1
       :: else
       fi;
       j++
    :: else -> break
    od;
    counted = 0
  }
  j = 0
}

/* Of a message that has gone for good nothing is asked any more. */
inline forget_gone() {
  for (i : 0 .. MESSAGES - 1) {
    if
    :: kept[i] && may_be[i] == ABSENT ->
       for (j : 0 .. RECORDS - 1) { RECORD(i, j) = 0 }
       log_length[i] = 0;
       log_safe[i] = 0;
       log_spoilt[i] = 0
    :: else
    fi
  }
  j = 0
}

inline fsync_todo() {
  d_step {
    for (i : 0 .. MESSAGES - 1) {
      may_be[i] = (at[i] == TODO -> TODO : may_be[i] & (ABSENT | WAIT))
    }
    note_durable();
    forget_gone()
  }
}

/* A message that has come to wait/ leaves todo/ by the same rename. */
inline fsync_wait() {
  d_step {
    for (i : 0 .. MESSAGES - 1) {
      if
      :: may_be[i] & WAIT -> may_be[i] = at[i]
      :: else
      fi;
      log_may_be[i] = log_at[i]
    }
    note_durable();
    forget_gone()
  }
}

inline fsync_logs() {
  d_step {
    for (i : 0 .. MESSAGES - 1) {
      log_safe[i] = (log_spoilt[i] -> log_safe[i] : log_length[i])
    }
    note_durable()
  }
}

inline unlink_message(m) {
  at[m] = ABSENT;
  may_be[m] = may_be[m] | ABSENT
}

inline unlink_log(m) {
  log_at[m] = NONE;
  log_may_be[m] = log_may_be[m] | NONE
}

/* ---- injectors */

inline be_poked(m) {
  known[m] = known[m] || UNKNOWN(m)
}

proctype injector(byte m) {
  byte counted;
  {
    d_step {
#ifndef MUTANT_FILE_UNSYNCED
      whole[m] = 1; /* write, fsync: before it has a name nothing can be seen of it */
#endif
      at[m] = TODO;
      may_be[m] = may_be[m] | TODO
    };
#ifndef MUTANT_NAME_UNSYNCED
    if
    :: fsync_todo()
    :: atomic {
         faults < FAULTS -> /* it fails */
         faults++;
         if
         :: at[m] == TODO -> unlink_message(m)
         :: else -> goto out /* no answer at all */
         fi
       };
       atomic {
         fsync_todo();
         PROMISE(2, at[m] == ABSENT && may_be[m] == ABSENT); /* P2: refused is not there */
         goto out
       }
    fi;
#endif
    atomic {
      accepted[m] = 1;
      PROMISE(1, kept[m]); /* P1: accepted is durable */
      if
      :: be_poked(m)
      :: true /* the poke is lost */
      fi
    };
out:
    skip
  } unless { injector_ends[m] }
}

/* ---- agents: a Maildir's rename and sync, or the next hop's reply and our
 * taking it */

inline report(x, what) {
  PROMISE(3, what != SUCCESS || unsynced[x] == 0); /* P3: a success is durable */
  agent[x] = what
}

proctype deliver(byte x) {
end:
  do
  :: d_step { agent[x] == ORDERED && !deferred[x] && x < DEFERRABLE -> deferred[x] = 1; report(x, DEFERRAL) }
  :: d_step { agent[x] == ORDERED && x < MAILS * RCPTS -> report(x, FAILURE) }
  :: d_step {
       agent[x] == ORDERED ->
       agent[x] = COPIED;
       copies[x]++;
       unsynced[x]++;
       PROMISE(4, copies[x] <= 1 + excuses[x]) /* P4: no second copy without a cause */
     }
  :: d_step {
       agent[x] == COPIED ->
#ifndef MUTANT_COPY_UNSYNCED
       unsynced[x] = 0;
#endif
       report(x, SUCCESS)
     }
  od
}

/* ---- the runner: each atomic sequence ends where the queue has changed */

/* What the log of m says. */
inline read_log(m) {
  for (i : FIRST(m) .. LAST(m)) { state[i] = IS_WAITING }
  number = 0;
  j = 0;
  do
  :: log_at[m] == THERE && j < log_length[m] ->
     if
     :: RECORD(m, j) == TOLD ->
        number++;
        for (i : FIRST(m) .. LAST(m)) { state[i] = (state[i] == IS_FAILED -> IS_TOLD : state[i]) }
     :: RECORD(m, j) >= FAILED(0) -> state[FIRST(m) + RECORD(m, j) % 4] = IS_FAILED
     :: RECORD(m, j) >= DONE(0) && RECORD(m, j) < FAILED(0) -> state[FIRST(m) + RECORD(m, j) % 4] = IS_DONE
     :: else
     fi;
     j++
  :: else -> break
  od;
  j = 0
}

inline forget_states(m) {
  for (i : FIRST(m) .. LAST(m)) { state[i] = IS_WAITING }
}

inline append(m, what) {
  log_at[m] = THERE;
  log_may_be[m] = log_may_be[m] | THERE;
  RECORD(m, log_length[m]) = what;
  log_length[m]++;
  dirty = 1
}

inline remove_outlived() {
  for (i : 0 .. MESSAGES - 1) {
    if
    :: outlived & 1 << i -> unlink_log(i)
    :: else
    fi
  }
  outlived = 0
}

/* A new file under the old name, where an earlier sync has failed. */
inline rewrite_log(m) {
#ifndef MUTANT_SYNC_AGAIN
  if
  :: doubtful -> log_spoilt[m] = 0; log_safe[m] = log_length[m]; log_may_be[m] = log_at[m]; note_durable()
  :: else
  fi
#else
  skip
#endif
}

inline order(m) {
  for (i : FIRST(m) .. LAST(m)) {
    if
    :: state[i] == IS_WAITING ->
       PROMISE(2, kept[m]);     /* P2: nothing is tried that is not durable */
       PROMISE(5, !settled[i]); /* P5: nothing is tried after its last result */
       agent[i] = ORDERED;
       jobs[m]++
    :: else
    fi
  }
}

#define NAMES(d, x) (about[d] & (1 << ((x) - FIRST(PARENT(d)))))
inline check_dsn(d) {
  let_go[d - MAILS] = 1;
  for (i : FIRST(PARENT(d)) .. LAST(PARENT(d))) {
    if
    :: NAMES(d, i) ->
       PROMISE(7, settled[i] && copies[i] <= excuses[i]); /* P7: what it says is so */
       PROMISE(6, told_by[i] == 0 || told_by[i] == d);    /* P6: one DSN about one failure */
       told_by[i] = d
    :: else
    fi
  }
  PROMISE(6, told[d - MAILS]) /* P6: told is durable before */
}

/* The log goes when its message has gone for good. */
inline finish(m) {
  unlink_message(m);
#ifdef MUTANT_LOG_AT_ONCE
  unlink_log(m);
#else
  outlived = outlived | (log_at[m] == THERE -> 1 << m : 0);
#endif
  dirty = 1;
  underway[m] = 0;
  forget_states(m)
}

/* To where tell() and store_sync() return. */
#define TO_LOOP 0
#define TO_DSN 1
#define TO_TOLD 2
#define TO_ORDER 3
#define TO_SETTLE 4

active proctype runner() {
  byte m, x, t, d, number, counted, seen, after_sync, after_telling;
again:
  {
#ifndef MUTANT_START_UNSYNCED
    fsync_logs();
    fsync_wait();
#endif
    d_step {
      for (i : 0 .. MESSAGES - 1) { known[i] = at[i] == WAIT }
      j = 0
    };
scan: /* runner_scan_todo(): what was seen, then synced, is believed */
    atomic {
#ifdef MUTANT_SCAN_LATE
      fsync_todo()
    };
    atomic {
#endif
      for (i : 0 .. MESSAGES - 1) { seen = seen | (UNKNOWN(i) -> 1 << i : 0) }
    };
    atomic {
#ifndef MUTANT_SCAN_LATE
      fsync_todo();
#endif
      for (i : 0 .. MESSAGES - 1) { known[i] = known[i] || (seen & 1 << i) }
      seen = 0
    };
end_of_work:
    do
    :: atomic { DUE(0) -> m = 0; goto begin }
    :: atomic { DUE(1) -> m = 1; goto begin }
    :: atomic { agent[0] >= SUCCESS -> x = 0; goto result }
    :: atomic { agent[1] >= SUCCESS -> x = 1; goto result }
#if DELIVERIES > 2
    :: atomic { DUE(2) -> m = 2; goto begin }
    :: atomic { agent[2] >= SUCCESS -> x = 2; goto result }
    :: atomic { agent[3] >= SUCCESS -> x = 3; goto result }
#endif
#if MESSAGES > 3
    :: atomic { DUE(3) -> m = 3; goto begin }
#endif
    :: atomic { dirty -> after_sync = TO_LOOP; goto sync }
#ifndef MUTANT_NO_RESCAN
    /* it comes every rescaninterval: what matters is that it finds something */
    :: UNKNOWN(0) || UNKNOWN(1) || UNKNOWN(MESSAGES - 1) || UNKNOWN(MESSAGES - 2) -> goto scan
#endif
    od;

begin: /* rounds_begin() */
    atomic {
      known[m] = 0;
      if
      :: at[m] == ABSENT -> m = 0; goto end_of_work
      :: else
      fi;
      PROMISE(2, whole[m]); /* P2: what has a name is whole */
      underway[m] = 1;
      read_log(m);
      t = m;
#ifndef MUTANT_PARENT_NOT_ASKED
      if
      :: IS_DSN(m) && at[m] == TODO && at[PARENT(m)] != ABSENT ->
         t = PARENT(m);
         if
         :: !underway[t] -> read_log(t)
         :: else
         fi
      :: else
      fi;
#endif
      after_telling = TO_ORDER;
      goto tell
    };

ordering:
    atomic {
      if
      :: t != m && !underway[t] -> forget_states(t)
      :: else
      fi;
      order(m);
      if
      :: IS_DSN(m) && jobs[m] -> check_dsn(m)
      :: else
      fi;
      if
      :: jobs[m] == 0 -> goto settle
      :: else -> m = 0; t = 0; goto end_of_work
      fi
    };

result: /* rounds_result(): the one that finishes a message needs no record */
    atomic {
      m = OWNER(x);
      state[x] = (agent[x] == SUCCESS -> IS_DONE : (agent[x] == FAILURE -> IS_FAILED : IS_WAITING));
      jobs[m]--;
      if
      :: agent[x] == SUCCESS && !SOME(m, IS_WAITING) && !SOME(m, IS_FAILED) -> agent[x] = 0; x = 0; goto settle
      :: else
      fi;
      if
      :: at[m] == TODO -> at[m] = WAIT; may_be[m] = may_be[m] | WAIT; dirty = 1
      :: else -> goto record
      fi
    };
record:
    atomic {
      if
      :: agent[x] == SUCCESS -> append(m, DONE(x - FIRST(m)))
      :: agent[x] == FAILURE -> append(m, FAILED(x - FIRST(m)))
      :: else -> append(m, DEFERRED)
      fi;
      agent[x] = 0;
      x = 0;
      if
      :: jobs[m] -> m = 0; goto end_of_work
      :: else
      fi
    };
settle: /* rounds_settle() */
    atomic {
      t = m;
      after_telling = TO_SETTLE;
      goto tell
    };
rest:
    atomic {
      if
      :: SOME(m, IS_WAITING) -> underway[m] = 0; known[m] = 1; forget_states(m)
      :: else -> finish(m)
      fi;
      m = 0;
      t = 0;
      goto end_of_work
    };

tell: /* tell_failures() of queue/tell.c, for t */
    atomic {
      if
      :: !SOME(t, IS_FAILED) -> goto told_all
      :: else -> after_sync = TO_DSN
      fi;
#ifdef MUTANT_FAILURE_UNSYNCED
      goto make;
#else
      goto sync
#endif
    };
make:
    atomic {
      read_log(t);
      if
      :: !SOME(t, IS_FAILED) -> goto told_all
      :: else
      fi;
#ifdef MUTANT_DSN_ID_NEW
      number = (at[DSN(t, number)] != ABSENT && number + 1 < RCPTS -> number + 1 : number);
#endif
      d = DSN(t, number);
      PROMISE(6, !let_go[d - MAILS]); /* P6: a DSN is not made again */
      if
      :: at[d] == TODO -> unlink_message(d)
      :: else -> goto link
      fi
    };
link:
    atomic {
      whole[d] = 1;
      at[d] = TODO;
      may_be[d] = may_be[d] | TODO;
      about[d] = (state[FIRST(t)] == IS_FAILED -> 1 : 0) | (state[LAST(t)] == IS_FAILED -> 1 << (RCPTS - 1) : 0)
    };
    fsync_todo();
    d_step { append(t, TOLD) };
    after_sync = TO_TOLD;
#ifndef MUTANT_TOLD_UNSYNCED
    goto sync;
#endif
schedule:
    atomic {
      read_log(t);
      known[d] = known[d] || !underway[d]
    };
told_all:
    atomic {
      number = 0;
      d = 0;
      after_sync = TO_LOOP;
      if
      :: after_telling == TO_ORDER -> after_telling = TO_LOOP; goto ordering
      :: else -> after_telling = TO_LOOP; goto rest
      fi
    };

sync: /* store_sync(), and what must be durable anew where one has failed */
    atomic {
      if
      :: fsync_logs()
      :: faults < FAULTS && !doubtful ->
         faults++;
         doubtful = 1;
         for (i : 0 .. MESSAGES - 1) { log_spoilt[i] = log_safe[i] < log_length[i] }
      fi
    };
#ifndef MUTANT_LOG_NAME_UNSYNCED
    fsync_wait();
#endif
    atomic {
      fsync_todo();
      remove_outlived();
      dirty = 0;
      if
      :: after_sync == TO_LOOP -> goto end_of_work
      :: after_sync == TO_DSN -> rewrite_log(t); goto make
      :: after_sync == TO_TOLD -> rewrite_log(t); goto schedule
      fi
    }
  } unless {
    atomic {
      runner_ends ->
      runner_ends = 0;
      m = 0; x = 0; t = 0; d = 0; number = 0; counted = 0; seen = 0; after_sync = 0; after_telling = 0;
      goto again
    }
  }
}

/* ---- what ends it */

/* Agents end with the runner: one that goes on for a while delivers as if it
 * had been quicker. */
inline forget() {
  for (i : 0 .. MESSAGES - 1) {
    known[i] = 0; underway[i] = 0; jobs[i] = 0
  }
  for (i : 0 .. DELIVERIES - 1) {
    state[i] = IS_WAITING; agent[i] = 0
  }
  dirty = 0;
  doubtful = 0;
  outlived = 0;
  runner_ends = 1
}

inline is_recorded(x) {
  recorded = 0;
  j = 0;
  do
  :: log_at[OWNER(x)] == THERE && j < log_length[OWNER(x)] ->
     recorded = recorded || RECORD(OWNER(x), j) == DONE(x - FIRST(OWNER(x)));
     j++
  :: else -> break
  od
}

inline kill_runner() {
  d_step {
    for (i : 0 .. DELIVERIES - 1) {
      is_recorded(i);
      excuses[i] = excuses[i] + (copies[i] && !recorded && at[OWNER(i)] != ABSENT -> 1 : 0)
    }
    recorded = 0;
    forget()
  }
}

inline cut_message(m) {
  if
  :: may_be[m] & ABSENT -> at[m] = ABSENT
  :: may_be[m] & TODO -> at[m] = TODO
  :: may_be[m] & WAIT -> at[m] = WAIT
  fi;
  may_be[m] = at[m]
}

inline cut_log(m) {
  if
  :: log_may_be[m] & NONE -> log_at[m] = NONE
  :: log_may_be[m] & THERE -> log_at[m] = THERE
  fi;
  do
  :: log_length[m] > log_safe[m] -> log_length[m]--; RECORD(m, log_length[m]) = 0
  :: break
  od;
  do
  :: log_at[m] == NONE && log_length[m] > 0 -> log_length[m]--; RECORD(m, log_length[m]) = 0
  :: else -> break
  od;
  log_may_be[m] = log_at[m];
  log_safe[m] = log_length[m];
  log_spoilt[m] = 0
}

inline cut_mailbox(x) {
  do
  :: unsynced[x] -> unsynced[x]--; copies[x]--
  :: break
  od;
  unsynced[x] = 0;
  excuses[x] = excuses[x] + (copies[x] && !settled[x] -> 1 : 0)
}

inline cut_power() {
  for (n : 0 .. MESSAGES - 1) { cut_message(n); cut_log(n) }
  for (n : 0 .. DELIVERIES - 1) { cut_mailbox(n) }
  n = 0;
  for (i : 0 .. MAILS - 1) { injector_ends[i] = 1 }
  forget()
}

proctype crash() {
  byte n;
  bit recorded;
  do
  :: atomic { crashes < CRASHES -> crashes++; cut_power() }
  :: atomic { crashes < CRASHES && !doubtful -> crashes++; kill_runner() } /* doubt cannot be inherited */
  :: break
  od
}

init {
  atomic {
    byte n;
    for (n : 0 .. MAILS - 1) { run injector(n) }
    for (n : 0 .. DELIVERIES - 1) { run deliver(n) }
    n = 0;
    run crash()
  }
}

/* P8: every accepted message is delivered, or its DSN is, and it leaves the queue. */
#define REACHED(x) (copies[x] > 0 || (told_by[x] > 0 && copies[MAILS * RCPTS - MAILS + told_by[x]] > 0))
#ifdef LIVENESS
ltl all_arrive { [] (accepted[0] -> <> [] (at[0] == ABSENT && REACHED(0) && REACHED(RCPTS - 1))) }
#endif
