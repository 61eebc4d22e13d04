import Model
import Testing

struct SelectorTests {
    @Test(
        arguments: [
            ("up", #"{__name__="up"}"#), (#"up{job="api"}"#, #"{__name__="up",job="api"}"#),
            (#"{a!="1",b=~"x|y",c!~'z',}"#, #"{a!="1",b=~"x|y",c!~"z"}"#),
            (#"{"my.metric","a.b"="c"}"#, #"{__name__="my.metric","a.b"="c"}"#),
            (#" { a = "\x41\u0042\103\n" } "#, #"{a="ABC\n"}"#), ("{a=`\\d`}", #"{a="\\d"}"#),
            ("{}", "{}"), ("a:b", #"{__name__="a:b"}"#),
        ])
    func `a selector reads as PromQL reads it`(text: String, written: String) throws {
        #expect(try Selector(text).description == written)
    }

    @Test(
        arguments: [
            ("", "character 1: expected a metric name or {"),
            ("{a}", "character 3: expected =, !=, =~ or !~"),
            (#"{a="b"#, "character 6: expected a closing quote"),
            (#"{a="b" c="d"}"#, "character 8: expected , or }"),
            (#"{a="b"} x"#, "character 9: expected the end"),
            (#"{a="\q"}"#, "character 6: expected a known escape, such as \\n or \\\\"),
            (#"{a=b}"#, "character 4: expected a text in quotes"),
        ])
    func `an error says where and what was expected`(text: String, message: String) {
        #expect {
            try Selector(text)
        } throws: {
            "\($0)" == "cannot read the selector \(text) at \(message)"
        }
    }

    @Test func `an error of RE2 is passed on`() {
        #expect {
            try Selector(#"{a=~"("}"#)
        } throws: {
            "\($0)" == "cannot use the regular expression \"(\": missing ): ("
        }
    }

    @Test(
        arguments: [
            (#"{a="1"}"#, true), (#"{a!="1"}"#, false), (#"{a=~"1|2"}"#, true),
            (#"{a=~"."}"#, true), (#"{a=~""}"#, false), (#"{b=~".*"}"#, true), (#"{b=""}"#, true),
            (#"{b!~".+"}"#, true), (#"{b!=""}"#, false), (#"{a=~"11"}"#, false),
        ])
    func `matchers see an absent label as empty`(text: String, fits: Bool) throws {
        #expect(try Selector(text).matchers.accept(["a": "1"]) == fits)
    }
}
