import JSON
import Testing

struct JSONReaderTests {
    private func read(_ text: String) throws -> JSONValue {
        try JSONReader.read(Array(text.utf8))
    }

    private func failure(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) -> JSONError? {
        do {
            _ = try JSONReader.read(bytes, limits: limits)
            return nil
        } catch { return error }
    }

    static let sample = """
        {"kind": "Pod", "n": -12, "f": 1.5e3, "yes": true, "no": false, "nil": null,
         "list": [1, "zwei", {"drei": []}], "text": "a\\u00e9\\n\\ud83d\\ude00é\\u0000"}
        """

    @Test func `every kind of value is read`() throws {
        let value = try read(Self.sample)
        #expect(value["kind"].text == "Pod")
        #expect(value["n"] == .int(-12))
        #expect(value["n"].whole == -12)
        #expect(value["f"] == .double(1500))
        #expect(value["f"].whole == 1500)
        #expect(value["yes"].truth == true)
        #expect(value["no"].truth == false)
        #expect(value["nil"].isNull)
        #expect(value["list"][1].text == "zwei")
        #expect(value["list"][2]["drei"] == .array([]))
        #expect(value["text"].text == "aé\n😀é\0")
        #expect(
            value.members.map(\.name) == ["kind", "n", "f", "yes", "no", "nil", "list", "text"])
    }

    @Test func `what is missing is null all the way`() throws {
        let value = try read("{\"spec\": {\"podIP\": null}, \"list\": [1]}")
        #expect(value["spec"]["podIP"].text == nil)
        #expect(value["status"]["deep"]["deeper"].isNull)
        #expect(value["spec"]["podIP"]["x"][3].isNull)
        #expect(value["list"][1].isNull)
        #expect(value["list"][-1].isNull)
        #expect(value["list"].members.isEmpty)
        #expect(value.elements.isEmpty)
    }

    @Test func `what is needed is given, or its path is named`() throws {
        let value = try read(
            "{\"spec\": {\"name\": \"a\", \"port\": 80, \"x\": null}, \"items\": [{}]}")
        #expect(try value.text(at: "spec", "name") == "a")
        #expect(try value.whole(at: "spec", "port") == 80)
        #expect(try value.elements(at: "items") == [.object([])])
        #expect(try value.members(at: "spec").count == 3)
        #expect(try value.at("spec", "port") == .int(80))
        #expect(throws: JSONError.missing(path: "spec.x")) { try value.at("spec", "x") }
        #expect(throws: JSONError.missing(path: "status")) { try value.text(at: "status", "ip") }
        #expect(
            throws: JSONError.mismatch(path: "spec.port", wanted: "a text", found: "a number")
        ) { try value.text(at: "spec", "port") }
        #expect(
            throws: JSONError.mismatch(path: "spec.name", wanted: "an object", found: "a text")
        ) { try value.text(at: "spec", "name", "deep") }
        #expect(throws: JSONError.mismatch(path: "spec", wanted: "a list", found: "an object")) {
            try value.elements(at: "spec")
        }
    }

    @Test func `a text that names the path says what is wrong`() {
        #expect(JSONError.missing(path: "spec.podIP").description == "spec.podIP is missing")
        #expect(
            JSONError.mismatch(path: "a", wanted: "a list", found: "an object").description
                == "a is an object, not a list")
    }

    @Test(arguments: [
        ("", 1, 0), ("{", 1, 1), ("{\"a\": tru}", 1, 9), ("[1,\n 2,\n ]", 3, 2), ("1 2", 1, 3),
        ("{\"a\" 1}", 1, 6), ("[01]", 1, 2), ("{\"\\u0000\": 1}", 1, 9), ("[1e999]", 1, 6),
        ("[\"\\ud800\"]", 1, 9), ("{'a': 1}", 1, 2),
    ])
    func `what is no JSON is refused with its place`(text: String, line: Int, column: Int) {
        guard case .syntax(let l, let c, let reason)? = failure(Array(text.utf8)) else {
            Issue.record("\(text) was taken")
            return
        }
        #expect((l, c) == (line, column), "\(text): \(reason) at \(l):\(c)")
        #expect(!reason.isEmpty)
    }

    @Test(
        arguments: [
            [0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22],
            [0x22, 0xe2, 0x82, 0x22], [0x5b, 0xfe, 0x5d], [0x22, 0x0a, 0x22], [0x22, 0x00, 0x22],
        ] as [[UInt8]])
    func `bytes that are no text are refused`(bytes: [UInt8]) {
        guard case .syntax? = failure(bytes) else {
            Issue.record("\(bytes) were taken")
            return
        }
    }

    @Test func `of two members with one name the later counts`() throws {
        let value = try read("{\"a\": 1, \"b\": 2, \"a\": {\"c\": 3}}")
        #expect(value["a"]["c"].whole == 3)
        #expect(value.members.count == 2)
    }

    @Test func `names are compared by their text, and long texts live`() throws {
        let long = String(repeating: "ü", count: 100_000)
        let value = try read("{\"\(long)\": \"\(long)\"}")
        #expect(value[long].text == long)
    }

    @Test func `big numbers keep what they can`() throws {
        let value = try read(
            "[9223372036854775807, -9223372036854775808, 0.1, 1e-400, 1e308, -0.0]")
        #expect(value[0] == .int(.max))
        #expect(value[1] == .int(.min))
        #expect(value[2].number == 0.1)
        #expect(value[3].number == 0)
        #expect(value[4].number == 1e308)
        #expect(value[5].number?.sign == .minus)
        let bigger = try read("{\"id\": 18446744073709551615, \"n\": 3}")
        #expect(bigger["id"].number == 18_446_744_073_709_551_616)
        #expect(bigger["id"].whole == nil)
        #expect(bigger["n"].whole == 3)
    }

    @Test func `a text cut at any byte is refused, and stops nothing`() {
        let bytes = Array(Self.sample.utf8)
        for count in 0..<bytes.count {
            guard case .syntax? = failure(Array(bytes[..<count])) else {
                Issue.record("the first \(count) bytes were taken")
                return
            }
        }
        #expect(failure(bytes) == nil)
    }

    @Test func `flipped bytes are refused or read, and stop nothing`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var bytes = Array(Self.sample.utf8)
            for _ in 0..<3 {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255)
            }
            if let error = failure(bytes) { #expect(!error.description.isEmpty) }
        }
    }

    @Test func `depth and size have their limits`() throws {
        var limits = JSONLimits()
        limits.depth = 3
        let deep = Array("[[[\"[[[[\"]],\n [[[]]]]".utf8)
        #expect(failure(deep, limits: limits) == .tooDeep(line: 2, column: 4, limit: 3))
        limits.depth = 4
        #expect(failure(deep, limits: limits) == nil)
        limits.bytes = 4
        #expect(failure(deep, limits: limits) == .tooLarge(bytes: deep.count, limit: 4))
        let deepest = [UInt8](repeating: UInt8(ascii: "["), count: 3_000_000)
        #expect(failure(deepest) == .tooDeep(line: 1, column: 201, limit: 200))
    }

    @Test(arguments: ["null", "true", "12", "\"x\"", " [ ] ", "\u{feff}{}"])
    func `any value may stand alone, and a mark before it is no JSON`(text: String) {
        #expect((failure(Array(text.utf8)) == nil) == !text.hasPrefix("\u{feff}"))
    }
}
