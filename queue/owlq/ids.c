#include "config.h"
#include "queue/owlq/ids.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/exitcode.h"
#include "lib/room.h"
#include "queue/owlq/owlq.h"

int ids_add(struct ids *list, const struct queueid *id) {
  if (room_make(&list->each, list->count, &list->space, sizeof *list->each, 64) == -1) return -1;
  list->each[list->count++] = *id;
  return 0;
}

void ids_free(struct ids *list) {
  free(list->each);
  *list = (struct ids){0};
}

/* ---- what is there */

static int add_found(void *context, const struct queueid *id) {
  return ids_add(context, id) == 0 ? 0 : (errno = ENOMEM, -1);
}

static int compare(const void *a, const void *b) {
  return strcmp(((const struct queueid *)a)->s, ((const struct queueid *)b)->s);
}

/* A message that moved from todo/ to wait/ meanwhile has been seen in both. */
static void sort_once(struct ids *list) {
  size_t kept = 0;
  if (list->count) qsort(list->each, list->count, sizeof *list->each, compare);
  for (size_t i = 0; i < list->count; i++)
    if (i == 0 || compare(&list->each[i], &list->each[i - 1]) != 0) list->each[kept++] = list->each[i];
  list->count = kept;
}

static int scan(struct ids *list, struct store *s, const char *folder) {
  return store_scan(s, folder, add_found, list) == 0 ? TOOL_OK : owlq_unable("read", folder);
}

/* todo/ first: so nothing is missed that moves on to wait/. */
int ids_scan(struct ids *list, struct store *s) {
  char folder[16];
  int code = scan(list, s, "todo");
  for (unsigned i = 0; code == TOOL_OK && i < QUEUEID_FOLDERS; i++) {
    store_wait_folder(folder, i);
    code = scan(list, s, folder);
  }
  sort_once(list);
  return code;
}

int ids_scan_bad(struct ids *list, struct store *s) {
  int code = scan(list, s, "bad");
  sort_once(list);
  return code;
}

/* ---- what is meant */

size_t ids_beginning_with(const struct ids *list, const char *prefix, size_t *first) {
  size_t len = strlen(prefix), low = 0, high = list->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (strncmp(list->each[middle].s, prefix, len) < 0) low = middle + 1;
    else high = middle;
  }
  *first = low;
  while (low < list->count && strncmp(list->each[low].s, prefix, len) == 0) low++;
  return low - *first;
}

static bool may_be_id(const char *word) {
  size_t len = strlen(word);
  return len > 0 && len <= QUEUEID_LENGTH && strspn(word, "0123456789abcdef.") == len;
}

static int complain_about(const char *word, const char *why, int code) {
  stralloc clean = {0};
  if (text_cat_cleaned(&clean, text_of(word)) == 0 && stralloc_0(&clean)) owlq_complain(clean.s, why);
  stralloc_free(&clean);
  return code;
}

static int resolve_one(struct queueid *id, const struct ids *present, const char *word) {
  size_t first;
  if (queueid_parse(id, text_of(word))) return TOOL_OK;
  if (!may_be_id(word)) return complain_about(word, "this is no queue id", TOOL_USAGE);
  size_t n = ids_beginning_with(present, word, &first);
  if (n == 0) return complain_about(word, "no message in the queue has an id that begins so", TOOL_SYSTEM);
  if (n > 1) return complain_about(word, "several messages have ids that begin so", TOOL_USAGE);
  *id = present->each[first];
  return TOOL_OK;
}

static bool needs_scan(const struct filter_words *words) {
  struct queueid id;
  for (size_t i = 0; i < words->count; i++)
    if (!queueid_parse(&id, text_of(words->words[i])) && may_be_id(words->words[i])) return true;
  return false;
}

static int scan_all(struct ids *present, struct store *s) {
  int code = ids_scan(present, s);
  if (code == TOOL_OK) code = scan(present, s, "bad");
  sort_once(present);
  return code;
}

int ids_resolve(struct ids *list, struct store *s, const struct filter_words *words) {
  struct ids present = {0};
  struct queueid id;
  int code = needs_scan(words) ? scan_all(&present, s) : TOOL_OK;
  for (size_t i = 0; code == TOOL_OK && i < words->count; i++) {
    code = resolve_one(&id, &present, words->words[i]);
    if (code == TOOL_OK && ids_add(list, &id) == -1) code = owlq_complain("unable to start", "out of memory");
  }
  ids_free(&present);
  return code;
}

int ids_find(struct queueid *id, struct store *s, const char *word) {
  struct ids list = {0};
  int code = ids_resolve(&list, s, &(struct filter_words){&word, 1});
  if (code == TOOL_OK) *id = list.each[0];
  ids_free(&list);
  return code;
}
