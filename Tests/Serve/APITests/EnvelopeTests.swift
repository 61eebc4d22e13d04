import API
import Testing

struct EnvelopeTests {
    @Test func `a success has its members in Prometheus's order`() {
        let bytes = Envelope.success(warnings: ["w"], infos: ["i"]) { $0.strings(["a"]) }
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"status":"success","data":["a"],"warnings":["w"],"infos":["i"]}"#)
        let plain = Envelope.success { $0.strings([]) }
        #expect(String(decoding: plain, as: UTF8.self) == #"{"status":"success","data":[]}"#)
    }

    @Test func `of many warnings ten are written and the rest counted`() {
        let bytes = Envelope.success(warnings: (0..<12).map { "\($0)" }) { $0.null() }
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix(#""9","and 2 more"]}"#))
    }

    @Test(
        arguments: [
            (.badData("a<b"), 400, "bad_data"), (.execution("e"), 422, "execution"),
            (.canceled("e"), 499, "canceled"), (.timeout("e"), 503, "timeout"),
            (.internal("e"), 500, "internal"), (.notFound("e"), 404, "not_found"),
            (.notAcceptable("e"), 406, "not_acceptable"),
            (.unavailable("e"), 500, "unavailable"),
        ] as [(APIError, Int, String)])
    func `a failure has Prometheus's word and status`(error: APIError, status: Int, type: String) {
        #expect(error.status == status)
        let text = error.description == "e" ? "e" : #"a\u003cb"#
        #expect(
            String(decoding: Envelope.failure(error), as: UTF8.self)
                == #"{"status":"error","errorType":"\#(type)","error":"\#(text)"}"#)
    }
}
