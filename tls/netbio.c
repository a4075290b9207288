#include "config.h"
#include "tls/netbio.h"
#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

ssize_t socket_take(int fd, void *to, size_t size) {
  struct iovec part = {to, size};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
  return recvmsg(fd, &m, MSG_DONTWAIT);
}

ssize_t socket_give(int fd, const void *octets, size_t len) {
  struct iovec part = {(void *)(uintptr_t)octets, len};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
  return sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int descriptor_of(BIO *b) { return (int)(intptr_t)BIO_get_data(b); }

static int is_pause(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

static int take(BIO *b, char *to, int size) {
  ssize_t n = socket_take(descriptor_of(b), to, size > 0 ? (size_t)size : 0);
  BIO_clear_retry_flags(b);
  if (n == -1 && is_pause()) BIO_set_retry_read(b);
  if (n == 0) BIO_set_flags(b, BIO_FLAGS_IN_EOF);
  return (int)n;
}

static int give(BIO *b, const char *octets, int len) {
  ssize_t n = socket_give(descriptor_of(b), octets, len > 0 ? (size_t)len : 0);
  BIO_clear_retry_flags(b);
  if (n == -1 && is_pause()) BIO_set_retry_write(b);
  return (int)n;
}

static long control(BIO *b, int what, long number, void *pointer) {
  (void)number, (void)pointer;
  if (what == BIO_CTRL_EOF) return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
  return what == BIO_CTRL_FLUSH || what == BIO_CTRL_DUP;
}

static BIO_METHOD *method;

int netbio_prepare(void) {
  if (method) return 1;
  BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "network");
  if (!m || !BIO_meth_set_write(m, give) || !BIO_meth_set_read(m, take) || !BIO_meth_set_ctrl(m, control))
    return BIO_meth_free(m), 0;
  method = m;
  return 1;
}

BIO *netbio_new(int fd) {
  BIO *b = method ? BIO_new(method) : NULL;
  if (!b) return NULL;
  BIO_set_data(b, (void *)(intptr_t)fd);
  BIO_set_init(b, 1);
  return b;
}
