//! The tables, and how they grow.
//!
//! `schema_version` is the newest migration that was applied. `min_writer` is the oldest version of
//! the schema that a writer must know. A migration that only adds (a table, a column with a default)
//! leaves `min_writer` as it is, so that an older shmoo on a branch goes on reading and writing; one
//! that changes what old writers rely on raises it, and they are refused.
//!
//! Rows of a run hang on `runs` by foreign keys that delete with it, so that an older shmoo which
//! replaces or deletes a run also removes rows of tables that it does not know.

/// A step from one version of the schema to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Migration {
    /// The version after it.
    pub(super) version: i64,
    /// The oldest version that may write afterwards.
    pub(super) min_writer: i64,
    /// Statements of the common subset of SQLite and PostgreSQL. There `BLOB` is `BYTEA`, and `TEXT` is
    /// compared by its bytes, as SQLite does.
    pub(super) statements: &'static [&'static str],
}

/// Where the versions are.
pub(super) const CREATE_SCHEMA_TABLE: &str = "CREATE TABLE shmoo_schema (name TEXT PRIMARY KEY, value BIGINT NOT NULL)";

/// All steps, in order.
pub(super) const MIGRATIONS: &[Migration] = &[RUNS, PROVENANCE, RECIPES];

/// Runs with their tasks, metrics and cases.
const RUNS: Migration = Migration {
    version: 1,
    min_writer: 1,
    statements: &[
        "CREATE TABLE runs (
            run TEXT PRIMARY KEY,
            suite TEXT NOT NULL,
            suite_file TEXT NOT NULL,
            plan TEXT NOT NULL,
            suite_digest TEXT NOT NULL,
            started TEXT NOT NULL,
            finished TEXT NOT NULL,
            shmoo TEXT NOT NULL,
            complete BIGINT NOT NULL,
            whole BIGINT NOT NULL,
            filter TEXT NOT NULL,
            profile TEXT,
            revision TEXT,
            branch TEXT,
            dirty BIGINT,
            fingerprint TEXT NOT NULL,
            machine TEXT NOT NULL,
            tools TEXT NOT NULL,
            archive TEXT,
            task_counts TEXT NOT NULL,
            case_counts TEXT NOT NULL,
            record_version BIGINT NOT NULL,
            record_digest TEXT NOT NULL,
            record BLOB NOT NULL
        )",
        "CREATE INDEX runs_by_suite ON runs (suite, started)",
        "CREATE TABLE tasks (
            run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE,
            stage TEXT NOT NULL,
            point TEXT NOT NULL,
            round TEXT NOT NULL,
            params TEXT NOT NULL,
            verdict TEXT NOT NULL,
            known TEXT,
            message TEXT,
            cause TEXT,
            started TEXT,
            wall DOUBLE PRECISION NOT NULL,
            cpu DOUBLE PRECISION NOT NULL,
            max_rss BIGINT NOT NULL,
            attempts BIGINT NOT NULL,
            elapsed DOUBLE PRECISION NOT NULL,
            origin TEXT,
            cases BIGINT NOT NULL,
            PRIMARY KEY (run, stage, point, round)
        )",
        "CREATE TABLE metrics (
            run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE,
            stage TEXT NOT NULL,
            point TEXT NOT NULL,
            metric TEXT NOT NULL,
            params TEXT NOT NULL,
            value DOUBLE PRECISION,
            text TEXT,
            samples TEXT NOT NULL,
            unit TEXT,
            origin TEXT,
            PRIMARY KEY (run, stage, metric, point)
        )",
        "CREATE TABLE cases (
            run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE,
            name TEXT NOT NULL,
            params TEXT NOT NULL,
            verdict TEXT NOT NULL,
            known BIGINT NOT NULL,
            worst TEXT,
            PRIMARY KEY (run, name)
        )",
    ],
};

/// Where a run came from, what it cost, what it left; warm-up samples.
///
/// Rows of runs that an older shmoo recorded have nothing in the new columns.
const PROVENANCE: Migration = Migration {
    version: 2,
    min_writer: 1,
    statements: &[
        "ALTER TABLE runs ADD COLUMN stopped TEXT",
        "ALTER TABLE runs ADD COLUMN merge_base TEXT",
        "ALTER TABLE runs ADD COLUMN base_branch TEXT",
        "ALTER TABLE runs ADD COLUMN pull_request BIGINT",
        "ALTER TABLE runs ADD COLUMN attempt BIGINT",
        "ALTER TABLE runs ADD COLUMN fork BIGINT",
        "ALTER TABLE runs ADD COLUMN cpu TEXT",
        "ALTER TABLE runs ADD COLUMN cores TEXT",
        "ALTER TABLE runs ADD COLUMN memory TEXT",
        "ALTER TABLE runs ADD COLUMN kernel TEXT",
        "ALTER TABLE runs ADD COLUMN governor TEXT",
        "ALTER TABLE runs ADD COLUMN virtualisation TEXT",
        "ALTER TABLE runs ADD COLUMN label TEXT",
        "ALTER TABLE runs ADD COLUMN core_seconds DOUBLE PRECISION",
        "ALTER TABLE runs ADD COLUMN gibibyte_seconds DOUBLE PRECISION",
        "ALTER TABLE metrics ADD COLUMN warmups TEXT NOT NULL DEFAULT '[]'",
        "CREATE TABLE artifacts (
            run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            place TEXT NOT NULL,
            bytes BIGINT,
            sha256 TEXT,
            PRIMARY KEY (run, kind, place)
        )",
        "CREATE INDEX runs_by_revision ON runs (revision)",
        "CREATE INDEX metrics_by_name ON metrics (stage, metric, point)",
    ],
};

/// How each stage of a run measured.
///
/// Runs that an older shmoo recorded have no rows: of them only the digest of the suite is known.
const RECIPES: Migration = Migration {
    version: 3,
    min_writer: 1,
    statements: &["CREATE TABLE stages (
            run TEXT NOT NULL REFERENCES runs (run) ON DELETE CASCADE,
            stage TEXT NOT NULL,
            recipe TEXT NOT NULL,
            PRIMARY KEY (run, stage)
        )"],
};
