#include "config.h"
#include "tls/keeper.h"
#include <stdlib.h>
#include <unistd.h>
#include "lib/plaintest.h"
#include "tls/netbio.h"

enum { SEATS = 3 };

static unsigned char packet[RESUME_PACKET + 1];

static void say(int child, char octet, size_t len) {
  memset(packet, octet, len);
  assert_int_equal(socket_give(child, packet, len), len);
}

/* What the keeper answers: its length, or -1. */
static ssize_t hear(int child) {
  return socket_take(child, packet, sizeof packet);
}

static void turn(struct keeper *k) {
  struct pollfd polls[SEATS];
  keeper_polls(k, polls);
  assert_true(poll(polls, k->count, 0) >= 0);
  keeper_serve(k, polls);
}

static void end(struct keeper *k) {
  for (unsigned i = 0; i < k->count; i++) close(k->seats[i].fd);
  sessions_free(k->sessions);
  free(k->seats);
}

static void seats_are_given_up_one_by_one(void **state) {
  (void)state;
  struct keeper k;
  int child[SEATS];
  unsigned before = open_descriptors();
  assert_int_equal(keeper_open(&k, SEATS), 0);
  for (int i = 0; i < SEATS; i++) assert_true((child[i] = keeper_seat(&k)) >= 0);
  assert_int_equal(keeper_seat(&k), -1);
  for (int i = 0; i < SEATS; i++) say(child[i], (char)('a' + i), SESSIONS_KEY);
  turn(&k);
  for (int i = 0; i < SEATS; i++) assert_int_equal(hear(child[i]), 1);
  close(child[0]);
  say(child[1], 'x', 9); /* is neither a key nor a session */
  say(child[2], 'S', 9);
  turn(&k);
  assert_int_equal(k.count, 1);
  assert_int_equal(hear(child[1]), 0);
  say(child[2], 'S', 5);
  turn(&k);
  close(child[1]);
  close(child[2]);
  turn(&k);
  assert_int_equal(k.count, 0);
  child[0] = keeper_seat(&k);
  say(child[0], 'c', SESSIONS_KEY);
  turn(&k);
  assert_int_equal(hear(child[0]), 1 + 4);
  close(child[0]);
  end(&k);
  assert_int_equal(open_descriptors(), before);
}

static void nobody_has_to_say_anything(void **state) {
  (void)state;
  struct keeper k;
  assert_int_equal(keeper_open(&k, SEATS), 0);
  int child = keeper_seat(&k);
  turn(&k);
  assert_int_equal(k.count, 1);
  say(child, 'a', SESSIONS_KEY + 1);
  turn(&k);
  assert_int_equal(k.count, 0);
  close(child);
  end(&k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(seats_are_given_up_one_by_one),
    cmocka_unit_test(nobody_has_to_say_anything),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
