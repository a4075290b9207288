/* testmailbox.h - a test's Maildir as a mailbox shows it */
#ifndef OWL_MAILBOX_TESTMAILBOX_H
#define OWL_MAILBOX_TESTMAILBOX_H

#include <sys/stat.h>
#include "mailbox/mailbox.h"
#include "mailbox/testmaildir.h"

static inline void rename_file(const char *from, const char *to) {
  assert_int_equal(rename(test_maildir_path(from), test_maildir_path(to)), 0);
}

static inline struct text name_of(const struct mailbox *m, size_t i) { return text_of(m->names.s + m->messages[i].name_at); }

/* "UID NAME, UID NAME" */
static inline void assert_list(const struct mailbox *m, const char *expected) {
  char got[4096] = "";
  for (size_t i = 0; i < m->count; i++) {
    size_t len = strlen(got);
    snprintf(got + len, sizeof got - len, "%s%u %s", i ? ", " : "", m->messages[i].uid, name_of(m, i).s);
  }
  assert_string_equal(got, expected);
}

static inline void open_and_expect(const char *expected) {
  struct mailbox m;
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  assert_list(&m, expected);
  mailbox_close(&m);
}

/* As if the folders had last been changed long ago: only then can a look be sure. */
static inline void set_time(time_t seconds, long nanoseconds) {
  const struct timespec then[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
  assert_int_equal(utimensat(AT_FDCWD, test_maildir_path("new"), then, 0), 0);
  assert_int_equal(utimensat(AT_FDCWD, test_maildir_path("cur"), then, 0), 0);
}

static inline void settle(void) { set_time(1700000000, 0); }

static inline uint32_t validity_now(void) {
  struct mailbox m;
  assert_int_equal(mailbox_open(&m, test_maildir), 0);
  assert_int_equal(mailbox_read_log(&m), 0);
  uint32_t validity = m.log.lines.validity;
  mailbox_close(&m);
  return validity;
}

static inline void assert_uidl(const struct mailbox *m, size_t i, const char *expected) {
  stralloc uidl = {0};
  assert_int_equal(mailbox_uidl(m, i, &uidl), 0);
  assert_text(text_of_stralloc(&uidl), text_of(expected));
  stralloc_free(&uidl);
}

/* No look can be sure while folders seem to have been changed just now. */
static inline void unsettle(void) { set_time(4000000000, 0); }

#endif
