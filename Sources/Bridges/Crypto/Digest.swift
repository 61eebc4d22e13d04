import CCrypto

/// The fixed-size fingerprint of some bytes.
public struct Digest: Sendable, Hashable {
    /// The fingerprint itself: 16 bytes of MD5, 32 of SHA-256.
    public let bytes: [UInt8]

    /// The bytes as lower-case hexadecimal digits.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }

    /// The SHA-256 that these 64 hexadecimal digits spell, or `nil`.
    public init?(hexSHA256 text: String) {
        let digits = text.utf8.map {
            UInt8(truncatingIfNeeded: Character(Unicode.Scalar($0)).hexDigitValue ?? 99)
        }
        guard digits.count == 64, digits.allSatisfy({ $0 < 16 }) else { return nil }
        bytes = stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// The MD5 of `bytes`: a way to spread things evenly, and no protection of anything.
    public static func md5(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { input in
            Digest(
                bytes: [UInt8](unsafeUninitializedCapacity: 16) { output, count in
                    weir_md5(input.baseAddress, input.count, output.baseAddress)
                    count = 16
                })
        }
    }

    /// The SHA-256 of `bytes`.
    public static func sha256(_ bytes: [UInt8]) throws(CryptoError) -> Digest {
        var digest = [UInt8](repeating: 0, count: 32)
        let code = bytes.withUnsafeBytes {
            EVP_Digest($0.baseAddress, $0.count, &digest, nil, EVP_sha256(), nil)
        }
        guard code == 1 else { throw .library("EVP_Digest") }
        return Digest(bytes: digest)
    }

    /// The HMAC-SHA256 of `bytes` under `key`.
    public static func hmacSHA256(
        _ bytes: [UInt8], key: [UInt8]
    ) throws(CryptoError) -> Digest {
        // OpenSSL takes an empty key only with an address.
        let key = key.isEmpty ? [0] : key
        var digest = [UInt8](repeating: 0, count: 32)
        var written = 0
        let result = EVP_Q_mac(
            nil, "HMAC", nil, "SHA256", nil, key, key.count, bytes, bytes.count,
            &digest, digest.count, &written)
        guard result != nil, written == digest.count else { throw .library("EVP_Q_mac") }
        return Digest(bytes: digest)
    }

    /// The last eight bytes of the MD5 of `text`, read as one big-endian number.
    ///
    /// It allocates nothing: Prometheus's `hashmod` asks for it once per target and rule.
    public static func md5Tail(_ text: String) -> UInt64 {
        var text = text
        return text.withUTF8 { md5Tail($0.span) }
    }

    /// The last eight bytes of the MD5 of `bytes`, read as one big-endian number.
    public static func md5Tail(_ bytes: Span<UInt8>) -> UInt64 {
        bytes.withUnsafeBytes { input in
            withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { digest in
                weir_md5(
                    input.baseAddress, input.count,
                    digest.baseAddress?.assumingMemoryBound(to: UInt8.self))
                return UInt64(bigEndian: digest.load(fromByteOffset: 8, as: UInt64.self))
            }
        }
    }
}
