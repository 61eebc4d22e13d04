import CCrypto
import Glibc

/// What has to be done with care where bytes are secret.
public enum SecureBytes {
    /// Bytes from the kernel that nobody can guess.
    public static func random(count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
            while written < count {
                let got = getrandom(buffer.baseAddress.map { $0 + written }, count - written, 0)
                // Linux gives up to 256 bytes whole, and more unless a signal comes between.
                precondition(got > 0 || errno == EINTR, "BUG: the kernel gives no random bytes")
                written += max(got, 0)
            }
        }
    }

    /// Whether both are the same, in a time that tells nothing of where they differ.
    ///
    /// A different length is told at once: compare digests where the length is secret too.
    public static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    /// Whether both texts have the same bytes, in a time that tells nothing of where they differ.
    public static func areEqual(_ left: String, _ right: String) -> Bool {
        areEqual(Array(left.utf8), Array(right.utf8))
    }
}
