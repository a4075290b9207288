/* bigendian.h - numbers as octets, most significant first */
#ifndef OWL_BIGENDIAN_H
#define OWL_BIGENDIAN_H

#include <stdint.h>

static inline void put_u16(char *to, uint16_t v) {
  to[0] = (char)(v >> 8);
  to[1] = (char)(v & 255);
}

static inline void put_u32(char *to, uint32_t v) {
  put_u16(to, (uint16_t)(v >> 16));
  put_u16(to + 2, (uint16_t)(v & 65535));
}

static inline void put_u64(char *to, uint64_t v) {
  put_u32(to, (uint32_t)(v >> 32));
  put_u32(to + 4, (uint32_t)(v & UINT32_MAX));
}

static inline uint16_t get_u16(const char *from) {
  return (uint16_t)((unsigned char)from[0] << 8 | (unsigned char)from[1]);
}

static inline uint32_t get_u32(const char *from) {
  return (uint32_t)get_u16(from) << 16 | get_u16(from + 2);
}

static inline uint64_t get_u64(const char *from) {
  return (uint64_t)get_u32(from) << 32 | get_u32(from + 4);
}

#endif
