import CCrypto

/// A bcrypt hash, as `htpasswd -B` writes it and Prometheus's web configuration holds it.
public struct PasswordHash: Sendable, Hashable {
    /// The hash: `$2b$10$` and 53 characters.
    public let text: String

    /// The hash that `text` holds; variants 2a, 2b and 2y are known.
    public init(_ text: String) throws(CryptoError) {
        guard Self.isBcrypt(Array(text.utf8)) else { throw .notABcryptHash }
        self.text = text
    }

    /// A new hash of `password`.
    ///
    /// It takes about 50 ms at cost 10, and twice as long per step more: keep it off the
    /// cooperative pool.
    public init(hashing password: String, cost: Int = 10) throws(CryptoError) {
        guard (4...31).contains(cost) else { throw .cost(cost) }
        guard !password.utf8.contains(0) else { throw .unusablePassword(reason: "it holds a NUL") }
        guard password.utf8.count <= 72 else {
            throw .unusablePassword(reason: "bcrypt reads 72 bytes and this one is longer")
        }
        let random = SecureBytes.random(count: 16).map { CChar(bitPattern: $0) }
        var setting = [CChar](repeating: 0, count: 64)
        guard
            crypt_gensalt_rn(
                "$2b$", UInt(cost), random, CInt(random.count), &setting, CInt(setting.count))
                != nil,
            let hash = Self.crypt(password, setting)
        else { throw .library("crypt_gensalt_rn") }
        text = hash
    }

    /// Whether this is a hash of `password`; 72 bytes of it count, as everywhere with bcrypt.
    ///
    /// As slow as making the hash: keep it off the cooperative pool, and remember what matched.
    public func matches(_ password: String) -> Bool {
        guard !password.utf8.contains(0),
            let hash = Self.crypt(password, text.utf8CString.map { $0 })
        else { return false }
        return SecureBytes.areEqual(hash, text)
    }

    private static func crypt(_ password: String, _ setting: [CChar]) -> String? {
        var hash = [CChar](repeating: 0, count: 128)
        guard weir_crypt(password, setting, &hash, hash.count) else { return nil }
        return String(
            decoding: hash.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func isBcrypt(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == 60, bytes.starts(with: "$2".utf8),
            "aby".utf8.contains(bytes[2]), bytes[3] == UInt8(ascii: "$"),
            bytes[6] == UInt8(ascii: "$"),
            let cost = Int(String(decoding: bytes[4..<6], as: UTF8.self)), (4...31).contains(cost)
        else { return false }
        return bytes[7...].allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
                true
            default: false
            }
        }
    }
}
