#include "config.h"
#include "tls/published.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/iowait.h"
#include "lib/passfd.h"
#include "lib/sandbox.h"
#include "tls/client.h"
#include "tls/failure.h"
#include "tls/rehearsal.h"
#include "tls/say.h"

enum { ANSWER_LIMIT_MS = 300000, CPU_S = 30, ANSWER_MAX = TLSWIRE_TLSA * (TLSWIRE_TLSA_MAX + 1) + 16 };

static const struct kind {
  const char *name, *signatures; /* that the client takes: which certificate it gets */
} kinds[] = {{"ECDSA", "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512"}, {"RSA", "RSA-PSS+SHA256:RSA+SHA256"}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* It goes with us. */
static pid_t fork_child(void) {
  pid_t pid = fork();
  if (pid == 0) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  return pid;
}

/* ---- owl-tlsa */

static _Noreturn void become_asker(const char *me, int answer) {
  static char program[SETTINGS_PATH];
  const char *folder = getenv("OWLPOST_LIBEXEC");
  snprintf(program, sizeof program, "%s/owl-tlsa", folder && *folder ? folder : LIBEXEC_DIR);
  if (dup2(answer, STDOUT_FILENO) != -1) execl(program, "owl-tlsa", me, "25", (char *)NULL);
  say("unable to run %s: %s", program, strerror(errno));
  _exit(TOOL_SYSTEM);
}

/* The descriptor with the answer, or -1. */
static int ask(const char *me) {
  int answer[2];
  if (pipe2(answer, O_CLOEXEC) == -1) return -1;
  pid_t pid = fork_child();
  if (pid == 0) become_asker(me, answer[1]);
  close(answer[1]);
  if (pid != -1) return answer[0];
  close(answer[0]);
  return -1;
}

/* All of it as one string; "" for none. */
static void read_answer(int fd, char text[ANSWER_MAX + 1]) {
  uint64_t deadline = io_deadline(ANSWER_LIMIT_MS);
  size_t len = 0;
  for (ssize_t n = 1; n > 0 && len < ANSWER_MAX; len += n > 0 ? (size_t)n : 0)
    n = io_read(fd, text + len, ANSWER_MAX - len, io_remaining_ms(deadline));
  text[len] = 0;
}

/* true: there are records, though perhaps none that counts. */
static bool take_records(struct tls_request *r, char *text) {
  char *rest, *line = strtok_r(text, "\n", &rest);
  if (!line || strcmp(line, "found") != 0) return false;
  while (r->tlsa_count < TLSWIRE_TLSA && (line = strtok_r(NULL, "\n", &rest)))
    snprintf(r->tlsa[r->tlsa_count++], TLSWIRE_TLSA_MAX + 1, "%s", line);
  return true;
}

/* ---- */

static bool rehearse(const struct published *p, const struct tls_request *r, const struct kind *kind, struct tls_facts *f) {
  int ret = -1;
  *f = (struct tls_facts){0};
  SSL *server = server_open(p->server_context, p->server, r, f), *client = client_open(p->client_context, r, f);
  bool begun = server && client && SSL_set1_sigalgs_list(client, kind->signatures) == 1;
  if (begun && rehearsal_run(client, server, &ret)) client_facts(client, r, f);
  else if (begun) failure_of_handshake(client, ret, f);
  SSL_free(client);
  SSL_free(server);
  ERR_clear_error();
  return f->ok;
}

static void warn_none(const struct published *p) {
  say("warning: none of the TLSA records of _25._tcp.%s counts for mail (RFC 7672 3.1)", p->me);
}

static void compare(const struct published *p, const struct tls_request *r, const struct kind *kind) {
  static struct tls_facts f;
  if (!rehearse(p, r, kind, &f))
    say("warning: the %s certificate for %s does not match the TLSA records of _25._tcp.%s: %s", kind->name, p->me, p->me, f.error);
  else if (!f.verified[0]) warn_none(p);
  else say("the %s certificate for %s matches the TLSA records of _25._tcp.%s", kind->name, p->me, p->me);
}

static bool take_channel(const struct published *p) {
  int pair[2], keep[] = {0, 1, 2, p->signer};
  sandbox_close_others(keep, sizeof keep / sizeof keep[0]);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1) return false;
  bool sent = passfd_send(p->signer, "", 1, pair[0]) != -1;
  close(pair[0]);
  close(p->signer); /* it ends when nobody has this any more */
  p->channel->fd = pair[1];
  return sent;
}

static bool shut_in(void) {
  struct sandbox box = {.cpu_s = CPU_S, .openssl = true};
  if (sandbox_enter(&box) == 0) return true;
  say("unable to compare with published TLSA records: unable to %s: %s", box.step, strerror(errno));
  return false;
}

/* A handshake without records comes first, for each kind: to know whether there is
 * one, and since OpenSSL may want what is forbidden afterwards. */
static void run(const struct published *p) {
  static struct tls_request r;
  static struct tls_facts f;
  static char text[ANSWER_MAX + 1];
  bool has[KINDS];
  snprintf(r.sni, sizeof r.sni, "%s", p->me);
  for (unsigned k = 0; k < KINDS; k++) has[k] = rehearse(p, &r, &kinds[k], &f);
  int answer = ask(p->me);
  if (answer == -1 || !shut_in()) return;
  read_answer(answer, text);
  if (!take_records(&r, text)) return;
  if (r.tlsa_count == 0) warn_none(p);
  r.check = TLS_CHECK_DANE;
  r.names_count = 1;
  memcpy(r.names[0], r.sni, sizeof r.names[0]);
  for (unsigned k = 0; k < KINDS && r.tlsa_count; k++)
    if (has[k]) compare(p, &r, &kinds[k]);
}

/* ---- */

/* Who is shut in can write no log that is a file. */
static void write_for(int lines) {
  char octets[SAY_MAX];
  for (ssize_t n; (n = io_read(lines, octets, sizeof octets, IO_FOREVER)) > 0;)
    if (io_write_all(STDERR_FILENO, octets, (size_t)n, IO_FOREVER) == -1) return;
}

static void compare_and_say(const struct published *p) {
  int lines[2];
  if (!take_channel(p) || pipe2(lines, O_CLOEXEC) == -1) return;
  pid_t pid = fork_child();
  if (pid == 0 && dup2(lines[1], STDERR_FILENO) != -1) run(p);
  close(lines[1]);
  if (pid > 0) write_for(lines[0]);
}

void published_compare(const struct published *p) {
  if (fork_child() != 0) return;
  prctl(PR_SET_NAME, "owl-tlsd: TLSA", 0, 0, 0);
  compare_and_say(p);
  _exit(0);
}
