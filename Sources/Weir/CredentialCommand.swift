import Access
import Model

/// `weir credential …`: makes credentials, and says which there are.
enum CredentialCommand {
    static let new = Command(
        "credential new", "Makes a credential: the row for weir.yml, and the secret.",
        operands: "NAME", operandCount: 1...1,
        flags: [
            Flag(
                "kind", .choice(CredentialKind.allCases.map(\.rawValue)), standard: "bearer",
                isCommon: true, "In which form clients show it."),
            Flag(
                "permissions", .text, "NAME,…", isCommon: true,
                "What it allows; by default what its kind is mostly for."),
            Flag(
                "matchers", .text, "SELECTOR", isCommon: true,
                "The series that it may see: '{tenant=\"a\"}'."),
            Flag(
                "network", .text, "CIDR", isRepeatable: true,
                "From where it may be used; from anywhere by default."),
            Flag("expires", .text, "DATE", "When it ends to be good: 2027-01-01."),
            Flag("username", .text, "NAME", "The user name of the kind basic."),
            Flag(
                "certificate-name", .text, "NAME", isRepeatable: true,
                "A name in the certificate of the kind client_certificate."),
        ],
        details: """
            The row goes to standard output, so that it can be appended to a file; the secret goes to
            standard error, once, and is kept nowhere: the row holds its hash.
            """
    ) { invocation in
        let new = try NewCredential(template(invocation))
        Terminal.write("credentials:\n  \(new.settings.line)\n")
        if let secret = new.secret { Terminal.complain("secret: \(secret)") }
        return .success
    }

    private static func template(_ invocation: Invocation) throws -> CredentialSettings {
        let kind = CredentialKind(rawValue: invocation.text("kind")) ?? .bearer
        let names = invocation.text("permissions").split(separator: ",").map(String.init)
        let matchers = invocation.text("matchers")
        let date = invocation.text("expires")
        let expires = date.isEmpty ? nil : Timestamp(rfc3339: date)
        guard date.isEmpty || expires != nil else {
            throw UsageError(
                "--expires=\(date): expects a date such as 2027-01-01 or 2027-01-01T12:00:00Z")
        }
        let username = invocation.text("username")
        guard username.isEmpty || kind == .basic else {
            throw UsageError("--username is for --kind=basic")
        }
        return CredentialSettings(
            name: invocation.operands[0], kind: kind, username: username.isEmpty ? nil : username,
            secret: kind == .clientCertificate
                ? .certificate(names: invocation.all("certificate-name")) : .plain(""),
            permissions: names.isEmpty
                ? kind.usualPermissions : Set(try names.map { try Permission($0) }),
            binding: matchers.isEmpty ? [] : try Selector(matchers).matchers,
            networks: try invocation.all("network").map { try Network($0) }, expires: expires)
    }
}
