import API
import Testing

struct JSONWriterTests {
    @Test(
        arguments: [
            ("plain", #""plain""#), ("a\"b\\c", #""a\"b\\c""#), ("\n\r\t", #""\n\r\t""#),
            ("<a>&", #""\u003ca\u003e\u0026""#),
            ("\u{1}\u{8}\u{c}\u{1f}", #""\u0001\u0008\u000c\u001f""#),
            ("\u{7f}", "\"\u{7f}\""), ("\u{2028}\u{2029}", #""\u2028\u2029""#),
            ("é 漢 🚰", "\"é 漢 🚰\""), ("e\u{301}", "\"e\u{301}\""), ("\r\n", #""\r\n""#),
            ("", "\"\""),
        ])
    func `a text is escaped as Go does it`(text: String, json: String) {
        var writer = JSONWriter()
        writer.string(text)
        #expect(Array(json.utf8) == writer.bytes)
    }

    @Test func `objects and lists nest, with commas between`() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("a", "1")
        writer.key("b")
        writer.beginList()
        writer.number(-7)
        writer.beginObject()
        writer.endObject()
        writer.bool(true)
        writer.null()
        writer.endList()
        writer.key("c")
        writer.strings([])
        writer.key("d")
        writer.strings(["x", "y"])
        writer.endObject()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"a":"1","b":[-7,{},true,null],"c":[],"d":["x","y"]}"#)
    }
}
