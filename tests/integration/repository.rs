//! A project in a git repository, whose tool becomes slower, larger or broken from one commit to the next.

use super::sandbox::{Said, Sandbox};
use serde_json::Value;
use std::process::Command;

/// A build that is needed once, and a measurement: `level` times `size` times what the machine's `load` is
/// right now, which creeps up with each measurement. `count` and `size` are exact. Every task leaves a line
/// in `log`. With a file `slow`, the measurement of a commit whose `commit.txt` says so never ends.
pub(crate) const SUITE: &str = r#"version: 1
suite: timed
params:
  size: { code: s, values: [1, 2] }
stages:
  build:
    per: []
    inputs: [root/build.sh, root/level.txt]
    shell: |
      echo build >> @ROOT@/log
      bash build.sh
    outputs: [built.txt]
  time:
    inputs: [build/built.txt, root/count.txt, root/bytes.txt, root/commit.txt]
    shell: |
      echo "time $SHMOO_PARAM_SIZE of $(cat built.txt)" >> @ROOT@/log
      if [ -e @ROOT@/slow ] && grep -q "$(cat @ROOT@/slow)" commit.txt; then
        touch @ROOT@/started
        while [ -e @ROOT@/slow ]; do sleep 0.1; done
      fi
      load=$(cat @ROOT@/load)
      echo $((load + 1)) > @ROOT@/load
      echo "t=$(($(cat built.txt) * SHMOO_PARAM_SIZE * load))"
      echo "count=$(cat count.txt)"
      echo "bytes=$(cat bytes.txt)"
    evidence: [{ key_value: stdout }]
    exclusive: true
    metrics:
      t: { unit: ms, better: lower }
      count: { better: exact, expect: { lt: 5 } }
      bytes: { better: exact }
"#;

/// A project under version control.
pub(crate) struct Repository {
    pub(crate) sandbox: Sandbox,
}

impl Repository {
    /// Makes one with a first commit, on a machine without load.
    pub(crate) fn new() -> Repository {
        Repository::with(SUITE)
    }

    /// Makes one with another suite.
    pub(crate) fn with(suite: &str) -> Repository {
        let sandbox = Sandbox::new(suite);
        sandbox.write(".gitignore", "load\nlog\nslow\nstarted\n");
        sandbox.write("shmoo.yaml", "version: 1\nsuites: [\"*.yaml\"]\n");
        sandbox.write("load", "1000");
        sandbox.write("build.sh", "cp level.txt built.txt\n");
        for (name, text) in [("level.txt", "100"), ("count.txt", "1"), ("bytes.txt", "1"), ("commit.txt", "first")] {
            sandbox.write(name, text);
        }
        let repository = Repository { sandbox };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit("first", &[]);
        repository
    }

    /// Runs git; returns what it says.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(arguments);
        command.current_dir(self.sandbox.path("")).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let output = command.env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Commits files with new texts; returns the hash.
    pub(crate) fn commit(&self, message: &str, files: &[(&str, &str)]) -> String {
        self.sandbox.write("commit.txt", message);
        files.iter().for_each(|(name, text)| self.sandbox.write(name, text));
        self.git(&["add", "."]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Sweeps on a machine with this load.
    pub(crate) fn sweep(&self, load: u32) -> Said {
        self.sandbox.write("load", load.to_string());
        self.sandbox.run(&["--quiet", "sweep", "suite.yaml", "--no-archive", "--format", "json"])
    }

    /// Returns how many lines of the log say something; the log is empty then.
    pub(crate) fn logged(&self, what: &[&str]) -> Vec<usize> {
        let lines = self.sandbox.lines("log");
        self.sandbox.write("log", "");
        what.iter().map(|what| lines.iter().filter(|line| line.contains(what)).count()).collect()
    }

    /// No work tree, no reference and no change may be left.
    pub(crate) fn assert_untouched(&self) {
        assert_eq!(self.git(&["worktree", "list"]).lines().count(), 1);
        assert_eq!(self.git(&["status", "--porcelain"]), "");
        assert_eq!(self.git(&["for-each-ref", "refs/bisect"]), "");
        assert_eq!(self.git(&["symbolic-ref", "--short", "HEAD"]), "main");
        for folder in [".shmoo/worktrees", ".shmoo/bisect", ".git/worktrees"] {
            assert!(!self.sandbox.path(folder).exists(), "{folder}");
        }
    }
}

pub(crate) fn json(said: &Said) -> Value {
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {}\n{}", said.stdout, said.stderr))
}
