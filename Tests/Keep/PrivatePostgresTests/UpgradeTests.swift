import Testing

@testable import PrivatePostgres

struct UpgradeTests {
    @Test func `the advice for an upgrade is commands to type, with the paths in them`() {
        let text = PrivateCluster.commands(
            ClusterFolder(path: "/data/postgres"), user: "weir",
            from: PostgresInstallation(binaries: "/usr/lib/postgresql/15/bin", version: 15),
            to: PostgresInstallation(binaries: "/usr/lib/postgresql/17/bin", version: 17))
        #expect(
            text == #"""
                The private database in /data/postgres is PostgreSQL 15; this machine has 17 too. \#
                Stop Weir, then as user weir, in a folder that it may write to:

                  mv /data/postgres/cluster /data/postgres/cluster.15
                  /usr/lib/postgresql/17/bin/initdb --pgdata /data/postgres/cluster --username weir \
                    --data-checksums --encoding UTF8 --no-locale --auth peer
                  cp /data/postgres/cluster.15/weir.conf /data/postgres/cluster.15/pg_hba.conf \#
                /data/postgres/cluster.15/pg_ident.conf /data/postgres/cluster/
                  echo "include 'weir.conf'" >> /data/postgres/cluster/postgresql.conf
                  /usr/lib/postgresql/17/bin/pg_upgrade --username weir \
                    --old-bindir /usr/lib/postgresql/15/bin --new-bindir /usr/lib/postgresql/17/bin \
                    --old-datadir /data/postgres/cluster.15 --new-datadir /data/postgres/cluster

                Start Weir, look whether all is there, and then delete /data/postgres/cluster.15.
                """#)
    }
}
