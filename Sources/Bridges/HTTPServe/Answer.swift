import CMicrohttpd
import Compression
import Threads

/// An answer in libmicrohttpd's hands.
// Safe to share: nothing changes after `init`, and the response counts its references under a
// lock of its own.
final class Answer: @unchecked Sendable {
    let status: Int
    /// The bytes of a body at hand, packed where it was packed.
    let byteCount: Int
    /// The body, where it is streamed.
    let pipe: BodyPipe?
    let credential: String?
    private let handle: OpaquePointer?

    /// Makes ready what goes out: packs the body and adds the server's own fields.
    init(
        _ response: ServerResponse, to request: ServerRequest, settings: ServerSettings,
        credential: String? = nil, pipe: BodyPipe? = nil
    ) {
        var response = response
        status = response.status
        self.credential = credential
        let coding = packBody(of: &response, for: request)
        switch response.body {
        case .bytes(let bytes):
            byteCount = bytes.count
            self.pipe = nil
            handle = Self.make(bytes)
        case .stream:
            byteCount = 0
            self.pipe = pipe
            pipe?.packs(as: coding)
            handle = pipe.flatMap(Self.make) ?? Self.make([])
        }
        for field in response.fields.all { add(field.name, field.value) }
        let added = settings.addedFields.withLock { $0 }
        for field in added.all where response.fields[field.name] == nil {
            add(field.name, field.value)
        }
        if let cors = settings.options.cors, request.route?.isHealth != true {
            for field in cors.fields(for: request).all { add(field.name, field.value) }
        }
    }

    deinit { if let handle { MHD_destroy_response(handle) } }

    /// Closes the connection behind this answer.
    func addClose() { add("Connection", "close") }

    /// Queues it; false where libmicrohttpd refuses, and the connection has to be closed.
    func queue(on connection: Connection) -> Bool {
        guard let handle else { return false }
        return MHD_queue_response(connection.handle, UInt32(status), handle) == .YES
    }

    private func add(_ name: String, _ value: String) {
        guard let handle else { return }
        MHD_add_response_header(handle, name, value)
    }

    private static func make(_ bytes: [UInt8]) -> OpaquePointer? {
        if bytes.isEmpty { return MHD_create_response_from_buffer(0, nil, .RESPMEM_PERSISTENT) }
        // Safe: an array that is not changed keeps its elements where they are, and the box keeps
        // the array until libmicrohttpd has sent the last of it.
        let box = Unmanaged.passRetained(Bytes(bytes))
        let start = bytes.withUnsafeBytes { UnsafeMutableRawPointer(mutating: $0.baseAddress) }
        return MHD_create_response_from_buffer_with_free_callback_cls(
            bytes.count, start,
            { context in if let context { Unmanaged<Bytes>.fromOpaque(context).release() } },
            box.toOpaque())
    }

    private static func make(_ pipe: BodyPipe) -> OpaquePointer? {
        MHD_create_response_from_callback(
            UInt64.max, 64 * 1024,
            { context, _, room, count in
                guard let context, let room else { return endWithError }
                return Unmanaged<BodyPipe>.fromOpaque(context).takeUnretainedValue()
                    .read(into: UnsafeMutableRawBufferPointer(start: room, count: count))
            }, Unmanaged.passRetained(pipe).toOpaque(),
            { context in if let context { Unmanaged<BodyPipe>.fromOpaque(context).release() } })
    }
}

/// `MHD_CONTENT_READER_END_OF_STREAM` and `…_END_WITH_ERROR`, which are macros with casts.
let endOfStream = -1
let endWithError = -2

private final class Bytes: Sendable {
    let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
}
