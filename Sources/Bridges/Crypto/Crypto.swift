// Crypto: digests, bcrypt and comparison in constant time, by OpenSSL.
