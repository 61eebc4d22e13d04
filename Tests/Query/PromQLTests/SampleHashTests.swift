import Model
import Testing

@testable import PromQL

/// What `limit_ratio` chooses by: Prometheus 3 takes XXH64 of lengths and texts, one label after
/// the other, as its ordinary build keeps them.
struct SampleHashTests {
    /// Known answers of the hash itself, from its reference implementation.
    @Test(
        arguments: [
            ("", 0xef46_db37_51d8_e999), ("a", 0xd24e_c4f1_a98c_6e5b),
            ("as", 0x1c33_0fb2_d66b_e179),
            ("asd", 0x631c_37ce_72a9_7393), ("asdf", 0x4158_72f5_99ce_a71e),
            (
                "Call me Ishmael. Some years ago--never mind how long precisely-",
                0x02a2_e854_70d6_fd96
            ),
        ] as [(String, UInt64)])
    func `texts of every length have the hash that is known`(text: String, hash: UInt64) {
        #expect(XXH64.hash(Array(text.utf8)) == hash)
    }

    @Test func `bytes beyond ASCII are hashed as they are`() {
        #expect(XXH64.hash((0...255).map { UInt8($0) }) == 0x1fac_be84_06cd_904b)
    }

    /// The reference implementation over Prometheus's encoding: a length below 255 is one byte, a
    /// greater one is 255 and three bytes, the lowest first.
    @Test(
        arguments: [
            (Labels(), 0xef46_db37_51d8_e999),
            (["a": "b"], 0xe1d7_c427_46d8_6b11),
            (["__name__": "up", "job": "a"], 0xabb3_5243_313f_bb0b),
            (
                [
                    "__name__": "http_requests", "job": "api-server", "instance": "0",
                    "group": "production",
                ], 0x1835_1c04_9c0d_95e6
            ),
            (["é": "日本"], 0x01cc_796a_cf85_c3f3),
            (["long": String(repeating: "x", count: 254)], 0x0635_2ebd_bfee_f71b),
            (["long": String(repeating: "x", count: 255)], 0x8175_a207_c149_5c10),
            (["long": String(repeating: "x", count: 70_000)], 0xada5_b03c_5012_b914),
        ] as [(Labels, UInt64)])
    func `label sets have Prometheus's hash`(labels: Labels, hash: UInt64) {
        #expect(labels.sampleHash == hash)
    }

    /// Their places in the order of hashes are 0.095, 0.671 and 0.759.
    @Test(arguments: [
        (0.09, ""), (0.1, "http_requests"), (0.5, "http_requests"), (0.68, "http_requests up"),
        (1.0, "b http_requests up"), (-1.0, "b http_requests up"), (-0.24, ""), (-0.25, "b"),
        (-0.32, "b"), (-0.33, "b up"), (-0.9, "b up"), (-0.91, "b http_requests up"),
    ])
    func `limit_ratio takes the series whose hash is in the share`(
        ratio: Double, names: String
    ) async throws {
        let time = Timestamp(milliseconds: 60_000)
        let sets: [Labels] = [
            ["__name__": "up", "job": "a"],
            [
                "__name__": "http_requests", "job": "api-server", "instance": "0",
                "group": "production",
            ], ["__name__": "b"],
        ]
        let source = ListedSeries(
            all: sets.map { Series(labels: $0, times: [time], values: [1]) })
        var options = EngineOptions()
        options.language.experimentalFunctions = true
        let result = try await Engine(options).query(
            "limit_ratio(\(ratio), {__name__=~\".+\"})", at: time, source: source)
        guard case .vector(let elements) = result.value else {
            Issue.record("no vector")
            return
        }
        let found = elements.map(\.labels.metric)
        #expect(found.sorted().joined(separator: " ") == names)
    }
}
