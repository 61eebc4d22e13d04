import Model
import Testing

@testable import Discovery

struct TargetListTests {
    private let label = Label("__meta_url", "x")

    private func json(_ text: String) throws -> [TargetGroup] {
        try TargetList.json(Array(text.utf8), place: "list", label: label)
    }

    private func yaml(_ text: String) throws -> [TargetGroup] {
        try TargetList.yaml(Array(text.utf8), place: "list", label: label)
    }

    @Test func `JSON and YAML say the same`() throws {
        let expected = [
            TargetGroup(
                source: "list:0",
                targets: [["__address__": "a:1"], ["__address__": "b:2"]],
                labels: ["__meta_url": "x", "zone": "eu", "n": "1"]),
            TargetGroup(
                source: "list:1", targets: [["__address__": "c:3"]], labels: ["__meta_url": "x"]),
            TargetGroup(source: "list:2", targets: [], labels: ["__meta_url": "x"]),
        ]
        #expect(
            try json(
                """
                [{"targets": ["a:1", "b:2"], "labels": {"zone": "eu", "n": "1", "none": ""}},
                 {"labels": null, "targets": ["c:3"]}, {}]
                """) == expected)
        #expect(
            try yaml(
                """
                - targets: [a:1, 'b:2']
                  labels: {zone: eu, n: 1, none: ""}
                - targets: ["c:3"]
                  labels:
                - {}
                """) == expected)
    }

    @Test(arguments: ["[]", "null", " [ ] "])
    func `an empty list has no groups`(text: String) throws {
        #expect(try json(text).isEmpty)
        #expect(try yaml(text).isEmpty)
        #expect(try yaml("").isEmpty)
        #expect(try yaml("# nothing\n").isEmpty)
    }

    @Test(arguments: [
        ("", "list: line 1, column 0: this is no JSON: "),
        ("{}", "list: this is an object, not a list of groups"),
        ("[null]", "list: group 0: nothing, not an object with targets"),
        ("[{}, [1]]", "list: group 1: a list, not an object with targets"),
        ("[{\"targets\": \"a:1\"}]", "list: group 0: targets is a text, not a list"),
        ("[{\"targets\": [1]}]", "list: group 0: a target is a number, not a text"),
        ("[{\"labels\": []}]", "list: group 0: labels is a list, not an object"),
        ("[{\"labels\": {\"a\": 1}}]", "list: group 0: the label a is a number, not a text"),
        ("[{\"labels\": {\"\": \"1\"}}]", "list: group 0: a label has no name"),
        (
            "[{\"target\": []}]",
            "list: group 0: unknown field \"target\"; only targets and labels may stand here"
        ),
    ])
    func `JSON that is no list of groups says where it goes wrong`(
        text: String, words: String
    ) throws {
        let error = #expect(throws: DiscoveryError.self) { try json(text) }
        #expect(error?.description.hasPrefix(words) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        ("a: b", "list: this is a map, not a list of groups"),
        ("- targets: [a:1]\n-\n", "list:2: group 1: nothing, not a map with targets"),
        ("- targets: a:1", "list:1: group 0: targets is \"a:1\", not a list"),
        ("- targets: [[a]]", "list:1: group 0: a target is a list, not a text"),
        ("- labels: {a: [b]}", "list:1: group 0: the label a is a list, not a text"),
        ("- labels: a", "list:1: group 0: labels is \"a\", not a map"),
        (
            "- target: []",
            "list:1: group 0: unknown field \"target\"; only targets and labels may stand here"
        ),
    ])
    func `YAML that is no list of groups says where it goes wrong`(
        text: String, words: String
    ) throws {
        let error = #expect(throws: DiscoveryError.self) { try yaml(text) }
        #expect(error?.description.hasPrefix(words) == true, "\(String(describing: error))")
    }

    @Test func `a list cut anywhere is refused, or is shorter YAML, and stops nothing`() {
        let text = "[{\"targets\": [\"a:1\", \"b:2\"], \"labels\": {\"zone\": \"eu\"}}]"
        for count in 0..<text.utf8.count {
            let bytes = Array(text.utf8.prefix(count))
            #expect(throws: DiscoveryError.self) {
                try TargetList.json(bytes, place: "list", label: label)
            }
            // Half of a YAML text may be YAML; what counts here is that it ends.
            _ = try? TargetList.yaml(bytes, place: "list", label: label)
        }
    }
}
