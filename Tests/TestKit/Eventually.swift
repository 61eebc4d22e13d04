/// Waits until `condition` holds, asking again every few milliseconds.
///
/// For what another process does in its own time. The bound is there to end a test that would never
/// end; no test waits for it to pass.
public func eventually(
    within bound: Duration = .seconds(30), _ condition: () async throws -> Bool
) async throws -> Bool {
    let end = ContinuousClock.now + bound
    while true {
        if try await condition() { return true }
        guard ContinuousClock.now < end else { return false }
        try await Task.sleep(for: .milliseconds(5))
    }
}
