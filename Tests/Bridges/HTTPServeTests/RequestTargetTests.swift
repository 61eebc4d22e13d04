import Testing

@testable import HTTPServe

@Test(
    arguments: [
        ("/", "/", [""]),
        ("/a/b", "/a/b", ["a", "b"]),
        ("/a%20b", "/a b", ["a b"]),
        ("/a%2Fb/c", "/a/b/c", ["a/b", "c"]),
        ("/a%252e", "/a%2e", ["a%2e"]),
        ("/a+b", "/a+b", ["a+b"]),
        ("http://host:1/x?y", "/x", ["x"]),
        ("http://host", "/", [""]),
    ] as [(String, String, [String])])
func `a path is decoded once`(target: String, path: String, segments: [String]) throws {
    let read = try RequestTarget(target)
    #expect(read.path == path)
    #expect(read.segments == segments)
}

@Test(arguments: [
    ("/a/../b", "the path holds a \"..\" segment"), ("/..", "the path holds a \"..\" segment"),
    ("/%2e%2e/etc", "the path holds a \"..\" segment"),
    ("/a%2f..%2fb", "the path holds a \"..\" segment"),
    ("/a%5c..%5cb", "the path holds a \"..\" segment"),
    ("/a%00b", "the path holds a NUL byte"), ("/%zz", "invalid URL escape \"%zz\""),
    ("/%4", "invalid URL escape \"%4\""), ("a/b", "the request target is not a path"),
    ("", "the request target is not a path"),
])
func `a path that could mean two things is refused`(target: String, text: String) {
    #expect { try RequestTarget(target) } throws: { error in
        (error as? RequestTarget.Problem)?.text == text
    }
}

@Test(
    arguments: [
        ("/weir/x", "/x"), ("/weir", "/"), ("/weir/", "/"), ("/other/x", nil), ("/weirx", nil),
    ] as [(String, String?)])
func `a prefix is taken off where the path lies below it`(target: String, rest: String?) throws {
    #expect(try RequestTarget(target).below(prefix: ["weir"])?.path == rest)
}
