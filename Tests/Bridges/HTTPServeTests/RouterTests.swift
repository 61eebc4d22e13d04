import Testing

@testable import HTTPServe

private func sampleRouter() throws -> Router {
    var router = Router()
    for pattern in ["/a", "/a/:one", "/a/b", "/a/:one/c", "/files/*path", "/files/:one/x"] {
        try router.on(.get, pattern) { _ in .text(pattern) }
    }
    try router.on(.post, "/a/:one") { _ in .text("post") }
    return router
}

@Test(
    arguments: [
        ("/a", "/a", [:]), ("/a/b", "/a/b", [:]), ("/a/x", "/a/:one", ["one": "x"]),
        ("/a/x%2Fy", "/a/:one", ["one": "x/y"]), ("/a/b/c", "/a/:one/c", ["one": "b"]),
        ("/files/u/v/w", "/files/*path", ["path": "u/v/w"]),
        ("/files/u/x", "/files/:one/x", ["one": "u"]), ("/nothing", nil, [:]), ("/a/", nil, [:]),
    ] as [(String, String?, [String: String])])
func `a path finds its route`(path: String, pattern: String?, found: [String: String]) throws {
    switch try sampleRouter().match(.get, RequestTarget(path)) {
    case .route(let route, let parameters):
        #expect(route.pattern == pattern)
        #expect(parameters == found)
    default: #expect(pattern == nil)
    }
}

@Test(arguments: [
    ("DELETE", "/a", "GET, HEAD, OPTIONS"), ("DELETE", "/a/x", "GET, HEAD, OPTIONS, POST"),
    ("OPTIONS", "/a", "GET, HEAD, OPTIONS"),
])
func `a wrong method tells the right ones`(method: String, path: String, allow: String) throws {
    guard
        case .otherMethods(let methods) = try sampleRouter().match(
            HTTPMethod(rawValue: method), RequestTarget(path))
    else {
        Issue.record("there is no route to tell of")
        return
    }
    #expect(methods.map(\.rawValue).joined(separator: ", ") == allow)
}

@Test(arguments: [
    (["/a", "/a"], "route /a: there are two for GET"),
    (["/:x", "/:x"], "route /:x: there are two for GET"),
    (["a"], "route a: a pattern begins with /"),
    (["/*rest/x"], "route /*rest/x: *name stands at the end"),
])
func `routes that cannot be are refused`(patterns: [String], text: String) {
    #expect {
        var router = Router()
        for pattern in patterns { try router.on(.get, pattern) { _ in .text("") } }
    } throws: { "\($0)" == text }
}
