#include "config.h"
#include "smtpd/doorkeeper/etrn.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/ctl.h"
#include "lib/unittest.h"
#include "lib/unixsock.h"
#include "smtpd/doorkeeper/nodes.h"

enum { LIMIT_MS = 5000 };

static char folder[] = "/tmp/owlpost-test-XXXXXX";
static struct settings settings;
static struct client client;
static struct log silent = {.fd = -1};

static void set_rules(const char *address, const char *rules) {
  list_free(&settings.etrnclients);
  assert_int_equal(list_parse(&settings.etrnclients, text_of(rules)), 0);
  assert_true(stralloc_copys(&client.address, address));
}

/* ---- the runner's side */

/* What it says to one order; a silent one listens and no more. */
struct said {
  unsigned type; /* 0: it hangs up */
  uint64_t waiting, active;
  const char *text;
};

static void answer(int sock, const struct said *s) {
  struct frame_reader reader = {.protocol = &ctl_protocol};
  struct frame f;
  struct ctl_request order;
  struct ctl_reply reply = {.waiting = s->waiting, .active = s->active, .text = text_of(s->text)};
  stralloc payload = {0};
  if (frame_receive(&reader, sock, &f, LIMIT_MS) != FRAME_READY || f.type != CTL_START) _exit(1);
  if (ctl_read_request(&order, f.payload) == -1 || !text_equals(order.destination, "a.example")) _exit(2);
  if (s->type == 0) _exit(0);
  if (ctl_put_reply(&payload, &reply) == -1) _exit(3);
  if (frame_send(sock, &ctl_protocol, s->type, text_of_stralloc(&payload), -1, LIMIT_MS) == -1) _exit(4);
  _exit(0);
}

static pid_t start_runner(const struct said *s) {
  int listener = unixsock_listen(settings.etrn_socket.s, 0600, 1);
  assert_true(listener >= 0);
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) answer(accept(listener, NULL, NULL), s);
  assert_true(pid > 0);
  close(listener);
  return pid;
}

static void end_runner(pid_t pid) {
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  unlink(settings.etrn_socket.s);
}

/* ---- asking */

static void expect(const char *node, unsigned code, const char *text) {
  struct doorkeeper k;
  struct door_request r = {.node = text_of(node)};
  doorkeeper_open(&k, &settings, &client, &clock_system, &silent);
  struct outcome o = etrn_start(&k, &r);
  assert_false(o.malformed);
  assert_true(result_is_valid(&o.answer.result));
  if (o.answer.result.reply_code != code)
    fail_msg("%s: %u, not %u", node, (unsigned)o.answer.result.reply_code, code);
  assert_text(o.answer.result.text, text_of(text));
  doorkeeper_close(&k);
}

static void the_runners_answer_is_the_reply(void **state) {
  static const struct {
    struct said said;
    unsigned code;
    const char *text;
  } cases[] = {
    {{CTL_OK, 3, 1, NULL}, 253, "3 pending messages for a.example started"},
    {{CTL_OK, 1, 0, NULL}, 253, "1 pending message for a.example started"},
    {{CTL_OK, 0, 2, NULL}, 250, "queuing for a.example has started before"},
    {{CTL_OK, 0, 0, NULL}, 251, "no messages waiting for a.example"},
    {{CTL_ERROR, 0, 0, "it is held"}, 458, "unable to queue messages for a.example: it is held"},
    {{CTL_TOTALS, 9, 0, NULL}, 458, "unable to queue messages for a.example: the queue does not answer"},
    {{0, 0, 0, NULL}, 458, "unable to queue messages for a.example: the queue does not answer"},
  };
  (void)state;
  set_rules("192.0.2.7", "a.example:192.0.2.0/24\n");
  for (size_t i = 0; i < COUNT(cases); i++) {
    pid_t runner = start_runner(&cases[i].said);
    expect("a.example", cases[i].code, cases[i].text);
    end_runner(runner);
  }
}

static void a_runner_that_is_down_or_silent_is_not_waited_for(void **state) {
  (void)state;
  const char *words = "unable to queue messages for a.example: the queue does not answer";
  set_rules("192.0.2.7", "a.example:192.0.2.7\n");
  expect("a.example", 458, words);
  int listener = unixsock_listen(settings.etrn_socket.s, 0600, 1);
  expect("a.example", 458, words);
  close(listener);
  unlink(settings.etrn_socket.s);
}

static void strangers_get_459(void **state) {
  (void)state;
  set_rules("192.0.2.7", "b.example:192.0.2.7\na.example:192.0.2.8\n");
  expect("a.example", 459, "node a.example not allowed: it is not for this client");
  set_rules("", "a.example:0.0.0.0/0\n");
  expect("a.example", 459, "node a.example not allowed: it is not for this client");
}

static void asking_waits_for_the_end_of_the_transaction(void **state) {
  struct doorkeeper k;
  struct door_request r = {.node = text_of("a.example")};
  (void)state;
  doorkeeper_open(&k, &settings, &client, &clock_system, &silent);
  k.state = DOORKEEPER_GRANTED;
  assert_int_equal(etrn_start(&k, &r).answer.result.reply_code, 503);
  k.state = DOORKEEPER_IDLE;
  doorkeeper_close(&k);
}

static void what_is_no_node_or_more_ends_the_session(void **state) {
  static const char *const nodes[] = {"", "#q", "a@b", "a b", "@", "local/bob"};
  struct doorkeeper k;
  (void)state;
  doorkeeper_open(&k, &settings, &client, &clock_system, &silent);
  for (size_t i = 0; i < COUNT(nodes); i++) {
    struct door_request r = {.node = text_of(nodes[i])};
    assert_true(etrn_start(&k, &r).malformed);
  }
  struct door_request more = {.node = text_of("a.example"), .octets = 1};
  assert_true(etrn_start(&k, &more).malformed);
  doorkeeper_close(&k);
}

static void rules_say_who_may_ask_for_what(void **state) {
  static const struct {
    const char *address, *node;
    bool allowed;
  } cases[] = {
    {"192.0.2.7", "a.example", true},       {"192.0.2.7", "A.Example", true},
    {"192.0.2.7", "x.a.example", false},    {"192.0.2.7", "@a.example", false},
    {"192.0.2.8", "a.example", false},      {"2001:db8::1", "a.example", true},
    {"2001:db9::1", "a.example", false},    {"198.51.100.1", "b.example", false},
    {"198.51.100.1", "x.b.example", true},  {"198.51.100.1", "xb.example", false},
    {"198.51.100.1", "@b.example", false},  {"198.51.100.1", "@x.b.example", true},
    {"203.0.113.1", "@b.example", true},    {"203.0.113.1", "b.example", true},
    {"192.0.2.9", "[192.0.2.9]", true},     {"2001:db8::9", "[IPv6:2001:db8::9]", true},
    {"192.0.2.1", "a.example", false},
  };
  (void)state;
  set_rules("", "a.example:192.0.2.7\na.example:2001:db8::/32\n.b.example:198.51.100.0/24\n"
                "b.example:203.0.113.0/24\n.b.example:203.0.113.1\n[192.0.2.9]:192.0.2.9\n"
                "[IPv6:2001:db8::9]:[2001:db8::9]\n");
  for (size_t i = 0; i < COUNT(cases); i++) {
    assert_true(stralloc_copys(&client.address, cases[i].address));
    if (nodes_allow(&settings, &client, text_of(cases[i].node)) != cases[i].allowed)
      fail_msg("%s, %s", cases[i].address, cases[i].node);
  }
  assert_false(nodes_has_client(&settings, &client));
  settings.relayclient = text_of("");
  assert_true(nodes_has_client(&settings, &client));
  assert_true(nodes_allow(&settings, &client, text_of("@a.example")));
  settings.relayclient = TEXT_ABSENT;
}

static void a_line_that_is_no_rule_is_an_error(void **state) {
  static const char *const bad[] = {"a.example", "a.example:", "a.example:b", ":192.0.2.1", ".:192.0.2.1",
                                    "@a:192.0.2.1", "a.example:192.0.2.1/24", "[1.2.3:192.0.2.1", "a b:192.0.2.1"};
  char path[200], line[64];
  (void)state;
  setenv("OWLPOST_CONTROL", folder, 1);
  snprintf(path, sizeof path, "%s/etrnclients", folder);
  for (size_t i = 0; i < COUNT(bad); i++) {
    struct control c;
    struct list l = {0};
    FILE *f = fopen(path, "w");
    snprintf(line, sizeof line, "%s\n", bad[i]);
    assert_true(f && fputs(line, f) >= 0 && fclose(f) == 0);
    assert_int_equal(control_open(&c), 0);
    if (nodes_load(&l, &c) != -1) fail_msg("%s", bad[i]);
    assert_non_null(strstr(c.error.s, "etrnclients"));
    control_free(&c);
  }
  unlink(path);
}

static int set_up(void **state) {
  char path[200];
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/etrn", folder);
  settings.timeoutrcpt_s = 1;
  return stralloc_copys(&settings.etrn_socket, path) && stralloc_0(&settings.etrn_socket) &&
             stralloc_copys(&settings.rcpt_socket, path) && stralloc_0(&settings.rcpt_socket)
           ? 0
           : -1;
}

static int tear_down(void **state) {
  (void)state;
  settings_free(&settings);
  client_free(&client);
  stralloc_free(&silent.line);
  return rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_runners_answer_is_the_reply),
    cmocka_unit_test(a_runner_that_is_down_or_silent_is_not_waited_for),
    cmocka_unit_test(strangers_get_459),
    cmocka_unit_test(asking_waits_for_the_end_of_the_transaction),
    cmocka_unit_test(what_is_no_node_or_more_ends_the_session),
    cmocka_unit_test(rules_say_who_may_ask_for_what),
    cmocka_unit_test(a_line_that_is_no_rule_is_an_error),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
