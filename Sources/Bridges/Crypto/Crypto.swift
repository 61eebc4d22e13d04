// Crypto: digests, password hashes, random bytes and comparison in constant time.
// In: bytes and texts. Out: bytes and texts. Start at `Digest`, `PasswordHash`, `SecureBytes`.
// By OpenSSL and libcrypt. Knows nothing of credentials or labels.

/// Why something was not hashed or drawn.
public enum CryptoError: Error, Equatable, CustomStringConvertible {
    /// A text that is no bcrypt hash; it is not repeated, since it may be a password.
    case notABcryptHash
    /// A password that bcrypt would cut off or cannot take.
    case unusablePassword(reason: String)
    /// A cost outside of what bcrypt takes.
    case cost(Int)
    /// Bytes that are no RSA private key; they are not repeated.
    case notAnRSAKey
    /// The library failed, which it does not do on a sound machine.
    case library(String)

    /// A sentence: what is wrong, and what to write instead.
    public var description: String {
        switch self {
        case .notABcryptHash:
            "this is not a bcrypt hash; make one with `htpasswd -nBC 10 \"\"`: it begins with "
                + "$2a$, $2b$ or $2y$ and has 60 characters"
        case .unusablePassword(let reason): "cannot hash this password: \(reason)"
        case .cost(let cost): "the bcrypt cost \(cost) is out of range; use 4 to 31, such as 10"
        case .notAnRSAKey:
            "this is not an RSA private key in PEM without a password; make one with "
                + "`openssl genrsa`"
        case .library(let call): "the cryptographic library failed in \(call)"
        }
    }
}
