/* testing.h - what the unit tests of this folder share: temporary folders and
 * users.  A step that fails ends the test program. */
#ifndef OWL_LOCAL_TESTING_H
#define OWL_LOCAL_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/types.h>

/* test_uid(): who plays the user: nobody when the tests run as root, who gets
 * no mail, otherwise who runs them. */
uid_t test_uid(void);
gid_t test_gid(void);

/* test_folder(): a new folder under /tmp; its path is static. */
const char *test_folder(void);

/* test_enter(), test_leave(): for a group of tests that works in a folder of its
 * own, test_home, with umask 077. */
extern const char *test_home;
int test_enter(void **state);
int test_leave(void **state);

/* test_path(): folder/name, static, one of several. */
const char *test_path(const char *folder, const char *name);

/* They give what they make to the test's user. */
void test_mkdir(const char *path, mode_t mode);
void test_write(const char *path, const char *octets, mode_t mode);

/* test_slurp(): a file's octets, NUL-terminated, static. */
const char *test_slurp(const char *path);

/* test_only_name(): the name of the only entry of a folder, static; NULL when
 * there is none or another number of them.  test_entries(): how many. */
const char *test_only_name(const char *folder);
int test_entries(const char *folder);

/* test_install(): copies a program of the build folder; its path is static. */
const char *test_install(const char *program, const char *folder);

/* test_become(): in a child: the test's user, for good. */
void test_become(void);

void test_remove(const char *folder);

#endif
