import Access
import Glibc
import Model

/// `weir credential list` and `weir credential check`: what the files say of who may pass.
enum CredentialListCommand {
    private static let flags = [
        Flag(
            "settings", .text, "FILE", standard: "weir.yml", isCommon: true, "Weir's own settings."),
        Flag(
            "web.config.file", .text, "FILE", isCommon: true,
            "The web configuration, whose users are credentials too."),
    ]

    static let list = Command(
        "credential list", "Says which credentials there are and what they allow.", flags: flags,
        details: "Never shows a secret. Exits with 1 if one has expired or cannot be used."
    ) { invocation in
        let now = WallClock.now
        let rows = try table(invocation).credentials.map { row($0, now: now) }
        guard !rows.isEmpty else {
            Terminal.write("no credentials; `weir credential new NAME` makes one\n")
            return .success
        }
        let head = ["NAME", "KIND", "PERMISSIONS", "MATCHERS", "NETWORKS", "EXPIRES"]
        Terminal.write(aligned([head] + rows.map(\.cells)))
        return rows.contains { $0.isExpired } ? .failure : .success
    }

    static let check = Command(
        "credential check", "Says which credential a secret on standard input is.", flags: flags,
        details: """
            The secret is read from standard input, so that it stands in no list of processes:
            weir credential check --settings weir.yml < secret.txt
            For the kind basic write user:password. Exits with 1 if it is none.
            """
    ) { invocation in
        let table = try table(invocation)
        guard let secret = readLine(strippingNewline: true), !secret.isEmpty else {
            throw UsageError("standard input holds no secret")
        }
        guard let credential = try table.credential(forSecret: secret) else {
            Terminal.write("this is no credential\n")
            return .failure
        }
        let row = row(credential, now: WallClock.now)
        Terminal.write("\(row.cells.joined(separator: "  "))\n")
        return row.isExpired ? .failure : .success
    }

    private static func table(_ invocation: Invocation) throws -> CredentialTable {
        let settings = invocation.text("settings")
        let web = invocation.text("web.config.file")
        // The standard file need not be there where the other one is given.
        let mayBeMissing = !invocation.isGiven("settings") && !web.isEmpty
        let isThere = unsafe access(settings, F_OK) == 0
        let rows =
            mayBeMissing && !isThere ? AccessSettings() : try AccessSettings(file: settings)
        return try rows.table(users: web.isEmpty ? [] : WebConfig(file: web).users)
    }

    private static func row(
        _ credential: Credential, now: Timestamp
    ) -> (cells: [String], isExpired: Bool) {
        let isExpired = credential.expires.map { $0 <= now } ?? false
        let expires = credential.expires.map { $0.description + (isExpired ? " (expired)" : "") }
        return (
            [
                credential.name, credential.kind.rawValue,
                credential.permissions.map(\.name).sorted().joined(separator: ","),
                credential.binding.isEmpty ? "-" : "\(Selector(credential.binding))",
                credential.networks.isEmpty
                    ? "-" : credential.networks.map(\.description).joined(separator: ","),
                expires ?? "-",
            ], isExpired
        )
    }

    private static func aligned(_ rows: [[String]]) -> String {
        let widths = rows[0].indices.map { column in
            rows.map { $0[column].count }.max() ?? 0
        }
        return rows.map { row in
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
