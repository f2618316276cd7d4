//! `shmoo fit` and `shmoo estimate`, as they are typed.

use crate::integration::command::shmoo;
use crate::integration::sandbox::Sandbox;
use std::fmt::Write;

const MODEL: &str = "\
version: 1
model: copy
columns: { size: [bytes, length], kind: [operation] }
op: kind
target: cycles
features: { start: '1', each: size }
";

/// cycles = 100 + 2 bytes, and a little more.
fn table(operation: &str, each: f64) -> String {
    let mut text = "operation,bytes,cycles\n".to_owned();
    for step in 1..=20 {
        let bytes = step * 16;
        let cycles = 100.0 + each * f64::from(bytes) + f64::from(step % 3);
        writeln!(text, "{operation},{bytes},{cycles}").unwrap();
    }
    text
}

#[test]
fn the_schema_of_models_is_that_of_the_program() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schemas/model.schema.json");
    let text = std::fs::read_to_string(path).unwrap();
    let hint = "write it again: shmoo schema model > docs/schemas/model.schema.json";
    assert_eq!(text, format!("{:#}\n", shmoo::config::model_schema()), "{hint}");
}

#[test]
fn fitting() {
    let broken = format!("{}copy,N/A,3\ncopy,8\ncopy,16,133\ncopy,16,133\n", table("copy", 2.0));
    shmoo()
        .file("copy.yaml", MODEL)
        .file("copy.csv", &table("copy", 2.0))
        .file("move.csv", &table("move", 2.0))
        .file("broken.csv", &broken)
        .file(
            "mixed.csv",
            &format!("{}{}", table("copy", 2.0), &table("fill", 3.0)["operation,bytes,cycles\n".len()..]),
        )
        .args(["fit", "--model", "copy.yaml", "copy.csv"])
        .args(["fit", "--model", "copy.yaml", "copy.csv", "move.csv", "--intervals", "none"])
        .args(["fit", "--model", "copy.yaml", "broken.csv", "--strict", "--set", "fast"])
        .args(["fit", "--model", "copy.yaml", "mixed.csv", "--intervals", "none"])
        .args([
            "fit",
            "--model",
            "copy.yaml",
            "mixed.csv",
            "--by",
            "kind",
            "--where",
            "size <= 64",
            "--intervals",
            "none",
        ])
        .args(["fit", "--model", "copy.yaml", "mixed.csv", "--weighting", "relative", "--robust", "--drop-duplicates"])
        .snapshot("fit");
}

#[test]
fn standard_input_is_a_table() {
    let sandbox = Sandbox::new("");
    sandbox.write("copy.yaml", MODEL);
    sandbox.write("copy.csv", table("copy", 2.0));
    let named = sandbox.run_to(0, &["fit", "--model", "copy.yaml", "copy.csv"]);
    let temporary = sandbox.path("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let mut command = sandbox.shmoo(&["fit", "--model", "copy.yaml", "-", "--out", "params.yaml"]);
    let piped = command
        .env("TMPDIR", &temporary)
        .stdin(std::fs::File::open(sandbox.path("copy.csv")).unwrap())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(piped.stdout).unwrap(), named.stdout.replace("copy.csv: ", "standard input: "));
    assert!(named.stdout.contains("each"), "{}", named.stdout);
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "what was held is removed");
    let digest = shmoo::value::Digest::of(table("copy", 2.0).as_bytes()).to_string();
    let twin = std::fs::read_to_string(sandbox.path("params.provenance.json")).unwrap();
    assert!(twin.contains(&digest), "the twin knows what was read: {twin}");
    // Where the rows name no operation, nothing does.
    sandbox.write("nameless.yaml", MODEL.replace("op: kind\n", ""));
    let piped = |more: &[&str]| {
        let mut command =
            sandbox.shmoo(&[&["fit", "--model", "nameless.yaml", "-", "--out", "named.yaml"], more].concat());
        command.stdin(std::fs::File::open(sandbox.path("copy.csv")).unwrap()).output().unwrap()
    };
    let refused = piped(&[]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(2) && said.contains("hint: give `--op`"), "{said}");
    assert!(String::from_utf8(refused.stdout).unwrap().contains("standard input base: "));
    assert!(!sandbox.path("named.yaml").exists());
    assert_eq!(piped(&["--op", "copy"]).status.code(), Some(0));
}

/// What cannot be searched is fitted all the same.
#[test]
fn searches_leave_fits_as_they_are() {
    let sandbox = Sandbox::new("");
    let said = |features: &str, table: &str| {
        sandbox.write("m.yaml", format!("version: 1\nmodel: m\ntarget: t\n{features}"));
        sandbox.write("t.csv", table);
        let plain = sandbox.run_to(0, &["fit", "--model", "m.yaml", "t.csv"]).stdout;
        let searched = sandbox.run_to(0, &["fit", "--model", "m.yaml", "t.csv", "--search"]).stdout;
        searched.strip_prefix(&plain).expect("the fit comes first").to_owned()
    };
    let rows: String = (1..=20).map(|m| format!("{m},{},{}\n", ["LoFi", "HiFi4"][m % 2], m * (3 - m % 2))).collect();
    let forms = said("features: { all: m, lofi: \"m if f == 'LoFi' else 0\" }\n", &format!("m,f,t\n{rows}"));
    assert!(forms.contains("  the first is the declared form\n"), "{forms}");
    let rows: String = (1..=20).map(|m| format!("{m},0\n")).collect();
    let nothing = said("features: { all: m }\n", &format!("m,t\n{rows}"));
    assert_eq!(nothing, "  no form can be looked for: the target is 0 in all rows\n");
    let rows: String = (5..=30).map(|m| format!("{m},{}\n", 20 * m - 60 + m % 3)).collect();
    let constant = said("intercept: true\nfeatures: { all: m }\n", &format!("m,t\n{rows}"));
    assert!(constant.contains("  -58.469 * 1 + 19.961 * m\n") && !constant.contains("as it was fitted"), "{constant}");
}

/// A table as others write them: the example of the documentation.
#[test]
fn columns_are_called_what_they_are_called() {
    let sandbox = Sandbox::new("");
    let rows = (1..=16).flat_map(|size| [(size, "fused", 2), (size, "plain", 3)]);
    let rows: String = rows.map(|(size, kernel, each)| format!("{size},{kernel},{}\n", 20 + each * size)).collect();
    sandbox.write("sweep.csv", format!("Batch Size,Kernel Name,Run Time (us)\n{rows}"));
    let model = "version: 1\nmodel: attention\ncolumns: { time: [\"Run Time (us)\"] }\nop: Kernel Name\nby: [Kernel Name]\n\
        target: time\nfeatures: { start: \"1\", each: Batch_Size }\n";
    sandbox.write("model.yaml", model);
    sandbox.run_to(0, &["fit", "--model", "model.yaml", "sweep.csv", "--out", "params.yaml"]);
    let text = std::fs::read_to_string(sandbox.path("params.yaml")).unwrap();
    let ops: Vec<&str> = text.lines().filter(|line| line.starts_with(char::is_alphabetic)).collect();
    assert_eq!(ops, ["fused:", "plain:"], "{text}");
    let refused = |model: &str, more: &[&str], expected: &str| {
        sandbox.write("model.yaml", model);
        let said = sandbox.run_to(2, &[&["fit", "--model", "model.yaml", "sweep.csv"], more].concat());
        let words = said.stderr.replace("\n        ", " ");
        assert!(words.contains(expected), "{expected}: {}", said.stderr);
    };
    let named = "a column is named with `_` for each blank";
    refused(&model.replace("Batch_Size", "Batch Size"), &[], named);
    refused(&model.replace("target: time", "target: Run_Time_(us)"), &[], named);
    refused(model, &["--where", "Kernel Name == 'fused'"], named);
    refused(&model.replace("op: Kernel Name\n", ""), &["--out", "other.yaml"], "under `op` and `by` of the model");
}

#[test]
fn fitting_as_json() {
    shmoo()
        .file("copy.yaml", MODEL)
        .file("copy.csv", &table("copy", 2.0))
        .args(["fit", "--model", "copy.yaml", "copy.csv", "--format", "json", "--intervals", "sandwich"])
        .snapshot("fit_json");
}

#[test]
fn parameter_files() {
    shmoo()
        .file("copy.yaml", MODEL)
        .file("copy.csv", &table("copy", 2.0))
        .file("fast.csv", &table("copy", 1.0))
        .args([
            "fit",
            "--model",
            "copy.yaml",
            "fast.csv",
            "--set",
            "approx",
            "--out",
            "params.yaml",
            "--quiet",
            "--intervals",
            "none",
        ])
        .before(["fit", "--model", "copy.yaml", "copy.csv", "--out", "params.yaml"])
        .shell("cat params.yaml")
        .shell("tr -d '\\n ' < params.provenance.json | sed -E 's/[0-9]+\\.[0-9]{4,}(e-[0-9]+)?/[NUMBER]/g'")
        .file("params/params_v1.yaml", "# by hand\nnop:\n  base: { start: 1.50 }\n")
        .before(["fit", "--model", "copy.yaml", "copy.csv", "--promote", "params"])
        .args(["fit", "--model", "copy.yaml", "copy.csv", "--promote", "params", "--quiet", "--intervals", "none"])
        .shell("ls params; grep -v '#' params/params_v3.yaml; cat params/params_v1.yaml")
        .args(["fit", "--model", "copy.yaml", "copy.csv", "--out", "params/params_v1.yaml", "--intervals", "none"])
        .file("hand.yaml", "nop: { base: { start: 1 } }\n")
        .args(["fit", "--model", "copy.yaml", "copy.csv", "--out", "hand.yaml", "--intervals", "none"])
        .args(["fit", "--model", "copy.yaml", "copy.csv", "fast.csv", "--out", "new.yaml", "--intervals", "none"])
        .snapshot("fit_parameters");
}

#[test]
fn what_estimates_cannot_use_is_refused_or_told() {
    let eltwise = |more: &[&'static str]| [&["fit", "--model", "eltwise", "sweep.csv", "--quiet"], more].concat();
    shmoo()
        .file("sweep.csv", &sweep(200.0))
        .file("par/wormhole_b0/params_v1.yaml", "nop: { base: { ublock_weight: 1, tile_weight: 1 } }\n")
        .args(eltwise(&["--intervals", "none", "--set", "approx/vecter_r", "--promote", "par/wormhole_b0"]))
        .args(eltwise(&["--intervals", "none", "--set", "wide", "--out", "out.yaml"]))
        .args(eltwise(&["--intervals", "none", "--promote", "par"]))
        .shell("find par -type f")
        .before(["fit", "--model", "eltwise", "sweep.csv", "--promote", "par/wormhole_b0", "--quiet"])
        .before(["fit", "--model", "eltwise", "sweep.csv", "--set", "approx/vector_c", "--promote", "par/wormhole_b0"])
        .args(eltwise(&["--intervals", "none", "--set", "vector_c", "--promote", "par/wormhole_b0"]))
        .args(eltwise(&["--intervals", "none", "--op", "expp", "--promote", "par/wormhole_b0"]))
        .snapshot("fit_unusable_parameters");
}

#[test]
fn parameters_that_an_earlier_file_lacks_are_told() {
    let against = |more: &[&'static str]| {
        let fit = ["fit", "--model", "eltwise", "sweep.csv", "--against", "before.yaml", "--intervals", "none"];
        [&fit, more].concat()
    };
    shmoo()
        .file("sweep.csv", &sweep(200.0))
        .file("before.yaml", "exp: { base: { ublock_weight: 0, tile_weight: 0 } }\n")
        .args(against(&[]))
        .args(against(&["--set", "approx", "--strict"]))
        .args(against(&["--op", "log", "--format", "markdown"]))
        .snapshot("fit_against_nothing");
}

#[test]
fn mistakes_in_fits() {
    shmoo()
        .file("copy.yaml", MODEL)
        .file("wrong.yaml", "version: 1\nmodel: wrong\ntarget: cycle\nfeatures: { each: bytes }\n")
        .file("copy.csv", &table("copy", 2.0))
        .args(["fit", "--model", "elwise", "copy.csv"])
        .args(["fit", "--model", "wrong.yaml", "copy.csv"])
        .args(["fit", "--model", "copy.yaml", "none.csv"])
        .args(["fit", "--model", "copy.yaml", "copy.csv", "--where", "size >"])
        .args(["fit", "--model", "copy.yaml", "copy.csv", "--where", "size > 1000"])
        .args(["fit", "--model", "copy.yaml", "copy.csv", "--by", "colour"])
        .file("semicolons.csv", &table("copy", 2.0).replace(',', ";"))
        .args(["fit", "--model", "copy.yaml", "semicolons.csv"])
        .file("header.csv", "operation,bytes,cycles\n")
        .args(["fit", "--model", "copy.yaml", "header.csv"])
        .snapshot("fit_mistakes");
}

const PARAMS: &str = "\
nop:
  base: { ublock_weight: 10, tile_weight: 5 }
exp:
  base: { ublock_weight: 10, tile_weight: 5 }
  approx: { ublock_weight: 1, tile_weight: 2 }
";

const OPERATIONS: &str = "\
type,arch,version,data_format,math_fidelity,t,mblock_m,mblock_n,ublock_rt,ublock_ct,approx_mode
exp,wormhole_b0,1,Float16,HiFi4,1,2,2,2,2,0
exp,wormhole_b0,1,Float16,HiFi4,1,2,2,2,2,1
log,wormhole_b0,1,Float16,HiFi4,1,2,2,2,2,0
";

#[test]
fn estimating() {
    let wrong = "exq,wormhole_b0,1,Float16,HiFi4,1,2,2,2,2,0\nexp,wormhole_b0,2,Float16,HiFi4,1,2,2,2,2,0\nexp,wormhole_b0,1,Float16,HiFi4,1,2,two,2,2,0\n\
                 exp,wormhole_b0,1,Float16,HiFi4,1,2\nexp,wormhole_b0,1,Float16,HiFi4,1,2,2,2,2,0,,9\n";
    shmoo()
        .file("params/wormhole_b0/params_v1.yaml", PARAMS)
        .file("operations.csv", OPERATIONS)
        .file("wrong.csv", &format!("{OPERATIONS}{wrong}"))
        .args(["estimate", "operations.csv", "--params", "params"])
        .args(["estimate", "wrong.csv", "--params", "params", "--out", "out.csv", "--format", "json"])
        .shell("tail -5 out.csv")
        .file("params/wormhole_b0/params_v3.yaml", PARAMS)
        .args(["estimate", "operations.csv", "--params", "params"])
        .remove("params/wormhole_b0/params_v3.yaml")
        .file("params/wormhole_b0/params_v1.yaml", "exp:\n  aprox: { a: 1 }\n")
        .args(["estimate", "operations.csv", "--params", "params"])
        .args(["estimate", "operations.csv", "--params", "nowhere"])
        .snapshot("estimate");
}

#[test]
fn estimates_say_what_they_took() {
    let large = "exp,wormhole_b0,,Float16,HiFi4,1,40000,400,8,8,1\n";
    shmoo()
        .file("params/wormhole_b0/params_v1.yaml", PARAMS)
        .file("params/wormhole_b0/params_v2.yaml", PARAMS)
        .file("operations.csv", &format!("{OPERATIONS}{large}"))
        .args(["estimate", "operations.csv", "--params", "params"])
        .args(["estimate", "operations.csv", "--params", "params", "--out", "out.csv", "--format", "json"])
        .args(["estimate", "operations.csv"])
        .file("bare.csv", "type,version\nexp,1\n")
        .args(["estimate", "bare.csv", "--params", "params"])
        .args(["estimate", "--evaluate", "operations.csv", "--bounds", "1.1,0.8"])
        .snapshot("estimate_told");
}

#[test]
fn evaluating() {
    let sweep = "math_fidelity,output_df,output_t,output_mb_r,output_mb_c,output_ub_r,output_ub_c,mblock_k,ublock_kt,nz_tiles,nz_ublocks,nz_strips,runtime\r\n\
                 LoFi,Bfp8_b,1,18,2,7,1,28,4,375,120,11,176619\r\nLoFi,Bfp8_b,1,18,2,7,1,7,4,247,N/A,11,83399\r\n";
    shmoo()
        .file("sweep.csv", sweep)
        .args(["estimate", "--evaluate", "sweep.csv", "--out", "comparison.csv", "--formula", "v1"])
        .shell("cat comparison.csv")
        .args(["estimate", "--evaluate", "sweep.csv", "--formula", "v2", "--bounds", "0.9,1.1"])
        .args(["estimate", "--evaluate", "sweep.csv", "--op-type", "unary", "--op-name", "exp"])
        .args(["estimate", "--evaluate", "sweep.csv", "--arch", "wormhole"])
        .snapshot("evaluate");
}

#[test]
fn evaluating_names_lines() {
    let sweep = "\n\u{feff}math_fidelity,output_df,output_t,output_mb_r,output_mb_c,output_ub_r,output_ub_c,mblock_k,ublock_kt,nz_tiles,nz_ublocks,nz_strips,\"run\",runtime\r\n\
                 \n\n\
                 LoFi,Bfp8_b,1,18,2,7,1,28,4,375,120,11,\"first\nof \"\"two\"\"\",176619\r\n\
                 \n\
                 \"LoFi\",\"Bfp8_b\",\"1\",\"18\",\"2\",\"7\",\"1\",\"7\",\"4\",\"247\",\"112\",\"11\",\"a, b\",\"83399\"\r\n\
                 LoFi,Bfp8_b,1,18,2,7,1,7,4,247,N/A,11,third,83399\n\
                 LoFi,Bfp8_b,1\n";
    shmoo()
        .file("sweep.csv", sweep)
        .args(["estimate", "--evaluate", "sweep.csv", "--bounds", "1.1,1.2"])
        .snapshot("evaluate_lines");
}

/// runtime = 30 blocks + 200 tiles, to one part in a hundred.
fn sweep(each: f64) -> String {
    let mut text = "Unary-Type,mblock_m,mblock_n,ublock_rt,ublock_ct,runtime\n".to_owned();
    for row in 0..48u32 {
        let [m, n, r, c] = [1 + row % 4, 1 + row / 4 % 4, 1 + row / 16 % 2, 1 + row % 3];
        let runtime = (30.0 * f64::from(m * n) + each * f64::from(m * n * r * c)) * (1.0 + f64::from(row % 5) / 250.0);
        writeln!(text, "exp,{m},{n},{r},{c},{runtime:.2}").unwrap();
    }
    text
}

#[test]
fn estimates_know_how_far_they_can_be_trusted() {
    let operations = "\
type,arch,version,data_format,math_fidelity,t,mblock_m,mblock_n,ublock_rt,ublock_ct
exp,wormhole_b0,1,Float16,HiFi4,1,2,2,2,2
exp,wormhole_b0,1,Float16,HiFi4,1,16,16,2,2
exp,wormhole_b0,1,Float16,HiFi4,2,2,2,2,2
";
    shmoo()
        .file("sweep.csv", &sweep(200.0))
        .file("operations.csv", operations)
        .shell("mkdir -p params/wormhole_b0")
        .args(["fit", "--model", "eltwise", "sweep.csv", "--promote", "params/wormhole_b0", "--intervals", "sandwich"])
        .args(["estimate", "operations.csv", "--params", "params", "--intervals"])
        .args(["estimate", "operations.csv", "--params", "params", "--strict", "--out", "o.csv", "--format", "json"])
        .shell("sed -i 's/tile_weight: 2/tile_weight: 3/' params/wormhole_b0/params_v1.yaml")
        .args(["estimate", "operations.csv", "--params", "params", "--intervals"])
        .shell("rm params/wormhole_b0/params_v1.provenance.json")
        .args(["estimate", "operations.csv", "--params", "params", "--intervals"])
        .args(["estimate", "operations.csv", "--params", "params", "--strict"])
        .snapshot("estimate_intervals");
}

#[test]
fn nothing_to_evaluate_is_a_mistake() {
    let header = "math_fidelity,output_df,output_t,output_mb_r,output_mb_c,output_ub_r,output_ub_c,mblock_k,ublock_kt,nz_tiles,nz_ublocks,nz_strips,runtime\n";
    shmoo()
        .file("sweep.csv", header)
        .args(["estimate", "--evaluate", "sweep.csv", "--bounds", "0.9,1.1"])
        .args(["estimate", "--evaluate", "sweep.csv", "--out", "comparison.csv"])
        .file("sweep.csv", &format!("{header}LoFi,Bfp8_b,1,18,2,7,1,7,4,247,N/A,11,83399\n"))
        .args(["estimate", "--evaluate", "sweep.csv", "--bounds", "0.9,1.1"])
        .snapshot("evaluate_nothing");
}

#[test]
fn what_only_one_kind_of_estimate_reads_is_refused_by_the_other() {
    shmoo()
        .file("rows.csv", OPERATIONS)
        .args(["estimate", "rows.csv", "--bounds", "0.8,1.1"])
        .args(["estimate", "rows.csv", "--op-name", "exp"])
        .args(["estimate", "rows.csv", "--op-type", "unary"])
        .args(["estimate", "rows.csv", "--arch", "wormhole_b0"])
        .args(["estimate", "rows.csv", "--params-version", "1"])
        .args(["estimate", "--evaluate", "rows.csv", "--intervals"])
        .snapshot("estimate_arguments");
}

#[test]
fn evaluating_knows_how_far_estimates_can_be_trusted() {
    let measured = "\
math_fidelity,output_df,output_t,output_mb_r,output_mb_c,output_ub_r,output_ub_c,runtime
HiFi4,Float16,1,2,2,2,2,3350
HiFi4,Float16,1,16,16,2,2,210000
";
    let evaluate = ["estimate", "--evaluate", "measured.csv", "--params", "params", "--op-type", "unary"];
    let with = |more: &[&'static str]| [&evaluate, ["--op-name", "exp"].as_slice(), more].concat();
    shmoo()
        .file("sweep.csv", &sweep(200.0))
        .file("measured.csv", measured)
        .args(["fit", "--model", "eltwise", "sweep.csv", "--promote", "params/wormhole_b0", "--intervals", "sandwich"])
        .args(with(&[]))
        .args(with(&["--strict", "--out", "comparison.csv"]))
        .shell("rm params/wormhole_b0/params_v1.provenance.json")
        .args(with(&["--strict"]))
        .snapshot("evaluate_outside");
}

#[test]
fn tables_that_cannot_be_estimated() {
    let estimate = ["estimate", "rows.csv", "--params", "params"];
    let twice = OPERATIONS.replacen("mblock_n", "mblock_m", 1);
    let measured = "math_fidelity,output_df,output_t,output_mb_r,output_mb_c,output_ub_r,output_ub_c,runtime,ratio\n";
    shmoo()
        .file("params/wormhole_b0/params_v1.yaml", PARAMS)
        .file("rows.csv", &OPERATIONS.replace('\n', "\r"))
        .args(estimate)
        .file("rows.csv", &twice)
        .args(estimate)
        .file("rows.csv", &OPERATIONS.replacen("approx_mode", "estimate", 1))
        .args(estimate)
        .file("rows.csv", &OPERATIONS.replace(',', ";"))
        .args(estimate)
        .file("rows.csv", measured)
        .args(["estimate", "--evaluate", "rows.csv", "--op-type", "unary", "--op-name", "exp", "--params", "params"])
        .snapshot("estimate_tables");
}

#[test]
fn standard_input_is_estimated() {
    let sandbox = Sandbox::new("");
    sandbox.write("params/wormhole_b0/params_v1.yaml", PARAMS);
    sandbox.write("rows.csv", OPERATIONS);
    let header =
        "math_fidelity,output_df,output_t,output_mb_r,output_mb_c,output_ub_r,output_ub_c,runtime\n".to_owned();
    sandbox.write("measured.csv", header + "HiFi4,Float16,1,2,2,2,2,100\n");
    let check = |file: &str, arguments: &[&str]| {
        let with = |file: &str| [&["estimate", "--params", "params"], arguments, &[file]].concat().join("\n");
        let named = with(file);
        let named = sandbox.run_to(0, &named.split('\n').collect::<Vec<_>>());
        let piped = with("-");
        let mut command = sandbox.shmoo(&piped.split('\n').collect::<Vec<_>>());
        let piped = command.stdin(std::fs::File::open(sandbox.path(file)).unwrap()).output().unwrap();
        assert_eq!(String::from_utf8(piped.stdout).unwrap(), named.stdout);
    };
    check("rows.csv", &[]);
    check("measured.csv", &["--op-type", "unary", "--op-name", "exp", "--evaluate"]);
}

#[test]
fn parameters_of_another_form_are_told() {
    const OTHER: &str = "version: 1\nmodel: other\ncolumns: { m: [output_mb_r], n: [output_mb_c] }\n\
        target: runtime\nfeatures: { ublock_weight: m * n, tile_weight: m }\n\
        sets: { base: 'true', approx: 'm > 99', df_int8: 'm > 3' }\n";
    let mut table = "output_mb_r,output_mb_c,runtime\n".to_owned();
    for (m, n) in (1..=6).flat_map(|m| (1..=4).map(move |n| (m, n))) {
        writeln!(table, "{m},{n},{}", 10 * m * n + 50 * m).unwrap();
    }
    shmoo()
        .file("other.yaml", OTHER)
        .file("exp.csv", &table)
        .file(
            "operations.csv",
            "type,arch,version,data_format,math_fidelity,t,mblock_m,mblock_n,ublock_rt,ublock_ct\n\
             exp,wormhole_b0,1,Float16,HiFi4,1,2,2,2,2\n",
        )
        .args(["fit", "--model", "other.yaml", "exp.csv", "--intervals", "none", "--promote", "params/wormhole_b0"])
        .args(["fit", "--model", "other.yaml", "exp.csv", "--intervals", "none", "--strict"])
        .args(["estimate", "operations.csv", "--params", "params", "--intervals"])
        .snapshot("estimate_other_form");
}

#[test]
fn fits_against_earlier_parameters() {
    let eltwise = |more: &[&'static str]| [&["fit", "--model", "eltwise"], more].concat();
    let against = ["slower.csv", "--against", "before.yaml", "--intervals"];
    shmoo()
        .file("sweep.csv", &sweep(200.0))
        .file("slower.csv", &sweep(260.0))
        .args(eltwise(&["sweep.csv", "--out", "before.yaml", "--intervals", "sandwich"]))
        .args(eltwise(&["sweep.csv", "--against", "before.yaml", "--intervals", "sandwich"]))
        .args(eltwise(&[&against[..], &["sandwich", "--strict"]].concat()))
        .args(eltwise(&[&against[..], &["none", "--set", "approx"]].concat()))
        .args(eltwise(&[&against[..], &["sandwich", "--format", "markdown", "--plots", "drawn"]].concat()))
        .shell("ls drawn")
        .args(eltwise(&["slower.csv", "--against", "params"]))
        .snapshot("fit_against");
}
