import Postgres
import TestKit
import Testing

struct PostgresListenerTests {
    @Test func `what is sent after listening arrives in order`() async throws {
        let options = try await freshOptions()
        var events = PostgresListener.events(options, channels: ["weir", "it's odd"])
            .makeAsyncIterator()
        #expect(await events.next() == .listening)
        let connection = try PostgresConnection(options)
        try connection.run("NOTIFY weir, 'one'; NOTIFY \"it's odd\"")
        var seen: [String] = []
        while seen.count < 2, case .notification(let note)? = await events.next() {
            seen.append("\(note.channel): \(note.payload)")
            #expect(Int(note.sender) == connection.announcedProcess)
        }
        #expect(seen == ["weir: one", "it's odd: "])
    }

    @Test func `a broken listener says so and listens again`() async throws {
        let options = try await freshOptions()
        var events = PostgresListener.events(options, channels: ["weir"]).makeAsyncIterator()
        #expect(await events.next() == .listening)
        let connection = try PostgresConnection(options)
        _ = try connection.query(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """)
        guard case .interrupted? = await events.next() else {
            Issue.record("the end of the connection was not told")
            return
        }
        #expect(await events.next() == .listening)
        try connection.run("NOTIFY weir, 'again'")
        guard case .notification(let note)? = await events.next() else {
            Issue.record("nothing arrived")
            return
        }
        #expect(note.payload == "again")
    }
}
