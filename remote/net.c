#include "config.h"
#include "remote/net.h"
#include "remote/smtp.h"

const struct frame_protocol net_protocol = {'N', 1, NET_FRAME_MAX};

static const struct field connect_fields[] = {
  {TAG_SOURCE, FIELD_UINT, offsetof(struct net_wish, source), UINT32_MAX, false},
  {TAG_HELO, FIELD_TEXT, offsetof(struct net_wish, helohost), RESULT_HOST_MAX, false},
  {TAG_REQUIRETLS, FIELD_FLAG, offsetof(struct net_wish, requiretls), 0, false},
  {TAG_TLS_OPTIONAL, FIELD_FLAG, offsetof(struct net_wish, tls_optional), 0, false},
  FIELD_END
};

static const struct field connected_fields[] = {
  {TAG_HOST, FIELD_TEXT, offsetof(struct net_peer, host), RESULT_HOST_MAX, false},
  {TAG_ADDRESS, FIELD_TEXT, offsetof(struct net_peer, address), RESULT_ADDRESS_MAX, false},
  {TAG_STAGE, FIELD_UINT, offsetof(struct net_peer, stage), SMTP_STAGES - 1, false},
  {TAG_HELLO, FIELD_OCTETS, offsetof(struct net_peer, hello), REPLY_TEXT_MAX, false},
  {TAG_TLS, FIELD_TEXT, offsetof(struct net_peer, tls), RESULT_TLS_MAX, false},
  {TAG_VERIFIED, FIELD_FLAG, offsetof(struct net_peer, verified), 0, false},
  {TAG_EXPORTER, FIELD_TEXT, offsetof(struct net_peer, exporter), NET_BINDING_MAX, false},
  {TAG_ENDPOINT, FIELD_TEXT, offsetof(struct net_peer, endpoint), NET_BINDING_MAX, false},
  FIELD_END
};

static const struct field none_fields[] = {
  RESULT_FIELDS(struct net_none, result),
  {TAG_HOST_WAITS, FIELD_FLAG, offsetof(struct net_none, host_waits), 0, false},
  FIELD_END
};

int net_put_connect(stralloc *out, const struct net_wish *w) {
  return record_put(out, connect_fields, w);
}

int net_put_connected(stralloc *out, const struct net_peer *p) {
  return record_put(out, connected_fields, p);
}

int net_put_none(stralloc *out, const struct net_none *n) {
  return record_put(out, none_fields, n);
}

int net_read_connect(struct net_wish *w, struct text payload) {
  *w = (struct net_wish){0};
  return record_read(connect_fields, w, payload);
}

int net_read_connected(struct net_peer *p, struct text payload) {
  *p = (struct net_peer){0};
  return record_read(connected_fields, p, payload) == 0 && (p->host.len || p->address.len) ? 0 : -1;
}

int net_read_none(struct net_none *n, struct text payload) {
  *n = (struct net_none){0};
  if (record_read(none_fields, n, payload) == -1 || !result_is_valid(&n->result)) return -1;
  return n->result.class == RESULT_SUCCESS ? -1 : 0;
}
