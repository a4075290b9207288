/* Questions to next hops, with agents that are played by children of the test. */
#include "config.h"
#include "remote/verify/ask.h"
#include <signal.h>
#include <unistd.h>
#include "lib/unittest.h"

enum { LIMIT_MS = 5000, TEST_S = 60 };

static bool say_word(int sock, enum agent_frame word) {
  return frame_send(sock, &agent_protocol, word, text_of(""), -1, LIMIT_MS) == 0;
}

static void say_yes(int sock) {
  struct agent_result r = {.result = {.class = RESULT_SUCCESS}};
  struct frame_reader in = {.protocol = &agent_protocol};
  struct frame job;
  if (frame_receive(&in, sock, &job, LIMIT_MS) != FRAME_READY || job.type != AGENT_JOB) return;
  say_word(sock, AGENT_SILENT);
  say_word(sock, AGENT_HEARD);
  (void)agent_send_result(sock, &r, LIMIT_MS);
}

/* In the place of remote/launch.c: what the next hop is called is what its agent does. */
void launch_exec(const struct launch *l, const struct agent_worker *w, int sock, bool asks_only) {
  (void)l;
  for (int fd = 3; fd < 64; fd++) /* as execve() would */
    if (fd != sock) close(fd);
  if (text_equals(w->host, "chatters.example")) while (say_word(sock, AGENT_SILENT)) continue;
  if (text_equals(w->host, "takes.example") && asks_only) say_yes(sock);
  _exit(0);
}

struct said {
  unsigned count;
  enum result_class class;
};

static void note(void *context, struct question *q, const struct verdict *v) {
  struct said *s = context;
  (void)q;
  s->count++;
  s->class = v->class;
}

static void free_all(struct ask *a) {
  for (size_t i = 0; i < ASK_AGENTS_MAX; i++) {
    struct ask_agent *g = &a->agents[i];
    if (g->fd >= 0) close(g->fd);
    frame_reader_free(&g->in);
    stralloc_free(&g->host);
  }
  for (size_t i = 0; i < ASK_QUESTIONS_MAX; i++) {
    route_free(&a->questions[i].route);
    stralloc_free(&a->questions[i].host);
  }
}

static enum result_class ask_at(const char *host) {
  static const struct launch launch = {.program = "", .deadlist = -1};
  static struct ask a; /* large */
  struct said said = {0};
  struct pollfd p[ASK_AGENTS_MAX];
  struct route r = {.channel = CHANNEL_REMOTE, .protocol = PROTOCOL_SMTP, .port = PORT_SMTP, .use_mx = true};
  stralloc sender = {0};
  assert_true(stralloc_copys(&sender, "") && stralloc_copys(&r.host, host) && stralloc_copys(&r.address, "bob@there.example"));
  a = (struct ask){.launch = &launch, .sender = &sender, .answered = note, .context = &said};
  ask_open(&a);
  assert_non_null(ask_begin(&a, &r));
  for (int limit_ms = 0; said.count == 0; limit_ms = -1) { /* the first turn starts the agent */
    ask_prepare(&a, p);
    (void)poll(p, ASK_AGENTS_MAX, limit_ms);
    ask_handle(&a, p);
  }
  assert_int_equal(said.count, 1);
  free_all(&a);
  stralloc_free(&sender);
  route_free(&r);
  return said.class;
}

static void the_next_hops_word_is_the_answer(void **state) {
  (void)state;
  assert_int_equal(ask_at("takes.example"), RESULT_SUCCESS);
}

static void an_agent_that_ends_is_no_answer(void **state) {
  (void)state;
  assert_int_equal(ask_at("ends.example"), RESULT_DEFERRAL);
}

/* It would keep all other questions from being answered. */
static void an_agent_that_chatters_is_left(void **state) {
  (void)state;
  assert_int_equal(ask_at("chatters.example"), RESULT_DEFERRAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_next_hops_word_is_the_answer),
    cmocka_unit_test(an_agent_that_ends_is_no_answer),
    cmocka_unit_test(an_agent_that_chatters_is_left),
  };
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_IGN);
  alarm(TEST_S);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
