import RE2
import Testing

struct LiteralsTests {
    @Test(
        arguments: [
            ("a", ["a"]), ("a|b", ["a", "b"]), ("(?:a|)", ["a", ""]), ("a\\.b|c", ["a.b", "c"]),
            ("a.b", nil), ("a|b.*", nil), ("(?i)a", nil), (".*", nil),
        ] as [(String, [String]?)])
    func `an expression of a few literal texts names them`(
        text: String, literals: [String]?
    ) throws {
        #expect(try Pattern(text).literals == literals)
    }
}
