/* For Debian's OpenSMTPD 6.8 as a TLS server: with OpenSSL 3 a key that has been
 * asked for is a copy, so that the process without the key would not come to ask
 * the one that has it.  To be preloaded. */
#include <dlfcn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

RSA *EVP_PKEY_get1_RSA(EVP_PKEY *key) {
  RSA *(*get)(EVP_PKEY *) = (RSA * (*)(EVP_PKEY *)) dlsym(RTLD_NEXT, "EVP_PKEY_get1_RSA");
  RSA *copy = get(key);
  if (copy) EVP_PKEY_set1_RSA(key, copy);
  return copy;
}

EC_KEY *EVP_PKEY_get1_EC_KEY(EVP_PKEY *key) {
  EC_KEY *(*get)(EVP_PKEY *) = (EC_KEY * (*)(EVP_PKEY *)) dlsym(RTLD_NEXT, "EVP_PKEY_get1_EC_KEY");
  EC_KEY *copy = get(key);
  if (copy) EVP_PKEY_set1_EC_KEY(key, copy);
  return copy;
}
