import HTTPFetch
import JSON

/// Asks the API of a cluster for lists, and watches what becomes of them.
struct ClusterAPI: Sendable {
    /// A whole list, and the version that a watch goes on from.
    struct List: Sendable {
        var objects: [ClusterObject] = []
        var version = ""
    }

    /// Why a question has no answer that can be used.
    enum Failure: Error {
        /// The version is too old to go on from: the list has to be read again.
        case expired
        /// The server is away or busy; a watch may go on later from where it was.
        case away(any Error)
        /// The answer is no answer: after that, the list has to be read again.
        case wrong(any Error)
    }

    let client: HTTPClient
    let access: ClusterAccess

    // So much of a large cluster is held at a time as JSON.
    private static let pageSize = 500
    /// How long a watch lasts before the server ends it, and how much longer its answer may take.
    static let watchSeconds = 240...300

    /// All objects of a resource, read in pages.
    func list(_ resource: ClusterResource) async throws(Failure) -> List {
        var list = List()
        var next = ""
        repeat {
            var url = url(of: resource)
            url.add("limit", "\(Self.pageSize)")
            url.addFilled("continue", next)
            let page = try await page(url)
            guard case .array(let items) = page["items"] else {
                // An empty list of Go may be written as null.
                guard page["items"].isNull, !page["metadata"].isNull else {
                    throw .wrong(bad(url, "this is no list of \(resource.kind.plural)"))
                }
                return List(version: page["metadata"]["resourceVersion"].orEmpty)
            }
            list.objects += items.map { ClusterObject(resource.kind, $0) }
            list.version = page["metadata"]["resourceVersion"].orEmpty
            next = page["metadata"]["continue"].orEmpty
        } while !next.isEmpty
        return list
    }

    /// Hands what happens to `resource` after `version` to `take`, in pieces as they come, until
    /// the server ends the watch; gives back the last version seen.
    func watch(
        _ resource: ClusterResource, from version: inout String,
        _ take: ([WatchEvent]) async -> Void
    ) async throws(Failure) {
        var url = url(of: resource)
        url.add("watch", "1")
        url.add("allowWatchBookmarks", "true")
        url.add("resourceVersion", version)
        let seconds = Int.random(in: Self.watchSeconds)
        url.add("timeoutSeconds", "\(seconds)")
        let lines = LineReader()
        do {
            let request = HTTPRequest(
                "GET", try url.address(), fields: HTTPFields(["Accept": "application/json"]),
                timeout: .seconds(seconds + 30), bodyLimitBytes: nil, codings: [])
            async let ending = Self.transfer(request, access.options, client, lines)
            for await piece in lines.pieces {
                var events: [WatchEvent] = []
                for line in piece {
                    let event = try WatchEvent(line, of: resource.kind)
                    version = event.version ?? version
                    events.append(event)
                }
                await take(events)
            }
            let response = try await ending.get()
            guard response.status == 200 else {
                throw Self.failure(response, lines.refusal, bad(url, response.statusLine))
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Self.failure(error)
        }
    }

    private static func transfer(
        _ request: HTTPRequest, _ options: HTTPClientOptions, _ client: HTTPClient,
        _ lines: LineReader
    ) async -> Result<HTTPResponse, HTTPFetchError> {
        defer { lines.finish() }
        do throws(HTTPFetchError) {
            return .success(try await client.fetch(request, with: options, into: lines))
        } catch {
            return .failure(error)
        }
    }

    private func page(_ url: SourceURL) async throws(Failure) -> JSONValue {
        do {
            let request = HTTPRequest(
                "GET", try url.address(), fields: HTTPFields(["Accept": "application/json"]),
                timeout: .seconds(60), bodyLimitBytes: 256 << 20)
            let response = try await client.fetch(request, with: access.options)
            guard response.status == 200 else {
                throw Self.failure(response, response.body, bad(url, response.statusLine))
            }
            return try JSONReader.read(response.body)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Self.failure(error)
        }
    }

    private func url(of resource: ClusterResource) -> SourceURL {
        var url = SourceURL(access.server.text, resource.path)
        url.addFilled("labelSelector", resource.labelSelector)
        url.addFilled("fieldSelector", resource.fieldSelector)
        return url
    }

    private func bad(_ url: SourceURL, _ reason: String) -> DiscoveryError {
        // What is no URL has no description that could be shown.
        let place = (try? url.address().description) ?? access.server.description
        return .badAnswer(url: place, reason: reason)
    }

    /// What a refusal means; Kubernetes sends a `Status` that says more than the status line.
    private static func failure(
        _ response: HTTPResponse, _ body: [UInt8], _ plain: DiscoveryError
    ) -> Failure {
        if response.status == 410 { return .expired }
        // A refusal that is no JSON says no more than its status line.
        let message = (try? JSONReader.read(body))?["message"].text ?? ""
        var error = plain
        if !message.isEmpty, case .badAnswer(let url, let reason) = plain {
            error = .badAnswer(url: url, reason: "\(reason): \(message)")
        }
        return response.status == 429 || response.status >= 500 ? .away(error) : .wrong(error)
    }

    private static func failure(_ error: any Error) -> Failure {
        error is HTTPFetchError ? .away(error) : .wrong(error)
    }
}

/// One event of a watch.
enum WatchEvent: Sendable {
    /// The object is new, or is not what it was.
    case put(ClusterObject, version: String)
    /// The object is gone.
    case removed(ObjectKey, version: String)
    /// Nothing happened up to this version.
    case bookmark(version: String)

    /// Reads a line of a watch; throws what the server says instead.
    init(_ line: [UInt8], of kind: ObjectKind) throws {
        let value = try JSONReader.read(line)
        let object = value["object"]
        let version = object["metadata"]["resourceVersion"].orEmpty
        switch value["type"].text {
        case "ADDED", "MODIFIED": self = .put(ClusterObject(kind, object), version: version)
        case "DELETED": self = .removed(ClusterObject(kind, object).key, version: version)
        case "BOOKMARK": self = .bookmark(version: version)
        case "ERROR":
            let code = object["code"].whole ?? 0
            if code == 410 { throw ClusterAPI.Failure.expired }
            throw DiscoveryError.badAnswer(
                url: "the watch of \(kind.plural)",
                reason: "\(code) \(object["reason"].orEmpty): \(object["message"].orEmpty)")
        default:
            throw DiscoveryError.badAnswer(
                url: "the watch of \(kind.plural)", reason: "this is no event of a watch")
        }
    }

    /// The version to go on from.
    var version: String? {
        let version =
            switch self {
            case .put(_, let version), .removed(_, let version), .bookmark(let version): version
            }
        return version.isEmpty ? nil : version
    }
}
