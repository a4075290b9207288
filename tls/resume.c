#include "config.h"
#include "tls/resume.h"
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include "tls/netbio.h"

/* ---- who keeps */

static int answer_key(struct resume_seat *seat, const struct sessions *s, const unsigned char *key, unsigned char *answer, uint64_t now_s) {
  seat->asked = true;
  seat->checked_s = now_s;
  memcpy(seat->key, key, SESSIONS_KEY);
  answer[0] = 'S';
  return 1 + (int)sessions_get(s, key, answer + 1, SESSIONS_MAX, now_s, &seat->checked_s);
}

int resume_serve(struct resume_seat *seat, struct sessions *s, const unsigned char *packet, size_t len,
                 unsigned char *answer, uint64_t now_s) {
  if (!seat->asked) return len == SESSIONS_KEY ? answer_key(seat, s, packet, answer, now_s) : -1;
  if (len < 2 || len > RESUME_PACKET || packet[0] != 'S' || seat->puts == RESUME_PUTS) return -1;
  seat->puts++;
  sessions_put(s, seat->key, packet + 1, len - 1, seat->checked_s);
  return 0;
}

/* ---- the child */

static int place(void) {
  static int at = -1;
  if (at == -1) at = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
  return at;
}

/* A new session, also in the midst of the plaintext.  OpenSSL frees it. */
static int give_back(SSL *ssl, SSL_SESSION *session) {
  unsigned char packet[RESUME_PACKET], *to = packet + 1;
  const int *fd = SSL_get_ex_data(ssl, place());
  int len = fd && SSL_SESSION_is_resumable(session) ? i2d_SSL_SESSION(session, NULL) : 0;
  if (len <= 0 || len > SESSIONS_MAX) return 0;
  packet[0] = 'S';
  i2d_SSL_SESSION(session, &to);
  if (socket_give(*fd, packet, (size_t)len + 1) == -1) SSL_set_ex_data(ssl, place(), NULL);
  OPENSSL_cleanse(packet, sizeof packet);
  return 0;
}

void resume_prepare(SSL_CTX *context) {
  place();
  SSL_CTX_sess_set_new_cb(context, give_back);
}

/* The octets of the answer, or 0. */
static size_t ask(int fd, const unsigned char key[SESSIONS_KEY], unsigned char *answer) {
  struct pollfd p = {.fd = fd, .events = POLLIN};
  if (socket_give(fd, key, SESSIONS_KEY) != SESSIONS_KEY) return 0;
  if (poll(&p, 1, RESUME_WAIT_MS) != 1) return 0;
  ssize_t got = socket_take(fd, answer, RESUME_PACKET);
  return got > 0 ? (size_t)got : 0;
}

static void use(SSL *ssl, const unsigned char *octets, size_t len) {
  SSL_SESSION *session = d2i_SSL_SESSION(NULL, &octets, (long)len);
  if (session && SSL_SESSION_is_resumable(session)) SSL_set_session(ssl, session);
  SSL_SESSION_free(session);
  ERR_clear_error();
}

static bool get_session(SSL *ssl, const struct tls_request *r, const int *fd) {
  unsigned char key[SESSIONS_KEY], answer[RESUME_PACKET];
  size_t len = sessions_key(r, key) ? ask(*fd, key, answer) : 0;
  if (len == 0 || answer[0] != 'S') return false;
  if (len > 1) use(ssl, answer + 1, len - 1);
  OPENSSL_cleanse(answer, sizeof answer);
  return SSL_set_ex_data(ssl, place(), (void *)(uintptr_t)fd) == 1;
}

void resume_begin(SSL *ssl, const struct tls_request *r, int *fd) {
  if (get_session(ssl, r, fd)) return;
  close(*fd);
  *fd = -1;
}
