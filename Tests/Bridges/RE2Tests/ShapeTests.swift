import Testing

@testable import RE2

private let shapes: [(String, Shape.Kind)] = [
    ("abc", .literals([Array("abc".utf8)], isGroup: false)),
    ("a|bc", .literals([Array("a".utf8), Array("bc".utf8)], isGroup: false)),
    ("(a\\.b|c)", .literals([Array("a.b".utf8), Array("c".utf8)], isGroup: true)),
    ("(?:a|)", .literals([Array("a".utf8), []], isGroup: false)),
    ("", .literals([[]], isGroup: false)),
    ("(.*)", .affix(prefix: [], minimum: 0, suffix: [], isGroup: true)),
    ("go_.+", .affix(prefix: Array("go_".utf8), minimum: 1, suffix: [], isGroup: false)),
    (
        "é(.+):x",
        .affix(prefix: Array("é".utf8), minimum: 1, suffix: Array(":x".utf8), isGroup: true)
    ),
]

struct ShapeTests {
    @Test(arguments: shapes.indices)
    func `what people write most is known without running it`(row: Int) {
        #expect(Shape(shapes[row].0).kind == shapes[row].1)
    }

    @Test(arguments: [
        ".*a.*", "a.*b.*", "(?:a.*)?ba*", "[^a]", "[]a]", "[[:alpha:]]+", "(a)?",
        "(a)|(b)", ".*?", "(.*)?", "(.*){2}", "é+", "^a", "a$", "(?i)a", "\\Qa|b\\E", "a{2}",
        "(?P<n>a)", ".", "a++", "\\pN+", "[\\d-x]",
    ])
    func `what is not sure is left to RE2`(expression: String) {
        guard case .general = Shape(expression).kind else {
            Issue.record("\(Shape(expression))")
            return
        }
    }

    @Test(arguments: [
        "([^:]+)(?::\\d+)?;(\\d+)", "(.+):\\d+", "([^.]+)\\..*", "(\\d)\\d\\d", "ab*", "[a]",
        "((a))",
        "([a-z-]+)-(\\d+)", "[-\\w]+@?",
    ])
    func `what each byte decides is walked`(expression: String) {
        guard case .walk = Shape(expression).kind else {
            Issue.record("\(Shape(expression))")
            return
        }
    }

    @Test func `a walk finds the groups`() throws {
        let address = try Pattern("([^:]+)(?::\\d+)?;(\\d+)")
        #expect(address.captures("10.0.0.1:80;9102") == ["10.0.0.1:80;9102", "10.0.0.1", "9102"])
        #expect(address.captures("é;1") == ["é;1", "é", "1"])
        #expect(address.captures(":80;9102") == nil)
        #expect(address.captures("a:;1") == nil)
        let port = try Pattern("(.+):(\\d+)")
        #expect(port.captures("a:b:80") == ["a:b:80", "a:b", "80"])
        #expect(port.captures("a:b:") == nil)
    }

    /// Whatever is known without RE2 has to be what RE2 says: with `^` before it, an expression
    /// means the same, and nothing is known of it.
    @Test func `shapes and RE2 agree on random expressions`() throws {
        var random = SystemRandomNumberGenerator()
        let atoms = [
            "a", "b", "é", "\\.", ".", ".*", ".+", "(.*)", "(.+)", "|", "(", ")", "(?:", "*", "?",
            "+",
            "{1,2}", "[^.]+", "([a-b_]*)", "(\\d+)", "(?:_\\d+)?", "\\w", "[^ab]", "(?i)", "[ab|]",
            "\\d", "\\Q|\\E", "$", "_", "\\-",
        ]
        let letters = ["a", "b", "é", ".", "_", "\n", "A", "|", "1"]
        var compiled = 0
        while compiled < 3000 {
            let count = Int.random(in: 0...6, using: &random)
            let text = (0..<count).map { _ in atoms[Int.random(in: 0..<atoms.count)] }.joined()
            guard let pattern = try? Pattern(text) else { continue }  // Many are no expressions.
            compiled += 1
            let slow = try Pattern("^(?:" + text + ")")
            #expect(slow.fast.verdict(on: UnsafeBufferPointer(start: nil, count: 0)) == .unknown)
            let template = Template("$1<$0>", for: pattern)
            for _ in 0..<8 {
                let length = Int.random(in: 0...4, using: &random)
                let subject = (0..<length).map { _ in letters[Int.random(in: 0..<letters.count)] }
                    .joined()
                let expected = slow.captures(subject)
                #expect(pattern.matches(subject) == (expected != nil), "\(text) on \(subject)")
                #expect(pattern.captures(subject) == expected, "\(text) on \(subject)")
                #expect(
                    pattern.expand(subject, into: template)
                        == slow.expand(subject, into: template), "\(text) on \(subject)")
            }
        }
    }
}
