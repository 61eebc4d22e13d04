import Glibc
import TestKit
import Threads
import YAML

/// The API of a cluster as a test plays it: lists as they are set, watches that say what they are
/// told to.
final class FakeCluster: Sendable {
    private enum Word: Sendable {
        case line(String)
        /// An orderly end of the answer.
        case end
        /// An end of the connection in the middle of the answer.
        case cut
    }

    private struct State {
        var pages: [String: [String]] = [:]
        var refusals: [String: ScriptedAnswer] = [:]
        var watchRefusals: [String: ScriptedAnswer] = [:]
        /// What the watch of a path has yet to say; each word is said once, to whoever watches.
        var words: [String: [Word]] = [:]
        var watching: [String: Int] = [:]
        var isClosed = false
    }

    private final class Script: Sendable {
        let state = Locked(State())
    }

    private let shared = Script()
    private let server: ScriptedServer

    init() throws {
        let shared = shared
        server = try ScriptedServer { conversation in
            while let request = conversation.readRequest() {
                let path = String(request.path.prefix { $0 != "?" })
                if request.path.contains("watch=1") || request.path.contains("watch=true") {
                    guard Self.watch(path, shared, conversation) else { return }
                } else {
                    guard conversation.send(Self.list(path, request, shared).bytes) else { return }
                }
            }
        }
    }

    deinit { shared.state.withLock { $0.isClosed = true } }

    /// Where it listens.
    var url: String { "http://127.0.0.1:\(server.port)" }

    /// The paths and queries that it was asked for.
    var requests: [String] { server.requests.map(\.path) }

    /// All it was asked, with the fields of the requests.
    var conversations: [ScriptedRequest] { server.requests }

    /// Sets the list of a path; more than one page is read page by page.
    func set(_ path: String, version: String = "10", pages: [String]...) {
        let texts = pages.enumerated().map { index, items in
            let next = index + 1 < pages.count ? #", "continue": "page-\#(index + 1)""# : ""
            return """
                {"kind": "List", "metadata": {"resourceVersion": "\(version)"\(next)},
                 "items": [\(items.joined(separator: ","))]}
                """
        }
        shared.state.withLock {
            $0.pages[path] = texts
            $0.refusals[path] = nil
        }
    }

    /// Sets the list of a path, as it was written down.
    func set(_ path: String, text: String) {
        shared.state.withLock { $0.pages[path] = [text] }
    }

    /// Answers each question for a list of `path` with this from now on.
    func refuse(_ path: String, _ answer: ScriptedAnswer) {
        shared.state.withLock { $0.refusals[path] = answer }
    }

    /// Answers the next watch of `path` with this.
    func refuseWatch(_ path: String, _ answer: ScriptedAnswer) {
        shared.state.withLock { $0.watchRefusals[path] = answer }
    }

    /// Lets the watch of `path` say that something happened.
    func say(_ type: String, _ object: String, to path: String) {
        let line = "{\"type\": \"\(type)\", \"object\": \(object)}"
            .split(separator: "\n").joined(separator: " ")
        add(.line(line + "\n"), path)
    }

    /// Ends the watch of `path` as a server does after some minutes.
    func end(_ path: String) { add(.end, path) }

    /// Breaks the connection of the watch of `path`.
    func cut(_ path: String) { add(.cut, path) }

    /// How many connections watch `path` now.
    func watchers(of path: String) -> Int { shared.state.withLock { $0.watching[path] ?? 0 } }

    private func add(_ word: Word, _ path: String) {
        shared.state.withLock { $0.words[path, default: []].append(word) }
    }

    private static func list(_ path: String, _ request: ScriptedRequest, _ shared: Script)
        -> ScriptedAnswer
    {
        let (refusal, pages) = shared.state.withLock { ($0.refusals[path], $0.pages[path]) }
        if let refusal { return refusal }
        guard let pages else {
            return .json(
                #"{"kind": "Status", "message": "no such list", "code": 404}"#, status: 404)
        }
        let page = request.path.firstRange(of: "continue=page-").flatMap {
            Int(request.path[$0.upperBound...].prefix { $0.isNumber })
        }
        return .json(pages[page ?? 0])
    }

    /// False once the connection is over.
    private static func watch(_ path: String, _ shared: Script, _ conversation: Conversation)
        -> Bool
    {
        if let refusal = shared.state.withLock({ $0.watchRefusals.removeValue(forKey: path) }) {
            return conversation.send(refusal.bytes)
        }
        conversation.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        shared.state.withLock { $0.watching[path, default: 0] += 1 }
        defer { shared.state.withLock { $0.watching[path, default: 0] -= 1 } }
        while true {
            let (word, isClosed) = shared.state.withLock { state -> (Word?, Bool) in
                let isEmpty = state.words[path]?.isEmpty ?? true
                return (isEmpty ? nil : state.words[path]?.removeFirst(), state.isClosed)
            }
            switch word {
            case _ where isClosed: return false
            case nil: usleep(2_000)
            case .line(let text):
                let size = String(text.utf8.count, radix: 16)
                guard conversation.send("\(size)\r\n\(text)\r\n") else { return false }
            case .end: return conversation.send("0\r\n\r\n")
            case .cut: return false
            }
        }
    }
}

extension FakeCluster {
    /// Where lists and configurations were written down.
    static let fixtures = "\(Shared.project)/Tests/Gather/DiscoveryTests/Fixtures"

    /// A small cluster that was written down.
    static func recorded() throws -> FakeCluster {
        let cluster = try FakeCluster()
        let lists = [
            "nodes": "/api/v1/nodes", "services": "/api/v1/services", "pods": "/api/v1/pods",
            "endpoints": "/api/v1/endpoints",
            "endpointslices": "/apis/discovery.k8s.io/v1/endpointslices",
            "ingresses": "/apis/networking.k8s.io/v1/ingresses",
        ]
        for (name, path) in lists {
            let file = "\(fixtures)/cluster/\(name).json"
            let bytes = try YAMLReader.bytes(path: file, limit: 1 << 20)
            cluster.set(path, text: String(decoding: bytes, as: UTF8.self))
        }
        return cluster
    }
}
