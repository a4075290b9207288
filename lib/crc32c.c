#include "config.h"
#include "lib/crc32c.h"
#include <string.h>

/* Eight octets a step ("slicing by 8").  The tables are built at the first
 * call, 2,048 words in a few microseconds: cheaper than asking the processor
 * for its CRC instruction, because CPUID traps in virtual machines. */
enum { REVERSED_POLYNOMIAL_HIGH = 0x82F6, REVERSED_POLYNOMIAL_LOW = 0x3B78 };

static uint32_t table[8][256];

static void build_tables(void) {
  const uint32_t polynomial = (uint32_t)REVERSED_POLYNOMIAL_HIGH << 16 | REVERSED_POLYNOMIAL_LOW;
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = (c >> 1) ^ (c & 1 ? polynomial : 0);
    table[0][i] = c;
  }
  for (int slice = 1; slice < 8; slice++)
    for (int i = 0; i < 256; i++)
      table[slice][i] = (table[slice - 1][i] >> 8) ^ table[0][table[slice - 1][i] & 255];
}

static uint32_t load_little(const unsigned char *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t crc32c(uint32_t crc, const void *octets, size_t len) {
  const unsigned char *p = octets;
  if (!table[0][1]) build_tables();
  crc = ~crc;
  for (; len >= 8; p += 8, len -= 8) {
    uint32_t low = crc ^ load_little(p), high = load_little(p + 4);
    crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^
          table[4][low >> 24] ^ table[3][high & 255] ^ table[2][high >> 8 & 255] ^
          table[1][high >> 16 & 255] ^ table[0][high >> 24];
  }
  for (; len; p++, len--) crc = (crc >> 8) ^ table[0][(crc ^ *p) & 255];
  return ~crc;
}

/* ---- zeroes */

/* What an octet of 0 makes of the sum is linear over GF(2), so what 2^n of them
 * make is a matrix: of each bit alone what becomes of it. */
struct matrix {
  uint32_t of[32];
};

static uint32_t times(const struct matrix *m, uint32_t sum) {
  uint32_t result = 0;
  for (int bit = 0; sum; sum >>= 1, bit++)
    if (sum & 1) result ^= m->of[bit];
  return result;
}

static void set_one_zero(struct matrix *m) {
  for (int bit = 0; bit < 32; bit++) {
    uint32_t sum = (uint32_t)1 << bit;
    m->of[bit] = (sum >> 8) ^ table[0][sum & 255];
  }
}

static void square(struct matrix *m) {
  const struct matrix once = *m;
  for (int bit = 0; bit < 32; bit++) m->of[bit] = times(&once, once.of[bit]);
}

uint32_t crc32c_zeroes(uint32_t crc, uint64_t count) {
  struct matrix m;
  if (!table[0][1]) build_tables();
  set_one_zero(&m);
  crc = ~crc;
  for (; count; count >>= 1, square(&m))
    if (count & 1) crc = times(&m, crc);
  return ~crc;
}

uint32_t crc32c_nocase(const char *octets, size_t len) {
  uint32_t crc = 0;
  for (size_t i = 0; i < len; i++) {
    char c = octets[i];
    if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
    crc = crc32c(crc, &c, 1);
  }
  return crc;
}
