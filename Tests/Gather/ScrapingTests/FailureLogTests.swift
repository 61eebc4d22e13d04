import Model
import TestKit
import Testing

@testable import Scraping

struct FailureLogTests {
    @Test func `each failure is a line of JSON`() async throws {
        let folder = try TemporaryFolder("failures")
        let path = folder.file("failures.log")
        let entry = FailureLog.Entry(
            time: Timestamp(milliseconds: 1_767_323_045_678), job: "a \"b\"", target: "http://x/",
            error: "server returned HTTP status 503")
        #expect(FailureLog.append(entry, to: path) == nil)
        #expect(FailureLog.append(entry, to: path) == nil)
        let line =
            #"{"ts":"2026-01-02T03:04:05.678Z","level":"error","msg":"server returned HTTP status "#
            + #"503","job_name":"a \"b\"","target":"http://x/"}"#
        let text = try await ChildProcess.run(["cat", path]).output
        #expect(text == line + "\n" + line + "\n")
        let missing = FailureLog.append(entry, to: folder.file("no/such/folder"))
        #expect(missing == "No such file or directory")
    }

    @Test func `a job writes its failures into its file`() async throws {
        let folder = try TemporaryFolder("failures")
        let path = folder.file("failures.log")
        let job = try Configured.job(
            """
            scrape_interval: 400ms
            scrape_timeout: 400ms
            scrape_failure_log_file: \(path)
            static_configs: [{targets: ["127.0.0.1:\(try FreePort.tcp())"]}]
            """)
        let running = RunningScraper()
        await running.apply([job])
        let came = try await eventually {
            try await ChildProcess.run(["cat", path]).output.contains("connection refused")
        }
        #expect(came)
        await running.stop()
    }
}
