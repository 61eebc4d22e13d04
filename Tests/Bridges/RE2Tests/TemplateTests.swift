import RE2
import Testing

/// What Go's regexp.Expand gives for the same, row by row.
private let rows: [(expression: String, subject: String, template: String, result: String?)] = [
    ("(.*)", "abc", "$1", "abc"),
    ("(.*)", "", "$1", ""),
    ("(.*)", "abc", "$0-$0", "abc-abc"),
    ("(.*)", "abc", "$1x", ""),
    ("(.*)", "abc", "${1}x", "abcx"),
    ("(.*)", "abc", "$2", ""),
    ("(.*)", "abc", "$1000000000", ""),
    ("(.*)", "abc", "$01", ""),
    ("(.*)", "abc", "$$1", "$1"),
    ("(.*)", "abc", "$$$1", "$abc"),
    ("(.*)", "abc", "$", "$"),
    ("(.*)", "abc", "a$", "a$"),
    ("(.*)", "abc", "$-$1", "$-abc"),
    ("(.*)", "abc", "${", "${"),
    ("(.*)", "abc", "${1", "${1"),
    ("(.*)", "abc", "${}", "${}"),
    ("(.*)", "abc", "${1-}", "${1-}"),
    ("(.*)", "abc", "${$1}", "${abc}"),
    ("(.*)", "abc", "$ 1", "$ 1"),
    ("(.*)", "abc", "", ""),
    ("(.*)", "äöü", "<$1>", "<äöü>"),
    ("(.*)", "abc", "$1é", ""),
    ("(.*)", "abc", "$1٣", ""),
    ("(.*)", "abc", "$1²", "abc²"),
    ("(.*)", "a\nb", "$1", "a\nb"),
    ("(?P<host>[^:]+):(?P<port>\\d+)", "db:9100", "${port}/$host", "9100/db"),
    ("(?P<host>[^:]+):(?P<port>\\d+)", "db:9100", "$hosts", ""),
    ("(?P<host>[^:]+):(?P<port>\\d+)", "db", "$host", nil),
    ("(?P<_1>a)b", "ab", "$_1", "a"),
    ("(a)|(b)", "b", "[$1$2]", "[b]"),
    ("(a)?b", "b", "[$1]", "[]"),
    ("b", "abc", "x", nil),
    ("a|ab", "ab", "$0", "ab"),
    ("(a+)(b*)", "aab", "$2$1", "baa"),
    ("()()()()()()()()()()()()()()()()()(x)", "x", "$18", "x"),
]

struct TemplateTests {
    @Test(arguments: rows.indices)
    func `a template is filled in as Go does it`(row: Int) throws {
        let (expression, subject, text, result) = rows[row]
        let pattern = try Pattern(expression)
        let template = Template(text, for: pattern)
        #expect(pattern.expand(subject, into: template) == result)
        let both = pattern.expand(subject, into: template, and: Template("-$0", for: pattern))
        #expect(both?.0 == result)
        #expect(both?.1 == result.map { _ in "-" + subject })
    }

    @Test func `a template that needs no group says what it gives`() throws {
        let pattern = try Pattern("(a)")
        #expect(Template("x$$y", for: pattern).constant == "x$y")
        #expect(Template("", for: pattern).constant == "")
        #expect(Template("$9", for: pattern).constant == "")
        #expect(Template("x$1", for: pattern).constant == nil)
        #expect(Template("$1", for: pattern).onlyGroup == 1)
        #expect(Template("$1-", for: pattern).onlyGroup == nil)
    }

    @Test func `captures tell a group that held nothing from one that took no part`() throws {
        let pattern = try Pattern("(a*)(b)?(é+)")
        #expect(pattern.captures("éé") == ["éé", "", nil, "éé"])
        #expect(pattern.captures("x") == nil)
    }
}
