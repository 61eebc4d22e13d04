import HTTPServe
import Testing

@Test func `parameters keep their order and are decoded`() {
    let form = FormParameters(
        decoding: Array("a=1&b=%20x+y&a=2&c&=d&match[]=%7Bjob%3D%22x%22%7D".utf8))
    #expect(form.values(of: "a") == ["1", "2"])
    #expect(form["a"] == "1")
    #expect(form["b"] == " x y")
    #expect(form["c"] == "")
    #expect(form[""] == "d")
    #expect(form["match[]"] == "{job=\"x\"}")
    #expect(form["none"] == nil)
    #expect(form.problem == nil)
}

@Test(arguments: [
    ("a=%zz&b=1", "invalid URL escape \"%zz\""), ("a=%&b=1", "invalid URL escape \"%\""),
    ("x;y&b=1", "invalid semicolon separator in query"),
])
func `a part that cannot be decoded is told, and the others stand`(text: String, problem: String) {
    let form = FormParameters(decoding: Array(text.utf8))
    #expect(form.problem == problem)
    #expect(form["b"] == "1")
}

@Test func `a form body stands before the query string`() {
    let request = ServerRequest(
        .post, "/q?a=query&b=2",
        fields: ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"],
        body: Array("a=body&c=3".utf8))
    #expect(request.parameters.values(of: "a") == ["body", "query"])
    #expect(request.parameters["b"] == "2")
    #expect(request.query["a"] == "query")
    #expect(request.query["c"] == nil)
}

@Test func `a body of another type is no form`() {
    let request = ServerRequest(
        .post, "/q?a=query", fields: ["Content-Type": "text/plain"], body: Array("a=body".utf8))
    #expect(request.parameters.values(of: "a") == ["query"])
}
