//! Tasks that write to their inputs: found, named, and nobody else gets the damage.

use crate::integration::sandbox::{Sandbox, text, until_true};
use std::fs;

/// Two consumers of one input, one after the other: `a1` has a script, `a2` looks at what it gets.
fn consumers(input: &str, script: &str) -> Sandbox {
    let make = "
  make:
    per: []
    shell: head -c 2M /dev/zero > big; head -c 2K /dev/zero > small
    outputs: [big, small]";
    let make = if input.starts_with("make/") { make } else { "" };
    let sandbox = Sandbox::new(&format!(
        "version: 1\nsuite: inputs\nparams:\n  a: {{ code: a, values: [1, 2] }}\nstages:{make}\n  work:\n    inputs: \
         [{input}]\n    shell: |\n      if [ \"$SHMOO_PARAM_A\" = 1 ]; then\n        {script}\n      fi\n      \
         sha256sum big small > digest 2>&1 || true\n    outputs: [digest]\n",
    ));
    for (name, bytes) in [("big", 2 << 20), ("small", 2 << 10)] {
        sandbox.write(name, vec![0; bytes]);
    }
    sandbox
}

/// SHA-256 of 2 MiB and of 2 KiB of zeros.
const BIG: &str = "5647f05ec18958947d32874eeb788fa396a05d0bab7c1b71f112ceb7e9b31eee";
const SMALL: &str = "e5a00aa9991ac8a5ee3109844d84a55583bd20572ad3ffcd42792f3c36b183ad";

fn digest(sandbox: &Sandbox, key: &str) -> String {
    fs::read_to_string(sandbox.task_folder(key).join("digest")).unwrap()
}

fn written(name: &str) -> (String, String) {
    let message = format!("its input `{name}` was written to; inputs are read-only, copy it first");
    ("error".to_owned(), message)
}

#[test]
fn a_small_input_is_a_copy_and_writing_to_it_an_error() {
    for input in ["root/small", "make/small"] {
        let sandbox = consumers(input, "echo more >> small");
        sandbox.run_to(10, &["run", "suite.yaml", "--jobs", "1"]);
        assert_eq!(sandbox.verdict("work/a1"), written("small"));
        assert_eq!(sandbox.verdict("work/a2").0, "pass");
        assert!(digest(&sandbox, "work/a2").contains(SMALL));
    }
}

#[test]
fn a_large_input_from_the_repository_is_restored() {
    let sandbox = consumers("root/big", "printf x | dd of=big conv=notrunc 2> /dev/null");
    sandbox.run_to(10, &["run", "suite.yaml", "--jobs", "1"]);
    assert_eq!(sandbox.verdict("work/a1"), written("big"));
    assert_eq!(sandbox.verdict("work/a2").0, "pass");
    assert!(digest(&sandbox, "work/a2").contains(BIG));
    assert_eq!(fs::read(sandbox.path("big")).unwrap(), vec![0; 2 << 20]);
}

#[test]
fn a_damaged_output_of_another_task_is_used_by_nobody() {
    let sandbox = consumers("make/big", "printf x | dd of=big conv=notrunc 2> /dev/null");
    sandbox.run_to(10, &["run", "suite.yaml", "--jobs", "1"]);
    assert_eq!(sandbox.verdict("work/a1"), written("big"));
    assert_eq!(
        sandbox.verdict("work/a2"),
        ("error".to_owned(), "the input `big` was changed by work/a1, which wrote to its input".to_owned())
    );
}

#[test]
fn a_task_that_had_the_damaged_input_at_the_time_is_an_error_too() {
    for input in ["root/big", "make/big"] {
        let sandbox = consumers(
            input,
            "while ! test -e @ROOT@/ready; do sleep 0.01; done; printf x | dd of=big conv=notrunc 2> /dev/null\n      \
             else touch @ROOT@/ready; while ! test -e @ROOT@/done; do sleep 0.01; done",
        );
        let started = sandbox.start(&["run", "suite.yaml", "--jobs", "2"]);
        until_true("the culprit's end", || sandbox.finished().contains_key("work/a1"));
        sandbox.write("done", "");
        assert_eq!(started.end().code, 10);
        assert_eq!(sandbox.verdict("work/a1"), written("big"), "{input}");
        assert_eq!(sandbox.verdict("work/a2"), written("big"), "{input}");
    }
}

#[test]
fn a_task_that_starts_while_another_damages_its_input_does_not_get_the_damage() {
    for (input, verdict) in [("root/big", "pass"), ("make/big", "error")] {
        let sandbox = Sandbox::new(&format!(
            r#"
version: 1
suite: inputs
params:
  a: {{ code: a, values: [1, 2, 3] }}
stages:
  make:
    per: []
    shell: head -c 2M /dev/zero > big
    outputs: [big]
  work:
    inputs: [{input}]
    shell: |
      case "$SHMOO_PARAM_A" in
        1) printf x | dd of=big conv=notrunc 2> /dev/null; touch @ROOT@/damaged
           while ! test -e @ROOT@/over; do sleep 0.01; done ;;
        2) while ! test -e @ROOT@/damaged; do sleep 0.01; done ;;
      esac
      sha256sum big > digest
    outputs: [digest]
"#
        ));
        sandbox.write("big", vec![0; 2 << 20]);
        // `a3` starts when `a2` has ended, which is when `a1` has written and still runs.
        let started = sandbox.start(&["run", "suite.yaml", "--jobs", "2"]);
        until_true("the late one's end", || sandbox.finished().contains_key("work/a3"));
        sandbox.write("over", "");
        assert_eq!(started.end().code, 10);
        assert_eq!(sandbox.verdict("work/a1").0, "error");
        let (found, message) = sandbox.verdict("work/a3");
        assert_eq!(found, verdict, "{input}: {message}");
        if found == "pass" {
            assert!(digest(&sandbox, "work/a3").contains(BIG));
        }
    }
}

#[test]
fn an_input_that_is_replaced_harms_nobody() {
    for script in ["rm big; ln -s /etc/passwd big", "rm big; echo mine > big", "mv big other; mkdir big"] {
        for input in ["root/big", "make/big"] {
            let sandbox = consumers(input, script);
            sandbox.run_to(0, &["run", "suite.yaml", "--jobs", "1"]);
            assert!(digest(&sandbox, "work/a2").contains(BIG), "{script}");
        }
    }
}

/// A run of two consumers that is killed once the first of them has ended.
fn killed_between(input: &str) -> Sandbox {
    let sandbox =
        consumers(input, "true\n      else echo $$ > @ROOT@/second; while ! test -e @ROOT@/go; do sleep 0.01; done");
    let mut started = sandbox.start(&["run", "suite.yaml", "--jobs", "1"]);
    until_true("the second consumer", || !sandbox.lines("second").is_empty());
    started.child.kill().unwrap();
    started.child.wait().unwrap();
    let _ = std::process::Command::new("kill").args(["-9", &sandbox.lines("second")[0]]).status();
    sandbox.write("go", "");
    sandbox
}

#[test]
fn an_output_that_was_damaged_before_a_kill_is_not_used_after_it() {
    let sandbox = killed_between("make/big");
    let output = sandbox.task_folder("make/all").join("big");
    let mut bytes = fs::read(&output).unwrap();
    bytes[7] = 1;
    fs::write(&output, bytes).unwrap();
    sandbox.run_to(10, &["run", "suite.yaml", "--continue", "last"]);
    let (verdict, message) = sandbox.verdict("work/a2");
    assert_eq!(verdict, "error");
    assert!(message.starts_with("the input `big` is not what make/all has left"), "{message}");
}

#[test]
fn a_repository_file_that_was_damaged_before_a_kill_is_restored_after_it() {
    let sandbox = killed_between("root/big");
    let stored = sandbox.runs().pop().unwrap().join("files").join(&BIG[..2]).join(BIG);
    let mut bytes = fs::read(&stored).unwrap();
    bytes[7] = 1;
    fs::remove_file(&stored).unwrap();
    fs::write(&stored, bytes).unwrap();
    sandbox.run_to(0, &["run", "suite.yaml", "--continue", "last"]);
    assert!(digest(&sandbox, "work/a2").contains(BIG));
}

#[test]
fn rows_and_each_bring_all_that_ran_with_their_content() {
    let sandbox = Sandbox::new(
        r#"
version: 1
suite: gathered
params:
  a: { code: a, values: [1, 2, 3, 4] }
stages:
  make:
    shell: |
      if [ "$SHMOO_PARAM_A" = 3 ]; then exit 1; fi
      echo "content $SHMOO_PARAM_A" > "out put"; echo "METRIC x $((SHMOO_PARAM_A * 10))"
    outputs: ["out put"]
    evidence: [ { metric_lines: stdout } ]
    metrics: { x: { unit: V, expect: { lt: 40 } } }
  gather:
    per: []
    inputs: { all: { each: "make/out put" }, table.csv: { rows: make } }
    shell: |
      for file in all/*/*; do echo "$file: $(cat "$file")"; done > list
    outputs: [list]
"#,
    );
    sandbox.run_to(10, &["run", "suite.yaml"]);
    assert_eq!(text(&sandbox.task("gather/all")["verdict"]), "pass");
    let folder = sandbox.task_folder("gather/all");
    assert_eq!(
        fs::read_to_string(folder.join("list")).unwrap(),
        "all/a1/out put: content 1\nall/a2/out put: content 2\nall/a4/out put: content 4\n"
    );
    assert_eq!(
        fs::read_to_string(folder.join("table.csv")).unwrap(),
        "point,a,verdict,x\na1,1,pass,10\na2,2,pass,20\na3,3,error,\na4,4,fail,40\n"
    );
}
