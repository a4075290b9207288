#include "config.h"
#include "lib/ctlstats.h"
#include "lib/envelope.h"

static const struct field request_fields[] = {
  {TAG_DESTINATION, FIELD_TEXT, offsetof(struct ctlstats_request, name), CTL_DESTINATION_MAX,
   false},
  {TAG_RECIPIENT_ADDRESS, FIELD_TEXT, offsetof(struct ctlstats_request, address),
   ENVELOPE_ADDRESS_MAX, false},
  {TAG_SENDER, FIELD_TEXT, offsetof(struct ctlstats_request, sender), ENVELOPE_ADDRESS_MAX, false},
  FIELD_END};

#define TOTAL(TAG, MEMBER)                                                                         \
  { TAG, FIELD_UINT, offsetof(struct ctlstats_totals, MEMBER), UINT64_MAX, false }
static const struct field totals_fields[] = {TOTAL(TAG_STARTED, started_us),
                                             TOTAL(TAG_TAKEN, taken),
                                             TOTAL(TAG_FINISHED, finished),
                                             TOTAL(TAG_BOUNCED, bounced),
                                             TOTAL(TAG_LOCAL_DELIVERED, local_delivered),
                                             TOTAL(TAG_LOCAL_DEFERRED, local_deferred),
                                             TOTAL(TAG_LOCAL_FAILED, local_failed),
                                             TOTAL(TAG_REMOTE_DELIVERED, remote_delivered),
                                             TOTAL(TAG_REMOTE_DEFERRED, remote_deferred),
                                             TOTAL(TAG_REMOTE_FAILED, remote_failed),
                                             TOTAL(TAG_DESTINATIONS, destinations),
                                             TOTAL(TAG_LOCAL_CROWDED, local_crowded),
                                             TOTAL(TAG_REMOTE_CROWDED, remote_crowded),
                                             FIELD_END};

#define OF(MEMBER) offsetof(struct ctlstats_destination, MEMBER)
#define NUMBER(TAG, MEMBER)                                                                        \
  { TAG, FIELD_UINT, OF(MEMBER), UINT64_MAX, false }
static const struct field destination_fields[] = {
  {TAG_ROUTE, FIELD_TEXT, OF(name), CTLSTATS_NAME_MAX, false},
  {TAG_CHANNEL, FIELD_UINT, OF(channel), CHANNEL_REMOTE, true},
  NUMBER(TAG_WAITING, waiting),
  NUMBER(TAG_PARKED, parked),
  NUMBER(TAG_ACTIVE, active),
  NUMBER(TAG_WORKERS, workers),
  NUMBER(TAG_WINDOW, window),
  NUMBER(TAG_WINDOW_MOST, window_most),
  {TAG_DOWN, FIELD_FLAG, OF(down), 0, false},
  {TAG_HELD, FIELD_FLAG, OF(held), 0, false},
  NUMBER(TAG_OPENS, opens_s),
  NUMBER(TAG_BACKOFF, backoff_s),
  NUMBER(TAG_RATE, rate),
  NUMBER(TAG_RATE_TIME, rate_s),
  NUMBER(TAG_DELIVERED, delivered),
  NUMBER(TAG_DEFERRED, deferred),
  NUMBER(TAG_FAILED, failed),
  {TAG_TEXT, FIELD_TEXT, OF(last_error), RESULT_TEXT_MAX, false},
  NUMBER(TAG_TIME, last_error_us),
  NUMBER(TAG_OLDEST, oldest_us),
  NUMBER(TAG_SILENT, silent),
  NUMBER(TAG_UNREACHED, unreached),
  FIELD_END};

int ctlstats_put_request(stralloc *out, const struct ctlstats_request *r) {
  return record_put(out, request_fields, r);
}

int ctlstats_put_totals(stralloc *out, const struct ctlstats_totals *t) {
  return record_put(out, totals_fields, t);
}

int ctlstats_put_destination(stralloc *out, const struct ctlstats_destination *d) {
  return record_put(out, destination_fields, d);
}

int ctlstats_read_request(struct ctlstats_request *r, struct text payload) {
  *r = (struct ctlstats_request){0};
  return record_read(request_fields, r, payload);
}

int ctlstats_read_totals(struct ctlstats_totals *t, struct text payload) {
  *t = (struct ctlstats_totals){0};
  return record_read(totals_fields, t, payload);
}

int ctlstats_read_destination(struct ctlstats_destination *d, struct text payload) {
  *d = (struct ctlstats_destination){0};
  return record_read(destination_fields, d, payload);
}
