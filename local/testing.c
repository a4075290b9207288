#include "config.h"
#include "local/testing.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOBODY = 65534, PATHS = 8, PATH_OCTETS = 4096 };

uid_t test_uid(void) { return geteuid() == 0 ? NOBODY : geteuid(); }
gid_t test_gid(void) { return geteuid() == 0 ? NOBODY : getegid(); }

static void must(int good, const char *what) {
  if (good) return;
  perror(what);
  exit(1);
}

static void give(const char *path, mode_t mode) {
  if (geteuid() == 0) must(chown(path, test_uid(), test_gid()) == 0, path);
  must(chmod(path, mode) == 0, path);
}

const char *test_folder(void) {
  static char path[64];
  strcpy(path, "/tmp/owlpost-test-XXXXXX");
  must(mkdtemp(path) != NULL, path);
  give(path, 0755);
  return path;
}

const char *test_home;

int test_enter(void **state) {
  (void)state;
  test_home = test_folder();
  umask(077);
  return chdir(test_home);
}

int test_leave(void **state) {
  (void)state;
  test_remove(test_home);
  return 0;
}

const char *test_path(const char *folder, const char *name) {
  static char paths[PATHS][PATH_OCTETS];
  static int next;
  char *path = paths[next++ % PATHS];
  must(snprintf(path, PATH_OCTETS, "%s/%s", folder, name) < PATH_OCTETS, folder);
  return path;
}

void test_mkdir(const char *path, mode_t mode) {
  must(mkdir(path, 0700) == 0, path);
  give(path, mode);
}

void test_write(const char *path, const char *octets, mode_t mode) {
  FILE *f = fopen(path, "w");
  must(f && fputs(octets, f) >= 0 && fclose(f) == 0, path);
  give(path, mode);
}

const char *test_slurp(const char *path) {
  static char octets[1 << 20];
  FILE *f = fopen(path, "r");
  must(f != NULL, path);
  size_t n = fread(octets, 1, sizeof octets - 1, f);
  fclose(f);
  octets[n] = 0;
  return octets;
}

static int walk(const char *folder, char *last, size_t size) {
  DIR *d = opendir(folder);
  struct dirent *e;
  int n = 0;
  must(d != NULL, folder);
  while ((e = readdir(d)))
    if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
      snprintf(last, size, "%s", e->d_name);
      n++;
    }
  closedir(d);
  return n;
}

const char *test_only_name(const char *folder) {
  static char name[256];
  return walk(folder, name, sizeof name) == 1 ? name : NULL;
}

int test_entries(const char *folder) {
  char name[256];
  return walk(folder, name, sizeof name);
}

const char *test_install(const char *program, const char *folder) {
  const char *path = test_path(folder, strrchr(program, '/') + 1);
  char octets[65536];
  size_t n;
  FILE *from = fopen(program, "r"), *to = fopen(path, "w");
  must(from && to, program);
  while ((n = fread(octets, 1, sizeof octets, from)) > 0) must(fwrite(octets, 1, n, to) == n, path);
  fclose(from);
  must(fclose(to) == 0 && chmod(path, 0755) == 0, path);
  return path;
}

void test_become(void) {
  gid_t gid = test_gid();
  if (geteuid() != 0) return;
  must(setgroups(1, &gid) == 0 && setgid(gid) == 0 && setuid(test_uid()) == 0, "become nobody");
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

void test_remove(const char *folder) { must(nftw(folder, drop, 16, FTW_DEPTH | FTW_PHYS) == 0, folder); }
