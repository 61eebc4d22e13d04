import CCurl
import Glibc

/// One transfer as libcurl sees it: the only file that names its easy handle.
///
/// Handles are used again and again, by whatever transfer comes next: connections belong to the
/// multi handle, so an idle target needs none of these.
final class EasyHandle {
    private let easy: UnsafeMutableRawPointer
    private let words: UnsafeMutablePointer<CChar>
    private var fields: UnsafeMutablePointer<curl_slist>?
    private var proxyFields: UnsafeMutablePointer<curl_slist>?
    private var routes: UnsafeMutablePointer<curl_slist>?
    private var names: UnsafeMutablePointer<curl_slist>?
    /// The transfer that is under way.
    private(set) var transfer: Transfer?

    init() throws(HTTPFetchError) {
        guard let easy = curl_easy_init() else {
            throw .failed(url: "libcurl", reason: "out of memory")
        }
        self.easy = easy
        words = .allocate(capacity: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(easy)
        freeLists()
        words.deallocate()
    }

    // MARK: Before a transfer

    /// Makes the next step of `transfer` ready, which has `milliseconds` left.
    func prepare(
        _ transfer: Transfer, milliseconds: Int, routes: [String], addresses: [String]
    ) throws(HTTPFetchError) {
        curl_easy_reset(easy)
        freeLists()
        words.pointee = 0
        self.transfer = transfer
        transfer.beginStep()
        let plan = transfer.plan
        let context = Unmanaged.passUnretained(self).toOpaque()
        try check(weir_easy_readers(easy, takeHead, takeBody, context), "readers")
        try check(weir_easy_error_buffer(easy, words), "error buffer")
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_TIMEOUT_MS, max(1, milliseconds))
        // libcurl's own bound of 300 s would end a longer wait for a connection.
        try set(CURLOPT_CONNECTTIMEOUT_MS, max(1, milliseconds))
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        try set(CURLOPT_DNS_CACHE_TIMEOUT, 60)
        try set(CURLOPT_MAXAGE_CONN, 300)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        let version = plan.allowsHTTP2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        try set(CURLOPT_HTTP_VERSION, version)
        try set(transfer.method, transfer.body)
        try setPlace(transfer, routes: routes)
        if !addresses.isEmpty {
            // The plus lets libcurl forget it again, like what it has looked up itself.
            let (host, port) = (transfer.address.host, transfer.address.port)
            names = curl_slist_append(
                nil, "+\(host):\(port):\(addresses.joined(separator: ","))")
            try check(weir_easy_list(easy, CURLOPT_RESOLVE, names), "addresses")
        }
        try set(plan.tls, isTrusted: transfer.isTrusted)
        try setFields(transfer)
    }

    private func set(_ method: String, _ body: [UInt8]?) throws(HTTPFetchError) {
        if let body {
            try set(CURLOPT_POST, 1)
            // An address even where there is nothing at it: without one libcurl would ask a reader.
            let code = (body.isEmpty ? [0] : body).withUnsafeBytes {
                weir_easy_body(easy, $0.baseAddress, body.count)
            }
            try check(code, "body")
            if method != "POST" { try set(CURLOPT_CUSTOMREQUEST, method) }
        } else if method == "HEAD" {
            try set(CURLOPT_NOBODY, 1)
        } else {
            try set(CURLOPT_HTTPGET, 1)
            if method != "GET" { try set(CURLOPT_CUSTOMREQUEST, method) }
        }
    }

    /// URL, socket, routes and proxy.
    private func setPlace(_ transfer: Transfer, routes: [String]) throws(HTTPFetchError) {
        let (plan, address) = (transfer.plan, transfer.address)
        var routes = routes
        var target = address
        if address.scheme == "https", transfer.isTrusted, let name = plan.tls.serverName {
            // libcurl takes the name for TLS from the URL only: ask for the name, connect to the host.
            target = try address.renamed(name)
            routes.append("\(target.host):\(address.port):\(address.host):\(address.port)")
        }
        try set(CURLOPT_URL, target.text)
        for route in routes { self.routes = curl_slist_append(self.routes, route) }
        if self.routes != nil {
            try check(weir_easy_list(easy, CURLOPT_CONNECT_TO, self.routes), "routes")
        }
        if let socket = plan.request.unixSocket { try set(CURLOPT_UNIX_SOCKET_PATH, socket) }
        // An empty text is no proxy, whatever the environment says: the rule has decided.
        let proxy = plan.request.unixSocket == nil ? plan.proxy.proxy(for: address) : nil
        try set(CURLOPT_PROXY, proxy ?? "")
        try set(CURLOPT_NOPROXY, "")
        guard proxy != nil, address.scheme == "https" else { return }
        try set(CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
        for field in plan.proxyFields.all {
            proxyFields = curl_slist_append(proxyFields, Self.line(field))
        }
        try check(weir_easy_list(easy, CURLOPT_PROXYHEADER, proxyFields), "proxy_connect_header")
    }

    private func set(_ tls: TLSMaterial, isTrusted: Bool) throws(HTTPFetchError) {
        let versions = [
            TLSOptions.Version.tls10: CURL_SSLVERSION_TLSv1_0, .tls11: CURL_SSLVERSION_TLSv1_1,
            .tls12: CURL_SSLVERSION_TLSv1_2, .tls13: CURL_SSLVERSION_TLSv1_3,
        ]
        let oldest = versions[tls.minimumVersion] ?? CURL_SSLVERSION_TLSv1_2
        let newest = versions[tls.maximumVersion] ?? CURL_SSLVERSION_TLSv1_3
        // libcurl has the newest version in the upper half of the number.
        try set(CURLOPT_SSLVERSION, Int(oldest) | Int(newest) << 16)
        if tls.minimumVersion < .tls12 {
            // OpenSSL speaks what is older only at its lowest level of security.
            try set(CURLOPT_SSL_CIPHER_LIST, "DEFAULT@SECLEVEL=0")
        }
        if tls.skipsVerification {
            try set(CURLOPT_SSL_VERIFYPEER, 0)
            try set(CURLOPT_SSL_VERIFYHOST, 0)
        }
        // With a folder of authorities beside the bundle libcurl would load the bundle, which takes
        // milliseconds, for each connection; without one it keeps it for all.
        try check(weir_easy_text(easy, CURLOPT_CAPATH, nil), "authorities")
        if let authorities = tls.authorities { try set(CURLOPT_CAINFO_BLOB, authorities) }
        guard isTrusted else { return }
        if let certificate = tls.certificate { try set(CURLOPT_SSLCERT_BLOB, certificate) }
        if let key = tls.key { try set(CURLOPT_SSLKEY_BLOB, key) }
    }

    private func setFields(_ transfer: Transfer) throws(HTTPFetchError) {
        let plan = transfer.plan
        let codings = plan.request.codings.map(\.rawValue).joined(separator: ", ")
        if codings.isEmpty {
            append("Accept-Encoding: identity")
        } else {
            try set(CURLOPT_ACCEPT_ENCODING, codings)
        }
        if transfer.address.scheme == "https", transfer.isTrusted, plan.tls.serverName != nil,
            plan.fields["Host"] == nil
        {
            append("Host: " + transfer.address.authority)
        }
        // libcurl would wait for "100 Continue" before a large body.
        if transfer.body != nil { append("Expect:") }
        let isOnlyHead = transfer.body == nil
        for field in plan.fields.all {
            if isOnlyHead && HTTPFields.areSame(field.name, "Content-Type") { continue }
            append(Self.line(field))
        }
        if transfer.isTrusted {
            for field in plan.secretFields.all { append(Self.line(field)) }
        }
        try check(weir_easy_list(easy, CURLOPT_HTTPHEADER, fields), "header")
    }

    private func append(_ line: String) { fields = curl_slist_append(fields, line) }

    private static func line(_ field: HTTPFields.Field) -> String {
        // libcurl takes `name:` as "leave it out" and `name;` as "with no value".
        field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)"
    }

    // MARK: During and after a transfer

    func add(to multi: UnsafeMutableRawPointer) -> Bool {
        curl_multi_add_handle(multi, easy) == CURLM_OK
    }

    func remove(from multi: UnsafeMutableRawPointer) { curl_multi_remove_handle(multi, easy) }

    /// The handle whose transfer ended, from libcurl's pointer to it.
    static func handle(of pointer: UnsafeMutableRawPointer) -> EasyHandle {
        guard let context = weir_info_context(pointer) else {
            preconditionFailure("BUG: an easy handle that nobody made ready")
        }
        return Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
    }

    /// Lets go of the transfer.
    func release() { transfer = nil }

    /// What became of the step, by libcurl's result code.
    func ending(_ code: CURLcode, of transfer: Transfer) -> Transfer.Ending {
        let name = time(CURLINFO_NAMELOOKUP_TIME_T)
        let connect = max(name, time(CURLINFO_CONNECT_TIME_T))
        let secure = max(connect, time(CURLINFO_APPCONNECT_TIME_T))
        let sent = max(secure, time(CURLINFO_PRETRANSFER_TIME_T))
        let first = max(sent, time(CURLINFO_STARTTRANSFER_TIME_T))
        let total = max(first, time(CURLINFO_TOTAL_TIME_T))
        let hasAnswer = time(CURLINFO_STARTTRANSFER_TIME_T) > 0
        let timings = TransferTimings(
            dns: .microseconds(name), connect: .microseconds(connect - name),
            tls: .microseconds(secure - connect),
            firstByte: .microseconds(hasAnswer ? first - sent : 0),
            body: .microseconds(hasAnswer ? total - first : 0), total: .microseconds(total))
        let versions = [
            CURL_HTTP_VERSION_1_0: "1.0", CURL_HTTP_VERSION_1_1: "1.1", CURL_HTTP_VERSION_2_0: "2",
        ]
        let version = weir_info_number(easy, CURLINFO_HTTP_VERSION)
        return Transfer.Ending(
            timings: timings,
            transferredBytes: Int(weir_info_offset(easy, CURLINFO_SIZE_DOWNLOAD_T)),
            version: versions[version] ?? "",
            isReusedConnection: weir_info_number(easy, CURLINFO_NUM_CONNECTS) == 0,
            failure: code == CURLE_OK ? nil : failure(code, of: transfer))
    }

    /// What the transfer is waiting for now.
    var phase: HTTPFetchError.Phase {
        if transfer?.hasHead == true { return .body }
        if time(CURLINFO_PRETRANSFER_TIME_T) > 0 { return .head }
        if time(CURLINFO_NAMELOOKUP_TIME_T) == 0 { return .resolving }
        return time(CURLINFO_CONNECT_TIME_T) == 0 ? .connecting : .securing
    }

    private func failure(_ code: CURLcode, of transfer: Transfer) -> HTTPFetchError {
        let url = transfer.address.description
        let said = String(cString: words)
        let reason = String(cString: curl_easy_strerror(code))
        let tunnel = weir_info_number(easy, CURLINFO_HTTP_CONNECTCODE)
        if tunnel >= 300 {
            let words = "\(tunnel) \(HTTPStatus.words(of: tunnel))"
            return .proxy(url: url, reason: "asked for a tunnel it answered \(words)")
        }
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST:
            return .unresolvable(url: url, host: transfer.address.host)
        case CURLE_COULDNT_RESOLVE_PROXY:
            return .proxy(url: url, reason: "its name has no address")
        case CURLE_COULDNT_CONNECT:
            let number = Int32(truncatingIfNeeded: weir_info_number(easy, CURLINFO_OS_ERRNO))
            let system = number == 0 ? "nobody answers" : String(cString: strerror(number))
            let isProxied = transfer.plan.proxy.proxy(for: transfer.address) != nil
            guard !isProxied else {
                return .proxy(url: url, reason: "cannot connect to it: \(system.lowercased())")
            }
            return .unreachable(url: url, reason: system.lowercased())
        case CURLE_OPERATION_TIMEDOUT:
            let time = transfer.plan.request.timeout
            return .timedOut(url: url, after: time, waitingFor: phase)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR:
            return .insecure(url: url, reason: said.isEmpty ? reason : said)
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR,
            CURLE_HTTP2, CURLE_HTTP2_STREAM:
            return .cutOff(url: url, reason: reason.lowercased())
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY: return .notHTTP(url: url)
        case CURLE_BAD_CONTENT_ENCODING: return .undecodable(url: url)
        case CURLE_PROXY: return .proxy(url: url, reason: said.isEmpty ? reason : said)
        default: return .failed(url: url, reason: reason.lowercased())
        }
    }

    private func time(_ info: CURLINFO) -> Int { Int(weir_info_offset(easy, info)) }

    // MARK: libcurl's setters, each checked

    private func set(_ option: CURLoption, _ value: Int) throws(HTTPFetchError) {
        try check(weir_easy_number(easy, option, value), "option \(option.rawValue)")
    }

    private func set(_ option: CURLoption, _ text: String) throws(HTTPFetchError) {
        try check(weir_easy_text(easy, option, text), "option \(option.rawValue)")
    }

    private func set(_ option: CURLoption, _ bytes: [UInt8]) throws(HTTPFetchError) {
        let code = bytes.withUnsafeBytes {
            weir_easy_blob(easy, option, $0.baseAddress, $0.count)
        }
        try check(code, "option \(option.rawValue)")
    }

    private func check(_ code: CURLcode, _ what: String) throws(HTTPFetchError) {
        guard code != CURLE_OK else { return }
        throw .invalidOption(name: what, reason: String(cString: curl_easy_strerror(code)))
    }

    private func freeLists() {
        for list in [fields, proxyFields, routes, names] { curl_slist_free_all(list) }
        (fields, proxyFields, routes, names) = (nil, nil, nil, nil)
    }
}

// MARK: What libcurl calls

private func takeHead(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    take(bytes, size * count, context) { $0.takeHead($1) }
}

private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    take(bytes, size * count, context) { $0.takeBody($1) }
}

private func take(
    _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
    _ body: (Transfer, UnsafeBufferPointer<UInt8>) -> Bool
) -> Int {
    guard let context, let bytes else { return 0 }
    let handle = Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
    guard let transfer = handle.transfer else { return 0 }
    return bytes.withMemoryRebound(to: UInt8.self, capacity: count) {
        body(transfer, UnsafeBufferPointer(start: $0, count: count))
    } ? count : (count == 0 ? 1 : 0)
}
