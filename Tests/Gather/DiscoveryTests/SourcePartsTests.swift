import HTTPFetch
import Model
import Testing

@testable import Discovery

struct SourcePartsTests {
    @Test func `a source fails as long as one of its parts does`() {
        let recorder = Recorder()
        let parts = SourceParts(recorder.updates)
        let group = TargetGroup(source: "a", targets: [["__address__": "a:1"]])
        parts.failed("x", reason: "x is away")
        parts.succeeded("y") { $0.update(group) }
        parts.recovered("x")
        parts.succeeded("y")
        #expect(
            recorder.all == [
                .failed(reason: "x is away"), .partly(.updated(group), reason: "x is away"),
                .succeeded,
            ])
    }

    @Test(arguments: [
        ("app", "app"), ("app.kubernetes.io/name", "app_kubernetes_io_name"), ("a-b:c", "a_b_c"),
        ("größe", "gr__e"), ("9lives", "9lives"), ("", ""),
    ])
    func `a key becomes part of a label's name letter by letter`(key: String, expected: String) {
        #expect(LabelName.sanitized(key) == expected)
    }

    @Test func `waits double up to their bound, between half and all of it`() {
        var pace = RetryPace(from: .seconds(1), to: .seconds(5))
        let waits = [1, 0, 1, 1].map { pace.next(jitter: $0) }
        #expect(waits == [.seconds(1), .seconds(1), .seconds(4), .seconds(5)])
        pace.reset()
        let first = pace.next(jitter: 0)
        #expect(first == .milliseconds(500))
    }

    @Test func `a URL's parts are escaped`() throws {
        var url = SourceURL("http://a:1/base/", "/list")
        url.addFilled("none", "")
        url.add("q", "a b&c=d/ü")
        url.add("stale", "")
        #expect(try url.address().text == "http://a:1/base/list?q=a%20b%26c%3Dd%2F%C3%BC&stale=")
    }
}
