#include "config.h"
#include "queue/testrunner.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/iofd.h"

enum { SEND_MS = 1000, LOG_MAX = 64 * 1024 * 1024 };

static const uint64_t second_us = 1000000, first_boot_us = UINT64_C(1000) * 1000000,
                      first_wall_us = UINT64_C(1800000000) * 1000000;

static played_job take_job;

/* ---- clocks and control files */

static uint64_t wall(void *context) { return ((struct testrunner *)context)->wall_us; }
static uint64_t boot(void *context) { return ((struct testrunner *)context)->boot_us; }

void testrunner_control(struct testrunner *t, const char *name, const char *content) {
  char path[320];
  snprintf(path, sizeof path, "%s/%s", t->control, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(io_write_all(fd, content, strlen(content), IO_FOREVER), 0);
  close(fd);
}

void testrunner_make(struct testrunner *t) {
  *t = (struct testrunner){.wall_us = first_wall_us, .boot_us = first_boot_us};
  testqueue_make(&t->queue);
  snprintf(t->control, sizeof t->control, "%s/control", t->queue.path);
  assert_int_equal(mkdir(t->control, 0700), 0);
  assert_int_equal(setenv("OWLPOST_CONTROL", t->control, 1), 0);
  testrunner_control(t, "me", "here.example\n");
  testrunner_control(t, "rescaninterval", "86400\n");
  testrunner_control(t, "delaywarning", "0\n"); /* their tests ask for them */
  testrunner_control(t, "retryjitter", "0\n");
  t->clock = (struct clock){wall, boot, t};
  t->log.fd = memfd_create("log", MFD_CLOEXEC);
  assert_true(t->log.fd >= 0);
  for (unsigned i = 0; i < SAY_COUNT; i++) t->means[i] = (enum say)i;
}

void testrunner_start(struct testrunner *t) {
  struct runner *r = &t->runner;
  *r = (struct runner){.clock = &t->clock, .log = &t->log, .deliveries = 1};
  assert_int_equal(control_open(&r->control), 0);
  assert_int_equal(runner_load_settings(r), 0);
  assert_int_equal(store_open(&r->store, t->queue.path), 0);
  assert_int_equal(operator_load_holds(r), 0);
  const struct player player = {.context = t, .job = take_job};
  assert_int_equal(played_open(&t->played, r, &player), 0);
}

void testrunner_crash(struct testrunner *t) {
  played_close(&t->played, &t->runner);
  runner_free(&t->runner);
}

static void show_log(struct testrunner *t) {
  stralloc all = {0};
  (void)lseek(t->log.fd, 0, SEEK_SET);
  (void)io_slurp(t->log.fd, &all, LOG_MAX, IO_FOREVER);
  fprintf(stderr, "%.*s", (int)all.len, all.s);
  stralloc_free(&all);
}

void testrunner_remove(struct testrunner *t) {
  testrunner_crash(t);
  if (getenv("TESTRUNNER_LOG")) show_log(t);
  for (size_t i = 0; i < t->attempt_count; i++) stralloc_free(&t->attempts[i].body);
  free(t->attempts);
  stralloc_free(&t->log.line);
  close(t->log.fd);
  testqueue_remove(&t->queue);
}

/* ---- agents */

static enum say said_by(const struct testrunner *t, struct text address) {
  static const struct {
    const char *start;
    enum say say;
  } starts[] = {{"later", SAY_DEFERRAL},   {"never", SAY_FAILURE},      {"silent", SAY_NOTHING},
                {"die", SAY_DIE},          {"refuse", SAY_REFUSE},      {"oddjob", SAY_ODD_JOB},
                {"oddindex", SAY_ODD_INDEX}, {"oddclass", SAY_ODD_CLASS}, {"twice", SAY_TWICE},
                {"down", SAY_UNREACHED},     {"away", SAY_TURNED_AWAY},  {"waiting", SAY_WAITING},
                {"heard", SAY_HEARD},        {"chatter", SAY_CHATTER},    {"words", SAY_WORDS},
                {"afterwards", SAY_AFTERWARDS}};
  for (size_t i = 0; i < COUNT(starts); i++) {
    size_t len = strlen(starts[i].start);
    if (address.len >= len && memcmp(address.s, starts[i].start, len) == 0)
      return t->means[starts[i].say];
  }
  return t->means[SAY_SUCCESS];
}

static void keep_text(char to[TEST_ADDRESS_MAX], struct text from) {
  size_t len = from.len < TEST_ADDRESS_MAX - 1 ? from.len : TEST_ADDRESS_MAX - 1;
  if (len) memcpy(to, from.s, len);
  to[len] = 0;
}

static void keep_body(struct attempt *a, const struct agent_job *j, int fd) {
  a->by_descriptor = fd >= 0;
  if (fd == -1) assert_int_equal(text_cat(&a->body, j->content), 0);
  else {
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 0); /* each reader has an offset of its own */
    assert_int_equal(io_slurp(fd, &a->body, LOG_MAX, IO_FOREVER), 0);
  }
  assert_int_equal(a->body.len, j->size);
}

static void keep_attempt(struct testrunner *t, const struct played_agent *agent,
                         const struct agent_job *j, size_t recipient, int fd) {
  if ((t->attempt_count & (t->attempt_count - 1)) == 0) {
    size_t space = t->attempt_count ? t->attempt_count * 2 : 1;
    t->attempts = reallocarray(t->attempts, space, sizeof *t->attempts);
    assert_non_null(t->attempts);
  }
  struct attempt *a = &t->attempts[t->attempt_count++];
  *a = (struct attempt){.at_s = (t->boot_us - first_boot_us) / second_us,
                        .channel = agent->channel,
                        .said = SAY_COUNT,
                        .recipients = j->envelope.recipient_count,
                        .body_type = j->envelope.body,
                        .smtputf8 = j->envelope.smtputf8,
                        .requiretls = j->envelope.requiretls};
  keep_text(a->sender, j->envelope.sender);
  keep_text(a->address, j->envelope.recipients[recipient].address);
  keep_body(a, j, fd);
}

static struct result result_of(enum say say) {
  static const struct result results[] = {
    [SAY_SUCCESS] = {.class = RESULT_SUCCESS, .text = {"fine", 4}},
    [SAY_DEFERRAL] = {.class = RESULT_DEFERRAL, .status = {"4.2.0", 5}, .text = {"come back", 9}},
    [SAY_FAILURE] = {.class = RESULT_FAILURE, .status = {"5.1.1", 5}, .text = {"go away", 7}},
    [SAY_UNREACHED] = {.class = RESULT_DEFERRAL, .status = {"4.4.1", 5}, .text = {"nobody there", 12}},
    [SAY_TURNED_AWAY] = {.class = RESULT_DEFERRAL, .status = {"4.3.2", 5}, .reply_code = 421, .text = {"busy", 4}},
    [SAY_ODD_CLASS] = {.class = RESULT_FAILURE, .status = {"2.0.0", 5}},
  };
  bool has_its_own = say == SAY_DEFERRAL || say == SAY_FAILURE || say == SAY_ODD_CLASS ||
                     say == SAY_UNREACHED || say == SAY_TURNED_AWAY;
  return results[has_its_own ? say : SAY_SUCCESS];
}

static void send_result(const struct testrunner *t, const struct played_agent *a, uint64_t job,
                        uint64_t index, enum say say) {
  struct agent_result r = {.job = job, .index = index, .result = result_of(say)};
  if (say == SAY_FAILURE && t->failure) r.result = *t->failure;
  if (say == SAY_SUCCESS && t->success) r.result = *t->success;
  (void)agent_send_result(a->sock, &r, SEND_MS); /* the runner may have hung up */
}

static void send_word(const struct played_agent *a, enum agent_frame word) {
  (void)frame_send(a->sock, &agent_protocol, word, text_of(""), -1, SEND_MS);
}

static void send_words(const struct played_agent *a, unsigned times) {
  while (times--) {
    send_word(a, AGENT_SILENT);
    send_word(a, AGENT_HEARD);
  }
}

/* False: the agent ends. */
static bool answer(const struct testrunner *t, const struct played_agent *a,
                   const struct agent_job *j, size_t i, enum say say) {
  uint64_t index = j->envelope.recipients[i].index;
  struct result refusal = result_of(SAY_DEFERRAL);
  switch (say) {
    case SAY_NOTHING: return true;
    case SAY_WAITING: return send_word(a, AGENT_SILENT), true;
    case SAY_HEARD: return send_word(a, AGENT_HEARD), true;
    case SAY_CHATTER: return send_words(a, 10), true;
    case SAY_WORDS: send_words(a, 2); break;
    case SAY_AFTERWARDS: return send_result(t, a, j->job, index, say), send_words(a, 1), send_word(a, AGENT_SILENT), true;
    case SAY_DIE: return false;
    case SAY_REFUSE: return agent_send_refuse(a->sock, &refusal, SEND_MS), false;
    case SAY_UNREACHED:
    case SAY_TURNED_AWAY:
      refusal = result_of(say);
      return agent_send_refuse(a->sock, &refusal, SEND_MS), false;
    case SAY_ODD_JOB: return send_result(t, a, j->job + 1, index, say), true;
    case SAY_ODD_INDEX: return send_result(t, a, j->job, j->envelope.recipient_count, say), true;
    case SAY_TWICE: send_result(t, a, j->job, index, say); break;
    case SAY_SUCCESS:
    case SAY_DEFERRAL:
    case SAY_FAILURE:
    case SAY_ODD_CLASS:
    case SAY_COUNT: break;
  }
  send_result(t, a, j->job, index, say);
  return true;
}

static bool take_job(void *context, struct played_agent *a, const struct agent_job *j, int fd) {
  struct testrunner *t = context;
  bool lives = true;
  size_t first = t->attempt_count;
  for (size_t i = 0; i < j->envelope.recipient_count; i++) keep_attempt(t, a, j, i, i == 0 ? fd : -1);
  for (size_t i = 0; lives && i < j->envelope.recipient_count; i++) {
    enum say say = said_by(t, j->envelope.recipients[i].address);
    t->attempts[first + i].said = say;
    lives = answer(t, a, j, i, say);
  }
  return lives;
}

/* ---- time */

static void advance_to(struct testrunner *t, uint64_t boot_us) {
  t->wall_us += boot_us - t->boot_us;
  t->boot_us = boot_us;
}

void testrunner_run(struct testrunner *t, uint64_t seconds) {
  uint64_t end_us = t->boot_us + seconds * second_us, next_us;
  for (;;) {
    assert_int_equal(played_settle(&t->played, &t->runner, &next_us), 0);
    if (next_us > end_us) break;
    advance_to(t, next_us);
  }
  advance_to(t, end_us);
}

/* ---- messages */

struct queueid testrunner_inject_envelope(struct testrunner *t, struct text body,
                                          const struct envelope *e) {
  struct queueid id;
  assert_int_equal(queueid_make(&id, e->arrival_us), 0);
  assert_int_equal(privatequeue_put(&t->queue.store, &id, e, body), 0);
  runner_found(&t->runner, &id);
  return id;
}

struct queueid testrunner_inject_body(struct testrunner *t, struct text body, const char *sender,
                                      uint64_t notify, const char *const *recipients,
                                      size_t count) {
  struct envelope e = {.sender = text_of(sender), .arrival_us = t->wall_us};
  for (size_t i = 0; i < count; i++) {
    struct envelope_recipient *r = envelope_add(&e);
    assert_non_null(r);
    r->address = text_of(recipients[i]);
    r->notify = notify;
  }
  struct queueid id = testrunner_inject_envelope(t, body, &e);
  envelope_free(&e);
  return id;
}

struct queueid testrunner_inject(struct testrunner *t, const char *sender, uint64_t notify,
                                 const char *const *recipients, size_t count) {
  struct text body = TEXT("Subject: test\n\nbody\n");
  return testrunner_inject_body(t, body, sender, notify, recipients, count);
}

/* ---- what has happened */

const struct attempt *testrunner_attempt(const struct testrunner *t, const char *address,
                                         size_t nth) {
  for (size_t i = 0; i < t->attempt_count; i++)
    if (strcmp(t->attempts[i].address, address) == 0 && nth-- == 0) return &t->attempts[i];
  return NULL;
}

size_t testrunner_attempts(const struct testrunner *t, const char *address) {
  size_t n = 0;
  while (testrunner_attempt(t, address, n)) n++;
  return n;
}

size_t testrunner_files_in(struct testrunner *t, const char *folder) {
  size_t n = 0;
  int fd = openat(t->queue.store.queue_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
  closedir(d);
  return n;
}

size_t testrunner_files(struct testrunner *t) {
  char folder[16];
  size_t n = testrunner_files_in(t, "todo") + testrunner_files_in(t, "tmp");
  for (unsigned i = 0; i < QUEUEID_FOLDERS; i++) {
    store_wait_folder(folder, i);
    n += testrunner_files_in(t, folder);
  }
  return n;
}

bool testrunner_logged(struct testrunner *t, const char *words) {
  stralloc all = {0};
  assert_int_equal(lseek(t->log.fd, 0, SEEK_SET), 0);
  assert_int_equal(io_slurp(t->log.fd, &all, LOG_MAX, IO_FOREVER), 0);
  bool found = all.len && memmem(all.s, all.len, words, strlen(words));
  stralloc_free(&all);
  return found;
}

int testrunner_set_up(void **state) {
  static struct testrunner t;
  testrunner_make(&t);
  testrunner_start(&t);
  *state = &t;
  return 0;
}

int testrunner_tear_down(void **state) {
  testrunner_remove(*state);
  return 0;
}

void testrunner_inject_one(struct testrunner *t, const char *from, const char *to) {
  testrunner_inject(t, from, 0, &to, 1);
}

size_t testrunner_told(const struct testrunner *t, const char *from, const char *address) {
  size_t n = 0;
  for (size_t i = 0; i < t->attempt_count; i++)
    n += strcmp(t->attempts[i].address, address) == 0 && strcmp(t->attempts[i].sender, from) == 0;
  return n;
}

bool testrunner_body_has(const struct attempt *a, const char *words) {
  return memmem(a->body.s, a->body.len, words, strlen(words)) != NULL;
}
