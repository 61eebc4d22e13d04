import Model
import Testing

@testable import PromQL

struct ParserTests {
    private let parser = Parser(.all)

    @Test(arguments: [
        // What is written, and how it is written again; empty where nothing changes.
        ("up", ""), ("1", ""), ("1e3", "1000"), ("0x1f", "31"), ("0755", "493"), ("08", "8"),
        ("1_000", "1000"), (".5", "0.5"), ("5.", "5"), ("Inf", "+Inf"), ("-inf", "-Inf"),
        ("NaN", ""), ("1h30m", ""), ("-5m", ""), ("5e-2", "0.05"), ("1e-7", "0.0000001"),
        ("\"a\\nb\"", ""), ("'it''s'", "x"), ("`raw\\n`", "\"raw\\\\n\""),
        ("up{job=\"a\"}", ""), ("up{ b = 'x' , a != 'y', }", "up{a!=\"y\",b=\"x\"}"),
        ("{__name__=\"up\"}", ""),
        ("{\"my.metric\", \"label.x\"=\"y\"}", "{\"label.x\"=\"y\",__name__=\"my.metric\"}"),
        ("up{by=\"1\",sum=\"2\"}", ""), ("offset{a=\"b\"}", ""), ("sum{a=\"b\"}", ""),
        ("fill + fill_left", ""), ("start + end", ""), ("and", ""), ("by and without", ""),
        ("foo:bar", ""), (":x", ""),
        ("up[5m]", ""), ("up[300]", "up[5m]"), ("up[1.5]", "up[1s500ms]"), ("up[5m] offset 1h", ""),
        ("up offset -5m", ""), ("up @ 1.5", "up @ 1.500"), ("up @ start()", ""),
        ("up @ end() offset 5m", ""), ("up offset 5m @ 10", "up @ 10.000 offset 5m"),
        ("up[5m] @ -7 offset 3", "up[5m] @ -7.000 offset 3s"),
        ("rate(up[5m])[1h:1m]", ""), ("up[1h:]", ""),
        (
            "up[1h:] offset 2m @ start()",
            "up[1h:] @ start() offset 2m"
        ),
        ("up[5m] anchored", ""), ("up[5m] smoothed offset 1m", ""), ("up smoothed", ""),
        ("up[5m + step()]", ""), ("up[(5m+1)*2]", "up[(5m + 1) * 2]"),
        ("up offset (5m - 1)", ""), ("up offset -step()", ""),
        (
            "up offset +step()",
            "up offset step()"
        ),
        ("up[min_of(step(), 1h):max_of(1, range())]", ""), ("up[-5m+35m]", "up[-5m + 35m]"),
        ("sum(up)", ""), ("sum by (a, b) (up)", "sum by (a, b) (up)"),
        ("sum(up) by (a)", "sum by (a) (up)"), ("sum(up) without ()", "sum without () (up)"),
        ("sum by () (up)", "sum(up)"), ("topk(5, up)", ""), ("count_values(\"v\", up)", ""),
        ("sum by (on, bool, \"a.b\", group_left) (up)", ""),
        ("a + b * c", ""), ("a - b - c", ""), ("2 ^ 3 ^ 2", ""), ("-a ^ 2", ""), ("-1^2", "-1 ^ 2"),
        ("a == bool b", ""), ("a </ 5", ""), ("a >/ b", ""), ("a atan2 b", ""),
        ("a / on(x) group_left b", "a / on (x) group_left () b"),
        ("a / ignoring(x, y) group_right(z) b", "a / ignoring (x, y) group_right (z) b"),
        ("a + fill(0) b", "a + fill (0) b"), ("a + fill_left(1) b", "a + fill_left (1) b"),
        ("a + fill_right(-5) fill_left(2) b", "a + fill_left (2) fill_right (-5) b"),
        ("a and on() b", "a and on () b"), ("a unless b or c", ""),
        ("round(up, 5)", ""), ("time()", ""), ("step()", ""), ("min_of(1, 2)", ""),
        ("info(up, {data=~\".+\"})", ""), ("info(up)", ""),
        ("label_join(up, \"a\", \",\", \"b\", \"c\")", ""),
        ("# a comment\nup # and more", "up"), ("(up)", ""), ("+up", ""), ("--1", "1"),
        ("- (1)", "-(1)"),
    ])
    func `what is read is written in its canonical form`(text: String, canonical: String) throws {
        guard canonical != "x" else {
            #expect(throws: PromQLError.self) { try parser.expression(text) }
            return
        }
        let expected = canonical.isEmpty ? text : canonical
        let expression = try parser.expression(text)
        #expect(expression.description == expected)
        // What is written is read as the same again.
        #expect(try parser.expression(expected).description == expected)
    }

    @Test(arguments: [
        ("", "unknown position: parse error: no expression found in input"),
        ("# just a comment", "1:1: parse error: no expression found in input"),
        ("1+", "1:3: parse error: unexpected end of input"),
        (".", "1:1: parse error: unexpected character: '.'"),
        ("2.5.", "1:1: parse error: bad number or duration syntax: \"2.5.\""),
        ("100..4", "1:1: parse error: bad number or duration syntax: \"100..\""),
        ("0deadbeef", "1:1: parse error: bad number or duration syntax: \"0de\""),
        ("1 /", "1:4: parse error: unexpected end of input"),
        ("*1", "1:1: parse error: unexpected <op:*>"),
        ("(1))", "1:5: parse error: unexpected right parenthesis ')'"),
        ("((1)", "1:5: parse error: unclosed left parenthesis"),
        ("(", "1:2: parse error: unclosed left parenthesis"),
        (
            "1 and 1",
            "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"
        ),
        ("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
        ("1 or 1", "1:1: parse error: set operator \"or\" not allowed in binary scalar expression"),
        (
            "-\"string\"",
            "1:1: parse error: unary expression only allowed on expressions of type scalar or "
                + "instant vector, got \"string\""
        ),
        (
            "-test[5m]",
            "1:1: parse error: unary expression only allowed on expressions of type scalar or "
                + "instant vector, got \"range vector\""
        ),
        ("*test", "1:1: parse error: unexpected <op:*>"),
        (
            "1 offset 1d",
            "1:1: parse error: offset modifier must be preceded by an instant vector selector or "
                + "range vector selector or a subquery"
        ),
        (
            "foo offset 1s offset 2s",
            "1:1: parse error: offset may not be set multiple times"
        ),
        ("a - on(b) ignoring(c) d", "1:11: parse error: unexpected <ignoring>"),
        ("foo bar", "1:5: parse error: unexpected identifier \"bar\""),
        ("foo{", "1:5: parse error: unexpected end of input inside braces"),
        (
            "foo{a}",
            "1:6: parse error: unexpected \"}\" in label matching, "
                + "expected label matching operator"
        ),
        (
            "foo{a=b}",
            "1:7: parse error: unexpected identifier \"b\" in label matching, "
                + "expected string"
        ),
        (
            "foo{a=\"b\" c=\"d\"}",
            "1:11: parse error: unexpected identifier \"c\" in label "
                + "matching, expected \",\" or \"}\""
        ),
        ("foo{1}", "1:5: parse error: unexpected character inside braces: '1'"),
        ("foo{a!b}", "1:6: parse error: unexpected character after '!' inside braces: 'b'"),
        (
            "foo{__name__=\"bar\"}",
            "1:1: parse error: metric name must not be set twice: \"foo\" or \"bar\""
        ),
        (
            "foo{,}",
            "1:5: parse error: unexpected \",\" in label matching, "
                + "expected identifier or \"}\""
        ),
        ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
        (
            "{x=\"\"}",
            "1:1: parse error: vector selector must contain at least one non-empty matcher"
        ),
        ("foo{a=~\"(\"}", "1:5: parse error: error parsing regexp: missing closing ): `(`"),
        ("foo[5mm]", "1:5: parse error: bad number or duration syntax: \"5mm\""),
        ("foo[5m1]", "1:5: parse error: bad number or duration syntax: \"5m1\""),
        ("foo[5m:1m1m]", "1:8: parse error: not a valid duration string: \"1m1m\""),
        ("foo[", "1:5: parse error: unexpected end of input in duration expression"),
        ("foo[0m]", "1:5: parse error: duration must be greater than 0"),
        ("foo[-5]", "1:5: parse error: duration must be greater than 0"),
        ("foo[\"5m\"]", "1:5: parse error: unexpected character in duration expression: '\"'"),
        (
            "foo[]",
            "1:5: parse error: unexpected \"]\" in subquery or range selector, "
                + "expected number, duration, step(), or range()"
        ),
        (
            "foo[5m 5m]",
            "1:8: parse error: unexpected duration \"5m\" in subquery or range, "
                + "expected \":\" or \"]\""
        ),
        (
            "foo[5m:5m 1]",
            "1:11: parse error: unexpected number \"1\" in subquery selector, "
                + "expected \"]\""
        ),
        (
            "some_metric offset",
            "1:19: parse error: unexpected end of input in offset, "
                + "expected number, duration, step(), or range()"
        ),
        (
            "some_metric offset by",
            "1:20: parse error: unexpected <by> in offset, "
                + "expected number, duration, step(), or range()"
        ),
        ("foo @ bar", "1:7: parse error: unexpected identifier \"bar\" in @, expected timestamp"),
        ("foo @ inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf"),
        ("foo @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times"),
        (
            "foo[5m] + 1",
            "1:1: parse error: binary expression must contain only scalar and instant "
                + "vector types"
        ),
        ("(foo + bar)[5m]", "1:12: parse error: ranges only allowed for vector selectors"),
        (
            "foo offset 5m [30m]",
            "1:15: parse error: no offset modifiers allowed before range"
        ),
        ("foo @ 123 [30m]", "1:11: parse error: no @ modifiers allowed before range"),
        (
            "foo[5m:1m][1h:1m]",
            "1:1: parse error: subquery is only allowed on instant vector, got matrix instead"
        ),
        ("sum by (foo, bar", "1:17: parse error: unclosed left parenthesis"),
        (
            "sum(other_metric) by (x y)",
            "1:25: parse error: unexpected identifier \"y\" in "
                + "grouping opts, expected \",\" or \")\""
        ),
        (
            "sum without(==)(some_metric)",
            "1:13: parse error: unexpected <op:==> in grouping opts, expected label"
        ),
        (
            "sum (some_metric) by test",
            "1:22: parse error: unexpected identifier \"test\" in grouping opts, expected \"(\""
        ),
        ("sum some_metric by (test)", "1:5: parse error: unexpected identifier \"some_metric\""),
        ("sum by (x) foo", "1:12: parse error: unexpected identifier \"foo\" in aggregation"),
        ("sum(foo bar)", "1:9: parse error: unexpected identifier \"bar\" in aggregation"),
        ("sum()", "1:1: parse error: no arguments for aggregate expression provided"),
        (
            "topk(some_metric)",
            "1:1: parse error: wrong number of arguments for aggregate "
                + "expression provided, expected 2, got 1"
        ),
        (
            "topk(some_metric, other)",
            "1:6: parse error: expected type scalar in aggregation "
                + "parameter, got instant vector"
        ),
        (
            "sum(up[5m])",
            "1:5: parse error: expected type instant vector in aggregation "
                + "expression, got range vector"
        ),
        ("floor()", "1:1: parse error: expected 1 argument(s) in call to \"floor\", got 0"),
        (
            "floor(1)",
            "1:7: parse error: expected type instant vector in call to function "
                + "\"floor\", got scalar"
        ),
        (
            "hour(a, b, c)",
            "1:1: parse error: expected at most 1 argument(s) in call to \"hour\", got 3"
        ),
        (
            "label_join(a)",
            "1:1: parse error: expected at least 3 argument(s) in call to \"label_join\", got 1"
        ),
        ("non_existent(1)", "1:1: parse error: unknown function with name \"non_existent\""),
        (
            "rate(some_metric)",
            "1:6: parse error: expected type range vector in call to function "
                + "\"rate\", got instant vector"
        ),
        ("topk(3, * up)", "1:7: parse error: trailing commas not allowed in function call args"),
        ("rate(up[5m],)", "1:12: parse error: trailing commas not allowed in function call args"),
        ("\"it's", "1:1: parse error: unterminated quoted string"),
        ("\"\\q\"", "1:1: parse error: unknown escape sequence U+0071 'q'"),
        ("'\\\"'", "1:1: parse error: unknown escape sequence U+0022 '\"'"),
        ("\"\\u12\"", "1:1: parse error: illegal character U+0022 '\"' in escape sequence"),
        ("`a", "1:1: parse error: unterminated raw string"),
        ("a =~ b", "1:3: parse error: unexpected character after '=': '~'"),
        ("a ! b", "1:3: parse error: unexpected character after '!': ' '"),
        ("a = b", "1:3: parse error: unexpected \"=\""),
        (
            "a + on(x) group_left(x) b",
            "1:3: parse error: label \"x\" must not occur in ON and GROUP clause at once"
        ),
        ("1 + on(x) a", "1:1: parse error: vector matching only allowed between instant vectors"),
        (
            "1 + fill(1) a",
            "1:1: parse error: filling in missing series only allowed between instant vectors"
        ),
        (
            "a and fill(1) b",
            "1:1: parse error: filling in missing series not allowed for set operators"
        ),
        (
            "a and on(x) group_left b",
            "1:1: parse error: no grouping allowed for \"and\" operation"
        ),
        (
            "a + bool b",
            "1:3: parse error: bool modifier can only be used on comparison operators"
        ),
        (
            "info(up, foo{a=\"b\"})",
            "1:10: parse error: expected label selectors only, got vector selector instead"
        ),
        ("info(up, (foo))", "1:10: parse error: expected label selectors only"),
        (
            "up[5m:1m] anchored",
            "1:1: parse error: anchored modifier is not supported for subqueries"
        ),
        (
            "up anchored smoothed",
            "1:1: parse error: anchored and smoothed modifiers cannot be used together"
        ),
        ("up[5m/0]", "1:6: parse error: division by zero"),
        ("up[5m%0]", "1:6: parse error: modulo by zero"),
        (
            "1e999",
            "1:1: parse error: error parsing number: strconv.ParseFloat: parsing "
                + "\"1e999\": value out of range"
        ),
        ("a\n+ b\n! c", "3:1: parse error: unexpected character after '!': ' '"),
        ("☃", "1:1: parse error: unexpected character: '☃'"),
    ])
    func `a fault is told in Prometheus's words`(text: String, message: String) {
        do {
            let expression = try parser.expression(text)
            Issue.record("\(text) was read as \(expression)")
        } catch {
            #expect("\(error)" == message)
        }
    }

    @Test(arguments: [
        (
            "limitk(1, up)",
            "1:1: parse error: limitk() is experimental and must be enabled with "
                + "--enable-feature=promql-experimental-functions"
        ),
        ("info(up)", "1:1: parse error: function \"info\" is not enabled"),
        ("up[5m + 1]", "1:4: parse error: experimental duration expression is not enabled"),
        ("up[5m] anchored", "1:1: parse error: anchored modifier is experimental and not enabled"),
        (
            "a + fill(0) b",
            "1:1: parse error: binop fill modifiers are experimental and not enabled"
        ),
    ])
    func `what is experimental has to be enabled`(text: String, message: String) {
        let error = #expect(throws: PromQLError.self) { try Parser().expression(text) }
        #expect(error?.description == message)
    }

    @Test(arguments: ["(", "-", "sum(", "a[5m:", "{a=\"b\"} + (", "a[(", "rate("])
    func `a hundred thousand of a kind are refused at once`(piece: String) {
        let text = String(repeating: piece, count: 100_000)
        #expect(throws: PromQLError.self) { try parser.expression(text) }
        let closed = text + "1" + String(repeating: ")", count: 100_000)
        #expect(throws: PromQLError.self) { try parser.expression(closed) }
    }

    @Test func `a chain of operators is as long as a tree is high`() throws {
        let short = Array(repeating: "a", count: 490).joined(separator: " or ")
        #expect(try parser.expression(short).description == short)
        let long = Array(repeating: "a", count: 100_000).joined(separator: " or ")
        let error = #expect(throws: PromQLError.self) { try parser.expression(long) }
        #expect(error?.description.contains("nested too deeply") == true)
    }

    @Test func `positions are those of the text`() throws {
        let text = "sum( rate(foo{a=\"b\"}[5m] offset 1m) )  / bar"
        let expression = try parser.expression(text)
        guard case .binary(let binary) = expression.kind,
            case .aggregate(let sum) = binary.left.kind, case .call(let rate) = sum.expression.kind,
            case .matrix(let matrix) = rate.arguments[0].kind
        else { Issue.record("\(expression)"); return }
        #expect(binary.left.position == PositionRange(0, 37))
        #expect(sum.expression.position == PositionRange(5, 35))
        #expect(rate.arguments[0].position == PositionRange(10, 34))
        #expect(matrix.selectorPosition == PositionRange(10, 20))
        #expect(binary.right.position.place(in: text) == "1:42")
    }
}
