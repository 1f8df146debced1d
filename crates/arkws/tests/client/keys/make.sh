#!/bin/sh
# Makes the keys that `identity.rs` reads, with OpenSSL 3. They protect nothing: their password is
# "sesame".
set -eu
cd "$(dirname "$0")"
openssl genrsa -traditional -out rsa-pkcs1.pem 2048
openssl pkcs8 -topk8 -nocrypt -in rsa-pkcs1.pem -out rsa-pkcs8.pem
openssl ecparam -name prime256v1 -genkey -out ec-sec1.pem # with its EC PARAMETERS before it
openssl pkcs8 -topk8 -nocrypt -in ec-sec1.pem -out ec-pkcs8.pem
certificate() {
  openssl req -x509 -key "$2" -days 36500 -subj "/CN=$1" \
    -addext basicConstraints=CA:FALSE -out "$1-cert.pem"
}
certificate rsa rsa-pkcs1.pem
certificate ec ec-sec1.pem
openssl genrsa -traditional -out large-rsa-pkcs1.pem 5120 # more than ring signs with
certificate large-rsa large-rsa-pkcs1.pem

encrypt() { openssl pkcs8 -topk8 -in "$1-pkcs8.pem" -passout pass:sesame -out "$1-$2.pem" $3; }
encrypt rsa pbes2-aes256 "-v2 aes-256-cbc"
encrypt rsa pbes2-aes128-sha1 "-v2 aes-128-cbc -v2prf hmacWithSHA1"
encrypt rsa pbes2-aes192-sha512 "-v2 aes-192-cbc -v2prf hmacWithSHA512"
encrypt rsa pbes2-des3 "-v2 des3"
encrypt ec pbes2-sha384 "-v2 aes-256-cbc -v2prf hmacWithSHA384"
encrypt ec pbes2-sha224 "-v2 aes-256-cbc -v2prf hmacWithSHA224"
encrypt ec pbes2-camellia "-v2 camellia-256-cbc"
encrypt ec pbes2-scrypt "-scrypt -scrypt_N 1024"
encrypt ec pbes1 "-v1 PBE-SHA1-3DES"

for cipher in aes128 aes192 aes256 des3 camellia128; do
    openssl rsa -traditional -in rsa-pkcs1.pem -$cipher -passout pass:sesame -out rsa-$cipher.pem
done
openssl ec -in ec-sec1.pem -aes256 -passout pass:sesame -out ec-aes256.pem
