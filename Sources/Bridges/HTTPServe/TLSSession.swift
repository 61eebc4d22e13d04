import CMicrohttpd
import CSystem

// What GnuTLS is told about a connection, and asked.

extension ServerLoop {
    /// Lets the handshake ask the client for a certificate, and check it.
    func askForCertificate(_ connection: Connection) {
        guard let session = weir_mhd_session(connection.handle), let tls = connection.daemon.tls
        else { return }
        let demand: gnutls_certificate_request_t
        switch tls.clientAuthentication {
        case .none: return gnutls_certificate_server_set_request(session, GNUTLS_CERT_IGNORE)
        case .request, .verifyIfGiven: demand = GNUTLS_CERT_REQUEST
        case .requireAny, .requireAndVerify: demand = GNUTLS_CERT_REQUIRE
        }
        gnutls_certificate_server_set_request(session, demand)
        gnutls_session_set_verify_function(session, verifyClient)
    }

    /// Sends `text` to the client where libmicrohttpd will not; nothing in a handshake.
    func sendPastDaemon(_ text: String, on connection: Connection) {
        guard let session = weir_mhd_session(connection.handle) else {
            return sendRaw(text, to: connection.socket)
        }
        let bytes = Array(text.utf8)
        gnutls_record_send(session, bytes, bytes.count)
    }
}

/// GnuTLS asks it in the handshake; 0 goes on.
private func verifyClient(_ session: gnutls_session_t?) -> Int32 {
    // libmicrohttpd has its connection behind the session, and ours behind that.
    guard let session, let handle = gnutls_session_get_ptr(session),
        let pointer = weir_mhd_context(OpaquePointer(handle))
    else { return GNUTLS_E_CERTIFICATE_ERROR }
    let connection = Unmanaged<Connection>.fromOpaque(pointer).takeUnretainedValue()
    guard let tls = connection.daemon.tls else { return GNUTLS_E_CERTIFICATE_ERROR }
    switch tls.clientAuthentication {
    case .none, .request, .requireAny: return 0
    case .verifyIfGiven: if !hasShownCertificate(session) { return 0 }
    case .requireAndVerify: break
    }
    guard let certificate = clientCertificate(of: connection, tls), certificate.isVerified,
        tls.isAllowed?(certificate) ?? true
    else { return GNUTLS_E_CERTIFICATE_ERROR }
    return 0
}

private func hasShownCertificate(_ session: gnutls_session_t) -> Bool {
    var count: UInt32 = 0
    return gnutls_certificate_get_peers(session, &count) != nil && count > 0
}

/// What the client of `connection` showed, or `nil`.
func clientCertificate(of connection: Connection, _ tls: TLSOptions) -> ClientCertificate? {
    guard tls.clientAuthentication != .none, let session = weir_mhd_session(connection.handle)
    else { return nil }
    var count: UInt32 = 0
    guard let list = gnutls_certificate_get_peers(session, &count), count > 0 else { return nil }
    var problems: UInt32 = 0
    let isVerified =
        !tls.clientAuthorities.isEmpty
        && gnutls_certificate_verify_peers3(session, nil, &problems) == 0 && problems == 0
    return ParsedCertificate(der: list[0])?.described(isVerified: isVerified)
}

/// A certificate as GnuTLS has read it.
private struct ParsedCertificate: ~Copyable {
    private let handle: gnutls_x509_crt_t

    init?(der: gnutls_datum_t) {
        var handle: gnutls_x509_crt_t?
        guard gnutls_x509_crt_init(&handle) == 0, let handle else { return nil }
        var der = der
        guard gnutls_x509_crt_import(handle, &der, GNUTLS_X509_FMT_DER) == 0 else {
            gnutls_x509_crt_deinit(handle)
            return nil
        }
        self.handle = handle
    }

    deinit { gnutls_x509_crt_deinit(handle) }

    func described(isVerified: Bool) -> ClientCertificate {
        ClientCertificate(
            subject: subject,
            commonName: text { gnutls_x509_crt_get_dn_by_oid(handle, "2.5.4.3", 0, 0, $0, $1) },
            alternativeNames: alternativeNames, isVerified: isVerified)
    }

    /// In the order of RFC 4514, the most particular first.
    private var subject: String {
        var name = gnutls_datum_t()
        guard gnutls_x509_crt_get_dn3(handle, &name, 0) == 0, let start = name.data else {
            return ""
        }
        defer { weir_gnutls_free(start) }
        let bytes = UnsafeBufferPointer(start: start, count: Int(name.size))
        return String(decoding: bytes, as: UTF8.self)
    }

    private var alternativeNames: [String] {
        var names: [String] = []
        for index in UInt32(0)..<256 {
            var bytes = [UInt8](repeating: 0, count: 1024)
            var count = bytes.count
            let kind = gnutls_x509_crt_get_subject_alt_name(handle, index, &bytes, &count, nil)
            if kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE { break }
            guard kind >= 0, count <= bytes.count else { continue }
            let value = bytes[..<count]
            switch UInt32(kind) {
            case GNUTLS_SAN_DNSNAME.rawValue, GNUTLS_SAN_RFC822NAME.rawValue,
                GNUTLS_SAN_URI.rawValue:
                names.append(String(decoding: value.prefix { $0 != 0 }, as: UTF8.self))
            case GNUTLS_SAN_IPADDRESS.rawValue:
                if count == 4 || count == 16 { names.append(textOfAddress(Array(value))) }
            default: break
            }
        }
        return names
    }

    /// What `read` writes, or `nil` where it has nothing.
    private func text(
        _ read: (UnsafeMutablePointer<CChar>, UnsafeMutablePointer<Int>) -> Int32
    ) -> String? {
        var room = [CChar](repeating: 0, count: 4096)
        var count = room.count
        let code = room.withUnsafeMutableBufferPointer { place in
            place.baseAddress.map { read($0, &count) } ?? -1
        }
        guard code == 0 else { return nil }
        return String(
            decoding: room.prefix(count).map { UInt8(bitPattern: $0) }.prefix { $0 != 0 },
            as: UTF8.self)
    }
}
