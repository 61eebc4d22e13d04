import CCrypto

/// An RSA private key that signs.
public struct RSAKey: ~Copyable {
    /// The digest that is signed.
    public enum Algorithm: Sendable {
        case sha256, sha384, sha512
    }

    private let key: OpaquePointer

    /// Reads a PEM, PKCS #1 or #8, that is not encrypted.
    public init(pem: [UInt8]) throws(CryptoError) {
        let key = pem.withUnsafeBytes { bytes -> OpaquePointer? in
            let source = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
            defer { BIO_free(source) }
            // A key that wants a password gets none, instead of a question on the terminal.
            return PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in 0 }, nil)
        }
        ERR_clear_error()
        guard let key else { throw .notAnRSAKey }
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA else {
            EVP_PKEY_free(key)
            throw .notAnRSAKey
        }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// The PKCS #1 v1.5 signature of `message`.
    public func signature(
        of message: [UInt8], _ algorithm: Algorithm
    ) throws(CryptoError) -> [UInt8] {
        let digest =
            switch algorithm {
            case .sha256: EVP_sha256()
            case .sha384: EVP_sha384()
            case .sha512: EVP_sha512()
            }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var count = Int(EVP_PKEY_get_size(key))
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSignInit(context, nil, digest, nil, key) == 1,
            EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        else { throw .library("EVP_DigestSign") }
        return Array(signature[..<count])
    }
}
