/// One record of a name.
///
/// Names in it end without a dot.
public enum DNSRecord: Sendable, Hashable {
    /// An address, of version 4 or 6, in its usual text.
    case address(String)
    /// A service: its host and port.
    case service(target: String, port: Int)
    /// A host that takes mail.
    case mailServer(String)
    /// A host that answers for the name's zone.
    case nameServer(String)

    /// What is asked for.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Addresses of version 4.
        case a = "A"
        /// Addresses of version 6.
        case aaaa = "AAAA"
        /// Services.
        case srv = "SRV"
        /// Mail servers.
        case mx = "MX"
        /// Name servers.
        case ns = "NS"
    }
}
