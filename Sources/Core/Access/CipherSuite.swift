/// A cipher suite by the name that Go gives it, as Prometheus's configuration has it.
///
/// These are the suites that Go counts as good. For TLS 1.3 all are always on.
public enum CipherSuite: String, Sendable, Hashable, CaseIterable {
    /// TLS 1.3 with AES-128.
    case aes128GCM = "TLS_AES_128_GCM_SHA256"
    /// TLS 1.3 with AES-256.
    case aes256GCM = "TLS_AES_256_GCM_SHA384"
    /// TLS 1.3 with ChaCha20.
    case chacha20 = "TLS_CHACHA20_POLY1305_SHA256"
    /// Key exchange by RSA, without forward secrecy.
    case rsaAES128CBC = "TLS_RSA_WITH_AES_128_CBC_SHA"
    /// Key exchange by RSA, without forward secrecy.
    case rsaAES256CBC = "TLS_RSA_WITH_AES_256_CBC_SHA"
    /// Key exchange by RSA, without forward secrecy.
    case rsaAES128GCM = "TLS_RSA_WITH_AES_128_GCM_SHA256"
    /// Key exchange by RSA, without forward secrecy.
    case rsaAES256GCM = "TLS_RSA_WITH_AES_256_GCM_SHA384"
    /// Forward secrecy, ECDSA key, CBC.
    case ecdheECDSAAES128CBC = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"
    /// Forward secrecy, ECDSA key, CBC.
    case ecdheECDSAAES256CBC = "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"
    /// Forward secrecy, RSA key, CBC.
    case ecdheRSAAES128CBC = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"
    /// Forward secrecy, RSA key, CBC.
    case ecdheRSAAES256CBC = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"
    /// Forward secrecy, ECDSA key, AES-128.
    case ecdheECDSAAES128GCM = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    /// Forward secrecy, ECDSA key, AES-256.
    case ecdheECDSAAES256GCM = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    /// Forward secrecy, RSA key, AES-128.
    case ecdheRSAAES128GCM = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    /// Forward secrecy, RSA key, AES-256.
    case ecdheRSAAES256GCM = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    /// Forward secrecy, RSA key, ChaCha20.
    case ecdheRSAChacha20 = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
    /// Forward secrecy, ECDSA key, ChaCha20.
    case ecdheECDSAChacha20 = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"

    /// Whether it belongs to TLS 1.3, whose suites cannot be chosen.
    public var isTLS13: Bool {
        switch self {
        case .aes128GCM, .aes256GCM, .chacha20: true
        default: false
        }
    }

    /// Whether a key that is stolen later opens nothing that was recorded; others are not spoken.
    public var hasForwardSecrecy: Bool { !rawValue.hasPrefix("TLS_RSA_") }
}
