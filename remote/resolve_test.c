/* Look-ups at a name server of our own: a child on loopback, by UDP and TCP. */
#include "config.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/bigendian.h"
#include "lib/iofd.h"
#include "remote/resolve.h"

enum { HEADER_OCTETS = 12, PACKET_MAX = 4096, MX = 15, TXT = 16, A = 1, AAAA = 28, LIMIT_S = 30 };

/* What the server says: to this name and type, or to another name of its own */
#define RECORD(TYPE, LEN, DATA) "\300\14\0" TYPE "\0\1\0\0\0\1\0" LEN DATA
#define BY(PREFERENCE, LETTER) RECORD("\17", "\5", "\0" PREFERENCE "\1" LETTER "\0")
#define HAS(DATA) RECORD("\1", "\4", DATA)
#define OK "\201\200"
#define VOUCHED_FOR "\201\240"
#define CUT_OFF "\203\200"
#define NO_NAME "\201\203"
#define SERVFAIL "\201\202"
#define REFUSED "\201\205"
#define LAME "\201\0"
static const struct script {
  const char *name; /* first label */
  int type;
  const char *flags;
  unsigned answers;
  const char *octets;
  size_t len;
  bool tcp; /* by TCP alone; by UDP it is cut off */
} scripts[] = {
#define SAYS(NAME, TYPE, FLAGS, ANSWERS, OCTETS, TCP) {NAME, TYPE, FLAGS, ANSWERS, OCTETS, sizeof(OCTETS) - 1, TCP}
  SAYS("two", MX, OK, 2, BY("\24", "b") BY("\12", "a"), false),
  SAYS("signed", MX, VOUCHED_FOR, 1, BY("\12", "a"), false),
  SAYS("large", MX, OK, 2, BY("\24", "b") BY("\12", "a"), true),
  SAYS("xn--bcher-kva", MX, OK, 1, BY("\12", "u"), false),
  SAYS("empty", MX, OK, 0, "", false),
  SAYS("gone", MX, NO_NAME, 0, "", false),
  SAYS("broken", MX, SERVFAIL, 0, "", false),
  SAYS("refused", MX, REFUSED, 0, "", false),
  SAYS("lame", MX, LAME, 0, "", false),
  SAYS("mangled", MX, OK, 2, BY("\24", "b"), false),
  SAYS("other", MX, OK, 1, RECORD("\5", "\7", "\4next\300\22"), false),
  SAYS("next", MX, VOUCHED_FOR, 1, BY("\12", "n"), false),
  SAYS("round", MX, OK, 1, RECORD("\5", "\7", "\4ring\300\22"), false),
  SAYS("ring", MX, OK, 1, RECORD("\5", "\10", "\5round\300\21"), false),
  SAYS("both", A, VOUCHED_FOR, 2, HAS("\1\2\3\4") HAS("\5\6\7\10"), false),
  SAYS("both", AAAA, VOUCHED_FOR, 1, RECORD("\34", "\20", "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1"), false),
  SAYS("half", A, VOUCHED_FOR, 1, HAS("\1\2\3\4"), false),
  SAYS("half", AAAA, SERVFAIL, 0, "", false),
  SAYS("doubt", A, OK, 0, "", false),
  SAYS("doubt", AAAA, SERVFAIL, 0, "", false),
  SAYS("none", A, OK, 0, "", false),
  SAYS("none", AAAA, OK, 0, "", false),
  SAYS("texts", TXT, OK, 3, RECORD("\20", "\6", "\2v=\2x;") RECORD("\20", "\3", "\5ab") RECORD("\20", "\2", "\1\0"), false),
  SAYS("notexts", TXT, NO_NAME, 0, "", false),
  SAYS("nobody", A, NO_NAME, 0, "", false),
  SAYS("nobody", AAAA, NO_NAME, 0, "", false),
#undef SAYS
};

/* ---- the server */

static const struct script *find(const char *question) {
  size_t len = (unsigned char)question[HEADER_OCTETS];
  const char *name = question + HEADER_OCTETS + 1;
  const char *type = memchr(name, 0, 256);
  for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
    if (strlen(scripts[i].name) == len && memcmp(scripts[i].name, name, len) == 0 &&
        get_u16(type + 1) == scripts[i].type)
      return &scripts[i];
  return NULL;
}

/* A question as every one has to be: recursion and AD wanted, EDNS behind it. */
static bool is_as_wanted(const char *question, size_t len) {
  const char *end = memchr(question + HEADER_OCTETS, 0, len - HEADER_OCTETS);
  return get_u16(question + 2) == 0x0120 && get_u16(question + 4) == 1 && get_u16(question + 10) == 1 &&
         end && end + 5 + 11 == question + len && get_u16(end + 5 + 1) == 41 && get_u16(end + 5 + 3) == 1232;
}

/* Makes the answer in place.  0: none. */
static size_t answer(char *packet, size_t len, bool tcp) {
  if (len < HEADER_OCTETS + 5 || !is_as_wanted(packet, len)) return 0;
  const struct script *s = find(packet);
  if (!s) return 0;
  bool cut = s->tcp && !tcp;
  memcpy(packet + 2, cut ? CUT_OFF : s->flags, 2);
  put_u16(packet + 6, (uint16_t)(cut ? 0 : s->answers));
  put_u16(packet + 10, 0);
  len -= 11;
  if (cut) return len;
  memcpy(packet + len, s->octets, s->len);
  return len + s->len;
}

static void serve_udp(int fd) {
  char packet[PACKET_MAX];
  struct sockaddr_storage from;
  socklen_t size = sizeof from;
  ssize_t n = recvfrom(fd, packet, PACKET_MAX / 2, 0, (struct sockaddr *)&from, &size);
  size_t len = n > 0 ? answer(packet, (size_t)n, false) : 0;
  if (len) (void)!sendto(fd, packet, len, 0, (struct sockaddr *)&from, size);
}

static void serve_tcp(int listener) {
  char packet[PACKET_MAX], size[2];
  int fd = accept(listener, NULL, NULL);
  if (fd == -1) return;
  if (read(fd, size, 2) == 2 && read(fd, packet, get_u16(size)) == get_u16(size)) {
    size_t len = answer(packet, get_u16(size), true);
    put_u16(size, (uint16_t)len);
    if (len && write(fd, size, 2) == 2) (void)!write(fd, packet, len);
  }
  close(fd);
}

static void serve(int udp, int tcp) {
  for (;;) {
    struct pollfd p[] = {{udp, POLLIN, 0}, {tcp, POLLIN, 0}};
    if (poll(p, 2, -1) == -1) continue;
    if (p[0].revents) serve_udp(udp);
    if (p[1].revents) serve_tcp(tcp);
  }
}

static int bound(int kind, struct sockaddr_storage *a, socklen_t *len) {
  int fd = socket(AF_INET, kind, 0);
  if (fd != -1 && bind(fd, (struct sockaddr *)a, *len) == 0 && (kind == SOCK_DGRAM || listen(fd, 16) == 0))
    if (getsockname(fd, (struct sockaddr *)a, len) == 0) return fd;
  if (fd != -1) close(fd);
  return -1;
}

static pid_t server;

static int begin(void **state) {
  const struct ip loopback = {AF_INET, {127, 0, 0, 1}};
  struct sockaddr_storage a;
  char where[100] = "127.0.0.1:";
  int udp = -1, tcp = -1;
  (void)state;
  for (int tries = 0; tries < 100 && tcp == -1; tries++) {
    socklen_t len = ip_to_sockaddr(&a, &loopback, 0);
    if (udp != -1) close(udp);
    udp = bound(SOCK_DGRAM, &a, &len);
    tcp = bound(SOCK_STREAM, &a, &len);
  }
  char *port = (char *)&a + 2; /* of a sockaddr_in */
  where[10 + fmt_ulong(where + 10, get_u16(port))] = 0;
  if (tcp == -1 || setenv("DNSCACHEIP", where, 1) == -1) return -1;
  server = fork();
  if (server == 0) serve(udp, tcp);
  close(udp);
  close(tcp);
  return server == -1 ? -1 : 0;
}

static int end(void **state) {
  (void)state;
  kill(server, SIGKILL);
  return waitpid(server, NULL, 0) == server ? 0 : -1;
}

/* ---- the tests */

static const struct {
  const char *domain;
  enum resolve_status status;
  bool authenticated;
  const char *first;
  size_t count;
  const char *problem;
} domains[] = {
  {"two.test", RESOLVE_FOUND, false, "a", 2, NULL},
  {"signed.test", RESOLVE_FOUND, true, "a", 1, NULL},
  {"large.test", RESOLVE_FOUND, false, "a", 2, NULL},
  {"b\303\274cher.test", RESOLVE_FOUND, false, "u", 1, NULL},
  {"B\303\234CHER.test", RESOLVE_FOUND, false, "u", 1, NULL},
  {"\377.test", RESOLVE_NO_NAME, false, NULL, 0, NULL},
  {"empty.test", RESOLVE_NONE, false, NULL, 0, NULL},
  {"gone.test", RESOLVE_NO_NAME, false, NULL, 0, NULL},
  {"no name", RESOLVE_NO_NAME, false, NULL, 0, NULL},
  {"", RESOLVE_NO_NAME, false, NULL, 0, NULL},
  {"broken.test", RESOLVE_TEMPORARY, false, NULL, 0, "the name server failed (SERVFAIL)"},
  {"refused.test", RESOLVE_TEMPORARY, false, NULL, 0, "the name server refused to answer (REFUSED)"},
  {"lame.test", RESOLVE_TEMPORARY, false, NULL, 0, "the name server has no answer and knows no other"},
  {"mangled.test", RESOLVE_TEMPORARY, false, NULL, 0, "the answer is malformed"},
  {"other.test", RESOLVE_FOUND, false, "n", 1, NULL}, /* the alias is not vouched for */
  {"round.test", RESOLVE_TEMPORARY, false, NULL, 0, "too many aliases"},
};

static void mail_exchangers(void **state) {
  struct mx_set set;
  (void)state;
  for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
    print_message("%s\n", domains[i].domain);
    struct lookup l = resolve_mx(&set, text_of(domains[i].domain), LIMIT_S);
    assert_int_equal(l.status, domains[i].status);
    assert_int_equal(l.authenticated, domains[i].authenticated);
    assert_int_equal(set.count, domains[i].count);
    if (set.count) assert_string_equal(set.hosts[0].name, domains[i].first);
    if (domains[i].problem) assert_string_equal(l.problem, domains[i].problem);
  }
}

/* In one go. */
static void hosts(void **state) {
  struct host h[] = {{.name = text_of("both.test")},  {.name = text_of("half.test")},
                     {.name = text_of("doubt.test")}, {.name = text_of("none.test")},
                     {.name = text_of("nobody.test")}};
  (void)state;
  resolve_hosts(h, 5, LIMIT_S);
  assert_int_equal(h[0].found.status, RESOLVE_FOUND);
  assert_true(h[0].found.authenticated);
  assert_int_equal(h[0].list.count, 3);
  assert_int_equal(h[0].list.ips[0].family, AF_INET6);
  assert_int_equal(h[0].list.ips[1].octets[0], 1);
  assert_int_equal(h[0].list.ips[2].octets[0], 5);
  assert_int_equal(h[1].found.status, RESOLVE_FOUND);
  assert_true(h[1].found.authenticated); /* the answer that there is */
  assert_int_equal(h[1].list.count, 1);
  assert_int_equal(h[2].found.status, RESOLVE_TEMPORARY);
  assert_int_equal(h[3].found.status, RESOLVE_NONE);
  assert_int_equal(h[4].found.status, RESOLVE_NO_NAME);
}

static void cat_record(void *context, struct text record) {
  if (text_cat(context, record) == -1 || !stralloc_cats(context, "|")) abort();
}

/* Strings that overrun their record make it none. */
static void texts(void **state) {
  (void)state;
  stralloc found = {0};
  assert_int_equal(resolve_txt(text_of("texts.test"), LIMIT_S, cat_record, &found).status, RESOLVE_FOUND);
  assert_int_equal(found.len, 7);
  assert_memory_equal(found.s, "v=x;|\0|", 7);
  assert_int_equal(resolve_txt(text_of("notexts.test"), LIMIT_S, cat_record, &found).status, RESOLVE_NO_NAME);
  assert_int_equal(found.len, 7);
  stralloc_free(&found);
}

static void a_silent_server_ends_at_the_limit(void **state) {
  struct mx_set set;
  uint64_t limit = io_deadline(1000 * LIMIT_S);
  (void)state;
  struct lookup l = resolve_mx(&set, text_of("silent.test"), 1);
  assert_int_equal(l.status, RESOLVE_TEMPORARY);
  assert_string_equal(l.problem, "no name server answers in time");
  assert_true(io_remaining_ms(limit) > 0);
}

static void nobody_listens(void **state) {
  char *before = getenv("DNSCACHEIP");
  char *copy = before ? strdup(before) : NULL;
  struct mx_set set;
  (void)state;
  assert_non_null(copy);
  assert_int_equal(setenv("DNSCACHEIP", "127.0.0.1:1", 1), 0);
  struct lookup l = resolve_mx(&set, text_of("two.test"), LIMIT_S);
  assert_int_equal(l.status, RESOLVE_TEMPORARY);
  assert_string_equal(l.problem, "no name server can be reached");
  assert_int_equal(setenv("DNSCACHEIP", "nonsense", 1), 0);
  l = resolve_mx(&set, text_of("two.test"), LIMIT_S);
  assert_int_equal(l.status, RESOLVE_TEMPORARY);
  assert_int_equal(setenv("DNSCACHEIP", copy, 1), 0);
  free(copy);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(mail_exchangers), cmocka_unit_test(hosts), cmocka_unit_test(texts),
                                     cmocka_unit_test(a_silent_server_ends_at_the_limit),
                                     cmocka_unit_test(nobody_listens)};
  return cmocka_run_group_tests(tests, begin, end);
}
