/// What a machine has, as far as a database's settings depend on it.
public struct MachineSize: Equatable, Sendable {
    /// The memory in bytes.
    public var memory: Int
    /// What the disk has left, in bytes.
    public var freeDisk: Int
    /// How many cores there are.
    public var cores: Int

    /// A machine of this size.
    public init(memory: Int, freeDisk: Int, cores: Int) {
        self.memory = memory
        self.freeDisk = freeDisk
        self.cores = cores
    }
}

/// The settings of the private cluster, fit for append-only tables on a machine shared with Weir.
struct ClusterSettings {
    let machine: MachineSize
    let socketFolder: String
    let logFolder: String
    /// Whether the server was built with LZ4, which is a third of pglz's work.
    let hasLZ4: Bool

    private static let mega = 1 << 20
    private static let giga = 1 << 30

    /// An eighth of the memory: the rest is for Weir, and for the system's own cache.
    var sharedBuffers: Int { Self.clamp(machine.memory / 8, 32 * Self.mega, 8 * Self.giga) }

    /// A tenth of what is free: more only makes checkpoints rarer, and recovery longer.
    var maxWALSize: Int { Self.clamp(machine.freeDisk / 10, 128 * Self.mega, 4 * Self.giga) }

    /// The file, a line for each setting; what users want otherwise goes to `custom.conf`.
    var text: String {
        let parallel = max(1, machine.cores / 2)
        let lines: [(String, String)] = [
            ("listen_addresses", "''"),
            ("unix_socket_directories", quoted(socketFolder)),
            ("unix_socket_permissions", "0700"),
            ("port", "5432"),
            ("cluster_name", "'weir'"),
            ("max_connections", "60"),
            ("idle_in_transaction_session_timeout", "'10min'"),
            // Memory.
            ("shared_buffers", megabytes(sharedBuffers)),
            ("effective_cache_size", megabytes(machine.memory / 2)),
            (
                "work_mem",
                megabytes(Self.clamp(machine.memory / 256, 4 * Self.mega, 64 * Self.mega))
            ),
            (
                "maintenance_work_mem",
                megabytes(Self.clamp(machine.memory / 32, 32 * Self.mega, Self.giga))
            ),
            // Writing: few, spread checkpoints; compressed pages in the log.
            ("wal_compression", hasLZ4 ? "lz4" : "on"),
            ("default_toast_compression", hasLZ4 ? "lz4" : "pglz"),
            ("max_wal_size", megabytes(maxWALSize)),
            ("min_wal_size", megabytes(max(80 * Self.mega, maxWALSize / 8))),
            ("checkpoint_timeout", "'15min'"),
            ("checkpoint_completion_target", "0.9"),
            ("wal_buffers", "'16MB'"),
            // Tables that only grow: what is written is final, so it is frozen the first time
            // vacuum comes by, and vacuum comes after a number of rows and not after a share.
            ("autovacuum_naptime", "'30s'"),
            ("autovacuum_max_workers", "2"),
            ("autovacuum_vacuum_insert_scale_factor", "0"),
            ("autovacuum_vacuum_insert_threshold", "200000"),
            ("autovacuum_analyze_scale_factor", "0.05"),
            ("vacuum_freeze_min_age", "0"),
            // Reading.
            ("random_page_cost", "1.1"),
            ("effective_io_concurrency", "64"),
            ("enable_partitionwise_join", "on"),
            ("jit", "off"),
            ("max_parallel_workers", "\(parallel)"),
            ("max_parallel_workers_per_gather", "\(min(parallel, 4))"),
            // Its own log: seven files, one a weekday, each overwritten a week later.
            ("logging_collector", "on"),
            ("log_directory", quoted(logFolder)),
            ("log_filename", "'postgres-%a.log'"),
            ("log_truncate_on_rotation", "on"),
            ("log_rotation_age", "'1d'"),
            ("log_rotation_size", "0"),
            ("log_checkpoints", "off"),
            ("log_min_duration_statement", "'30s'"),
            ("log_timezone", "'UTC'"),
            ("timezone", "'UTC'"),
            ("lc_messages", "'C'"),
        ]
        return "# Written by Weir at each start. Your own settings go to ../custom.conf.\n"
            + lines.map { "\($0.0) = \($0.1)\n" }.joined()
            + "include_if_exists = '../custom.conf'\n"
    }

    private func quoted(_ path: String) -> String {
        "'" + path.map { $0 == "'" ? "''" : String($0) }.joined() + "'"
    }

    private func megabytes(_ bytes: Int) -> String { "'\(max(1, bytes / Self.mega))MB'" }

    private static func clamp(_ value: Int, _ least: Int, _ most: Int) -> Int {
        min(max(value, least), most)
    }
}
