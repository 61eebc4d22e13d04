import Glibc
import Model
import TestKit
import Testing

struct SecretTests {
    @Test func `a secret prints as its place holder, however it is printed`() {
        let secret = Secret.text("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect("\(secret)" == "<secret>")
        #expect(String(reflecting: secret) == "<secret>")
        #expect(!dumped.contains("hunter2"))
        #expect("\(Secret.text(""))" == "")
    }

    @Test func `a file is read again each time, white space around it left out`() throws {
        let folder = try TemporaryFolder("secret")
        let path = try folder.write(" one \r\n", to: "s")
        let secret = Secret.file(path)
        #expect(try secret.reveal() == "one")
        try folder.write("two", to: "s")
        #expect(try secret.reveal() == "two")
        #expect(!secret.isReadableByAll)
        chmod(path, 0o604)
        #expect(secret.isReadableByAll)
    }

    @Test func `a missing file is a sentence`() {
        let error = #expect(throws: ModelError.self) { try Secret.file("/nowhere/s").reveal() }
        #expect(
            error?.description
                == "cannot read the secret in /nowhere/s: no such file or directory; check the path and its permissions"
        )
    }
}
