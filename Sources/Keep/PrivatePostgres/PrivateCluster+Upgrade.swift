import Processes

extension PrivateCluster {
    /// How the cluster gets from its version of PostgreSQL to the newest on this machine, as
    /// commands to type; nothing is done.
    ///
    /// Text and not deeds, because it needs two versions installed, a stopped Weir and room on the
    /// disk, and because a person should decide when the old cluster is deleted.
    public func upgradeAdvice() async -> String {
        guard case .cluster(let made) = folder.content else {
            return "There is no private database in \(folder.path), so there is nothing to upgrade."
        }
        let all = await PostgresInstallation.all(in: places)
        guard let newest = all.first, newest.version > made else {
            return """
                The private database in \(folder.path) is PostgreSQL \(made), the newest on this \
                machine. For a newer one install it first, such as: \
                apt-get install postgresql-\(made + 1)
                """
        }
        guard let old = all.first(where: { $0.version == made }) else {
            return """
                The private database in \(folder.path) is PostgreSQL \(made), which is no longer \
                installed; the upgrade needs it once more: apt-get install postgresql-\(made)
                """
        }
        return Self.commands(folder, user: owner.name, from: old, to: newest)
    }

    static func commands(
        _ folder: ClusterFolder, user: String, from old: PostgresInstallation,
        to new: PostgresInstallation
    ) -> String {
        let saved = "\(folder.cluster).\(old.version)"
        return """
            The private database in \(folder.path) is PostgreSQL \(old.version); this machine has \
            \(new.version) too. Stop Weir, then as user \(user), in a folder that it may write to:

              mv \(folder.cluster) \(saved)
              \(new.program("initdb")) --pgdata \(folder.cluster) --username weir \\
                --data-checksums --encoding UTF8 --no-locale --auth peer
              cp \(saved)/weir.conf \(saved)/pg_hba.conf \(saved)/pg_ident.conf \(folder.cluster)/
              echo "include 'weir.conf'" >> \(folder.cluster)/postgresql.conf
              \(new.program("pg_upgrade")) --username weir \\
                --old-bindir \(old.binaries) --new-bindir \(new.binaries) \\
                --old-datadir \(saved) --new-datadir \(folder.cluster)

            Start Weir, look whether all is there, and then delete \(saved).
            """
    }
}
