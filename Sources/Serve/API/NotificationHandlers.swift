import HTTPServe
import Model
import Threads

/// What whoever looks at Weir should know now: that it starts, stops, or holds an old configuration.
struct NotificationHandlers: Sendable {
    /// As many streams as there may be at once.
    private static let mostStreams = 16
    private let needs: Dependencies
    private let streams = StreamCount()
    private let pause: Duration

    init(_ needs: Dependencies, pause: Duration = .seconds(1)) {
        self.needs = needs
        self.pause = pause
    }

    /// A remark, in the words that Prometheus's pages compare.
    private struct Notification: Hashable {
        let text: String
        let date: Timestamp
    }

    private var current: [Notification] {
        var all: [Notification] = []
        switch needs.readiness.state {
        case .starting:
            all.append(
                Notification(text: "Weir is starting.", date: needs.startTime))
        case .stopping:
            all.append(
                Notification(
                    text: "Weir is shutting down and gracefully stopping all operations.",
                    date: WallClock.now))
        case .ready: break
        }
        let reload = needs.lastReload()
        if let failed = reload.failed {
            all.append(
                Notification(text: "Configuration reload has failed.", date: failed))
        }
        return all
    }

    /// All of them.
    @Sendable func list(_ request: ServerRequest) async -> ServerResponse {
        .success { writer in
            writer.beginList()
            for one in current { Self.write(one, isActive: true, to: &writer) }
            writer.endList()
        }
    }

    /// Each as it comes and goes, until the client or Weir does.
    @Sendable func live(_ request: ServerRequest) async -> ServerResponse {
        guard streams.enter(atMost: Self.mostStreams) else { return ServerResponse(status: 204) }
        let (handlers, streams) = (self, streams)
        var answer = ServerResponse(
            fields: ["Content-Type": "text/event-stream", "Cache-Control": "no-cache"]
        ) { output in
            defer { streams.leave() }
            var told: Set<Notification> = []
            try await output.flush()
            while true {
                let now = Set(handlers.current)
                var text = ""
                for gone in told.subtracting(now) { text += Self.event(gone, isActive: false) }
                for new in now.subtracting(told) { text += Self.event(new, isActive: true) }
                told = now
                if !text.isEmpty {
                    try await output.write(text)
                    try await output.flush()
                }
                if handlers.needs.readiness.state == .stopping { return }
                try await Task.sleep(for: handlers.pause)
            }
        }
        answer.compression = .never
        return answer
    }

    private static func event(_ notification: Notification, isActive: Bool) -> String {
        var writer = JSONWriter()
        write(notification, isActive: isActive, to: &writer)
        return "data: \(String(decoding: writer.bytes, as: UTF8.self))\n\n"
    }

    private static func write(
        _ notification: Notification, isActive: Bool, to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.member("text", notification.text)
        writer.member("date", notification.date.description)
        writer.key("active")
        writer.bool(isActive)
        writer.endObject()
    }
}

/// How many streams there are.
private final class StreamCount: Sendable {
    private let count = Locked(0)

    func enter(atMost limit: Int) -> Bool {
        count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
    }

    func leave() { count.withLock { $0 -= 1 } }
}
