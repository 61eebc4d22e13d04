import TestKit
import Testing
import YAML

struct YAMLReaderTests {
    @Test func `lists, maps and texts know where they stand`() throws {
        let document = try YAMLReader.read(
            Array("a: 1\nb:\n  - x\n  - \"y\"\n".utf8), file: "f.yml")
        let root = try #require(document.root)
        let list = try #require(root["b"])
        #expect(list.mark == YAMLMark(line: 3, column: 3))
        guard case .list(let items) = list.content else { throw SystemError("list", path: "b") }
        #expect(items.map(\.mark.line) == [3, 4])
        #expect(items[1].mark.column == 5)
    }

    @Test(arguments: ["", "# nothing\n", "---\n", "\u{feff}"])
    func `a file without content has no nodes`(text: String) throws {
        let root = try YAMLReader.read(Array(text.utf8), file: "f").root
        #expect(root == nil || root?.isNull == true)
    }

    @Test func `aliases and merge keys are written out`() throws {
        let text = """
            base: &base {a: 1, b: 2}
            more: &more {b: 3, c: 4}
            one: {<<: *base, b: 9}
            two: {<<: [*base, *more]}
            same: *base
            """
        let root = try #require(try YAMLReader.read(Array(text.utf8), file: "f").root)
        func texts(_ name: String) -> [String] {
            guard case .map(let entries)? = root[name]?.content else { return [] }
            return entries.map { entry in
                guard case .scalar(let scalar) = entry.value.content else { return "?" }
                return "\(entry.name)=\(scalar.text)"
            }.sorted()
        }
        #expect(texts("one") == ["a=1", "b=9"])
        #expect(texts("two") == ["a=1", "b=2", "c=4"])
        #expect(texts("same") == ["a=1", "b=2"])
    }

    struct Bad: CustomTestStringConvertible, Sendable {
        let text: String
        let sentence: String
        var testDescription: String { sentence }
        init(_ text: String, _ sentence: String) { (self.text, self.sentence) = (text, sentence) }
    }

    static let bad = [
        Bad("a:\n\tb: 1\n", "f:2:1: a tab stands where spaces must indent; replace it with spaces"),
        Bad(
            "a: 1\na: 2\n",
            "f:2:1: \"a\" stands twice in one block; the first is in line 1; keep one of them"),
        Bad("a: *b\n", "f:1:4: *b repeats a value that no &b names; write &b before the value"),
        Bad(
            "a: &base 1\nb: *bsae\n",
            "f:2:4: *bsae repeats a value that no &bsae names; did you mean *base?"),
        Bad("a: &a [*a]\n", "f:1:8: *a stands inside the value it repeats; remove it"),
        Bad("a: {<<: 1}\n", "f:1:5: << takes a map or a list of maps; write <<: *name of a map"),
        Bad("? [a]\n: 1\n", "f:1:3: a list or a map cannot be a name; write \"name: value\""),
        Bad("a: \"x\n", "f:2:1: a quote or bracket is never closed; close it"),
        Bad(
            "a: b: c\n",
            "f:1:5: a second \": \" stands in one value, or the indent is wrong; quote the value, or align the line with its block"
        ),
        Bad(
            "a: [1, 2\nb: 3\n",
            "f:2:2: a list in [ ] is not closed; write , between entries and ] at the end"),
        Bad("a: %x\n", "f:1:4: a value cannot begin with this character; quote the value"),
        Bad(
            "a: \"\\q\"\n",
            "f:1:5: a backslash stands before a character it cannot escape; double the backslash, or use single quotes"
        ),
        Bad(
            "a: 1\n b: 2\n",
            "f:2:3: a second \": \" stands in one value, or the indent is wrong; quote the value, or align the line with its block"
        ),
        Bad(
            "a: x\0y\n",
            "f:1:5: the file holds a NUL byte; remove it, or write it as \"\\x00\" in a text"),
        Bad(
            "é: \u{1}\n",
            "f:1:4: the file holds the control character 0x01; remove it, or write it as \"\\x01\" in a text"
        ),
    ]

    @Test(arguments: bad)
    func `what is not YAML is refused with a sentence`(bad: Bad) throws {
        let error = #expect(throws: YAMLError.self) {
            try YAMLReader.read(Array(bad.text.utf8), file: "f")
        }
        #expect(error?.description == bad.sentence)
    }

    @Test func `bytes that are not UTF-8 are refused with their place`() {
        for (bytes, sentence) in [
            (
                [0x61, 0x0a, 0x62, 0xff],
                "f:2:2: the byte 0xFF is not UTF-8; save the file as UTF-8"
            ),
            ([0xc0, 0x80], "f:1:1: the byte 0xC0 is not UTF-8; save the file as UTF-8"),
            ([0xed, 0xa0, 0x80], "f:1:1: the byte 0xED is not UTF-8; save the file as UTF-8"),
            ([0xe2, 0x82], "f:1:1: the byte 0xE2 is not UTF-8; save the file as UTF-8"),
            ([0xff, 0xfe, 0x61, 0], "f:1:1: the file is UTF-16; save it as UTF-8"),
        ] as [([UInt8], String)] {
            let error = #expect(throws: YAMLError.self) { try YAMLReader.read(bytes, file: "f") }
            #expect(error?.description == sentence)
        }
    }

    @Test func `a billion laughs are refused before they are told`() throws {
        var text = "l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for level in 1...12 {
            let aliases = Array(repeating: "*l\(level - 1)", count: 10).joined(separator: ", ")
            text += "l\(level): &l\(level) [\(aliases)]\n"
        }
        let error = #expect(throws: YAMLError.self) {
            try YAMLReader.read(Array(text.utf8), file: "f")
        }
        #expect(
            error?.description.contains("more than 4000000 values, aliases written out") == true)
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "])
    func `deep nesting is refused`(opening: String) {
        let text = String(repeating: opening, count: 50_000)
        let error = #expect(throws: YAMLError.self) {
            try YAMLReader.read(Array(text.utf8), file: "f")
        }
        #expect(error != nil)
    }

    @Test func `a file beyond the limit is refused unread`() throws {
        var limits = YAMLLimits()
        limits.bytes = 2 << 20
        let bytes = [UInt8](repeating: 0x20, count: (2 << 20) + 1)
        let error = #expect(throws: YAMLError.self) {
            try YAMLReader.read(bytes, file: "f", limits: limits)
        }
        #expect(
            error?.description
                == "f:1:1: the file holds more than 2 MB; split it, with scrape_config_files or file_sd_configs"
        )
    }

    @Test func `a file that is not there is named`() {
        let error = #expect(throws: YAMLError.self) { try YAMLReader.read(path: "/nowhere/f.yml") }
        #expect(
            error?.description
                == "/nowhere/f.yml: cannot be read: no such file or directory; check the path and its permissions"
        )
    }

    @Test func `a file cut at any byte or with flipped bits never stops the reader`() throws {
        let text = "a: &x {b: [1, 'é', \"\\n\"]}\nc:\n  - *x\n  - <<: *x\n    d: |\n      text\n"
        let bytes = Array(text.utf8)
        for end in bytes.indices {
            for bit in 0..<8 {
                var changed = Array(bytes[...end])
                changed[end] ^= 1 << UInt8(bit)
                do { _ = try YAMLReader.read(changed, file: "f") } catch {
                    #expect(error.description.hasPrefix("f:"))
                }
            }
        }
    }
}
