import API
import Model
import Storage

extension SafetyReport {
    /// What `safety` says, as of `now`.
    init(_ safety: StoreSafety, now: Timestamp) {
        var degraded: [(what: String, since: Timestamp?)] = []
        if let stuck = safety.stuckFor, stuck >= .seconds(5) {
            let since = now - TimeSpan(milliseconds: Int64(stuck / .milliseconds(1)))
            degraded.append(("the database takes no samples", since))
        }
        if safety.waitingInSpool > 0 {
            degraded.append(("samples wait in the spool", safety.spoolOldest))
        }
        if safety.spoolFault != nil { degraded.append(("the spool cannot be used", nil)) }
        self.init(
            lastCommit: safety.lastCommit, queue: (safety.queuedTicks, safety.queuedBytes),
            waitingInMemory: safety.waitingInMemory,
            spool: (safety.waitingInSpool, safety.spoolBytes), spoolOldest: safety.spoolOldest,
            lost: safety.lost, degraded: degraded)
    }
}
