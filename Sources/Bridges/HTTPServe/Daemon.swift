import CMicrohttpd
import Threads

/// One libmicrohttpd daemon without a thread, which its loop runs.
///
/// The only file that names `MHD_Daemon`.
///
/// A loop has one daemon per generation of TLS options, so that a new certificate leaves the
/// connections that stand alone.
final class Daemon {
    let tls: TLSOptions?
    let epoll: Int32
    var connectionCount = 0
    private let handle: OpaquePointer

    /// A daemon whose callbacks go to `loop`, which outlives it.
    init(loop: ServerLoop, tls: TLSOptions?) throws(HTTPServeError) {
        let settings = loop.settings
        self.tls = tls
        var options = weir_mhd_options()
        options.connection_limit = UInt32(clamping: settings.hardConnectionLimit + 16)
        options.timeout_seconds = UInt32(
            clamping: max(1, settings.options.idleTimeout.components.seconds))
        options.memory = settings.options.maxHeaderBytes + 3 * 1024
        options.context = Unmanaged.passUnretained(loop).toOpaque()
        options.access = accessed
        options.completed = completed
        options.connection = connectionChanged
        options.target = targetRead
        guard let handle = Self.start(&options, tls: tls) else {
            throw tls == nil
                ? .cannotStart(reason: "libmicrohttpd has no memory or no epoll")
                : .badTLS(what: "certificate and key", reason: "GnuTLS does not take them")
        }
        self.handle = handle
        epoll = weir_mhd_epoll(handle)
    }

    /// The pointers are read while the daemon starts, and not later.
    private static func start(_ options: inout weir_mhd_options, tls: TLSOptions?) -> OpaquePointer?
    {
        guard let tls else { return weir_mhd_start(&options) }
        let certificate = tls.certificate.cString
        let key = tls.key.cString
        let priorities = Array(tls.priorities.utf8CString)
        let authorities = tls.clientAuthorities.cString
        return certificate.withUnsafeBufferPointer { certificate in
            key.withUnsafeBufferPointer { key in
                priorities.withUnsafeBufferPointer { priorities in
                    authorities.withUnsafeBufferPointer { authorities in
                        options.certificate = certificate.baseAddress
                        options.key = key.baseAddress
                        options.priorities = priorities.baseAddress
                        options.authorities =
                            tls.clientAuthorities.isEmpty ? nil : authorities.baseAddress
                        return weir_mhd_start(&options)
                    }
                }
            }
        }
    }

    /// Stops it; every suspended connection has to be resumed before.
    deinit { MHD_stop_daemon(handle) }

    /// Does what its sockets are ready for.
    func run() { MHD_run(handle) }

    /// Whether it has more to do at once.
    var hasMore: Bool {
        var milliseconds: UInt64 = 0
        return MHD_get_timeout(handle, &milliseconds) == .YES && milliseconds == 0
    }

    /// Takes over `socket`, and closes it in the end.
    func add(_ socket: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Bool {
        MHD_add_connection(handle, socket, address, length) == .YES
    }
}

extension [UInt8] {
    /// The same with the NUL at the end that C wants.
    fileprivate var cString: [CChar] { map { CChar(bitPattern: $0) } + [0] }
}

private func loop(_ context: UnsafeMutableRawPointer?) -> ServerLoop {
    guard let context else { preconditionFailure("BUG: a daemon without its loop") }
    return Unmanaged<ServerLoop>.fromOpaque(context).takeUnretainedValue()
}

private func connectionChanged(
    _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?,
    _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ change: MHD_ConnectionNotificationCode
) {
    guard let handle, let place else { return }
    if change.rawValue == 0 {
        let connection = loop(context).opened(handle)
        place.pointee = Unmanaged.passRetained(connection).toOpaque()
    } else if let pointer = place.pointee {
        place.pointee = nil
        loop(context).closed(Unmanaged<Connection>.fromOpaque(pointer).takeRetainedValue())
    }
}

private func targetRead(
    _ context: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>?, _ handle: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let target, let handle, let pointer = weir_mhd_context(handle) else { return nil }
    Unmanaged<Connection>.fromOpaque(pointer).takeUnretainedValue()
        .begin(target: String(cString: target))
    return pointer
}

private func accessed(
    _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?, _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?,
    _ data: UnsafePointer<CChar>?, _ size: UnsafeMutablePointer<Int>?,
    _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let method, let version, let size, let pointer = place?.pointee else { return .NO }
    let connection = Unmanaged<Connection>.fromOpaque(pointer).takeUnretainedValue()
    let loop = loop(context)
    if size.pointee > 0 {
        let piece = UnsafeRawBufferPointer(start: data, count: size.pointee)
        let taken = loop.received(piece, on: connection)
        guard taken >= 0 else { return .NO }
        size.pointee -= taken
        return .YES
    }
    if connection.exchange == nil {
        return loop.began(connection, method: method, version: version) ? .YES : .NO
    }
    return loop.goOn(connection) ? .YES : .NO
}

private func completed(
    _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?,
    _ place: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ reason: MHD_RequestTerminationCode
) {
    guard let pointer = place?.pointee else { return }
    place?.pointee = nil
    let connection = Unmanaged<Connection>.fromOpaque(pointer).takeUnretainedValue()
    loop(context).completed(connection, isWhole: reason.rawValue == 0)
}
