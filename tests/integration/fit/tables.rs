//! The tables that `shmoo estimate` reads, as others write them: what is taken, what is refused, what is told.

use super::{published_data, read_csv};
use crate::integration::sandbox::Sandbox;
use std::io::Read as _;
use std::process::Stdio;

const PARAMS: &str = "\
nop: { base: { ublock_weight: 1, tile_weight: 1 } }
exp:
  base: { ublock_weight: 10, tile_weight: 5 }
  vector_r: { ublock_weight: 3, tile_weight: 4 }
  approx: { ublock_weight: 1, tile_weight: 2 }
reduce:
  base: { ublock_weight: 4, tile_weight: 3 }
  dim_c: { ublock_weight: 2, tile_weight: 2 }
reduce_z: { base: { ublock_weight: 1, tile_weight: 2, z_weight: 7 } }
matmul:
  base: { math_tiles_weight: 1, math_dest_spill_weight: 1, unpack_ublocks_weight: 1, unpack_tiles_weight: 1 }
  l1_acc_en: { math_tiles_weight: 2, math_dest_spill_weight: 2, unpack_ublocks_weight: 2, unpack_tiles_weight: 2 }
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new("");
    sandbox.write("params/wormhole_b0/params_v1.yaml", PARAMS);
    sandbox
}

/// Estimates a table and checks the exit code, an end of the rows and what is said.
fn check(arguments: &[&str], code: i32, table: &str, rows: &str, said: &str) {
    let sandbox = sandbox();
    sandbox.write("rows.csv", table);
    let found = sandbox.run_to(code, &[&["estimate", "--params", "params"], arguments].concat());
    assert!(found.stdout.trim_end().ends_with(rows), "{table}{rows}: {}{}", found.stdout, found.stderr);
    let words = found.stderr.replace("\n        ", " ");
    assert!(words.contains(said), "{table}{said}: {words}");
}

/// The same for a table of descriptors of one row.
fn check_row(columns: &str, cells: &str, code: i32, rows: &str, said: &str) {
    check(&["rows.csv"], code, &format!("type,arch,{columns}\nexp,wormhole_b0,{cells}\n"), rows, said);
}

#[test]
fn tables_without_rows_are_told() {
    let header = "type,arch\n";
    check(&["rows.csv"], 0, header, "", "warning: rows.csv: the table has no rows");
    check(&["rows.csv", "--strict"], 2, header, "", "error: rows.csv: the table has no rows");
    for empty in ["", "\n\n"] {
        check(&["rows.csv"], 2, empty, "", "error: rows.csv: the table is empty");
        check(&["--evaluate", "rows.csv"], 2, empty, "", "error: rows.csv: the table is empty");
    }
}

#[test]
fn what_is_missing_is_named() {
    let columns = "data_format,math_fidelity,mblock_m,mblock_n,ublock_rt,ublock_ct";
    check_row(columns, "Float16,HiFi4,2,2,2,2", 0, ",120,", "1 row");
    let without = columns.replace("ublock_rt,", "");
    check_row(&without, "Float16,HiFi4,2,2,2", 2, "", "line 2: there is no column `ublock_rt`\n");
    let misspelt = columns.replace("ublock_rt", "ublok_rt");
    let meant = "line 2: there is no column `ublock_rt` (did you mean `ublok_rt`?)";
    check_row(&misspelt, "Float16,HiFi4,2,2,2,2", 2, "", meant);
    check_row(columns, "Float16,HiFi4,2,2,,2", 2, "", "line 2: `ublock_rt` is empty");
    check_row(columns, "Float16,HiFi4,2,2,nan,2", 2, "", "line 2: `ublock_rt` is empty");
    check_row(columns, "Float16,HiFi4,2,2,0,2", 2, "", "line 2: `ublock_rt` is 0");
    check_row(columns, ",HiFi4,2,2,2,2", 2, "", "line 2: `data_format` is empty");
    check_row(&columns.replace("math_fidelity", "fidelity"), "Float16,HiFi4,2,2,2,2", 2, "", "column `math_fidelity`");
}

#[test]
fn cells_are_read_as_others_write_them() {
    let columns = "data_format,math_fidelity,mblock_m,mblock_n,ublock_rt,ublock_ct,approx_mode,vector_mode,op_attr";
    let cells = "Float16,HiFi4,2,2,2,2";
    let with = |more: &str, estimate: &str| {
        check_row(columns, &format!("{cells},{more}"), 0, &format!(",{estimate},"), "1 row");
    };
    with(",,", "120");
    with("True,,", "36");
    with("TRUE,,", "36");
    with("False,r,", "76");
    with("nan,nan,nan", "120");
    with("0.0,NaN,", "120");
    check_row(columns, "Float16,HiFi4,2.0,2,2.00,2,,,", 0, ",120,", "1 row");
    check_row(columns, "Float16,HiFi4,2.5,2,2,2,,,", 2, "", "`mblock_m` is `2.5`, and a whole number is wanted");
    check_row(columns, &format!("{cells},,,y"), 2, "", "`y` is no dimension");
    check_row(columns, &format!("{cells},,q,"), 2, "", "`q` is no vector mode");
    check_row(columns, &format!("{cells},maybe,,"), 2, "", "`approx_mode` is `maybe`, and 0 or 1 is wanted");
}

#[test]
fn columns_that_are_perhaps_misspelt_are_told() {
    let columns = "data_format,math_fidelity,mblock_m,mblock_n,ublock_rt,ublock_ct";
    for (found, meant) in [("aprox_mode", "approx_mode"), ("vectormode", "vector_mode"), ("l1_acc", "l1_accumulate")] {
        let said = format!("warning: rows.csv: the column `{found}` is not read (did you mean `{meant}`?)");
        check_row(&format!("{columns},{found}"), "Float16,HiFi4,2,2,2,2,1", 0, ",120,", &said);
    }
    let table = "math_fidelity,output_df,output_t,output_mb_r,output_mb_c,output_ub_r,output_ub_c,runtime,Vectormode\n\
        HiFi4,Float16,1,2,2,2,2,100,r\n";
    let said = "the column `Vectormode` is not read (did you mean `vector_mode`?)";
    check(&["--evaluate", "rows.csv", "--op-type", "unary", "--op-name", "exp"], 0, table, "", said);
}

const SWEEP: &str = "input0_df,math_fidelity,t,mblock_m,mblock_n,ublock_rt,ublock_ct,runtime";

/// Evaluates a row of a sweep with more columns.
fn check_sweep(arguments: &str, [columns, cells]: [&str; 2], code: i32, rows: &str, said: &str) {
    let table = format!("{SWEEP}{columns}\nFloat16,LoFi,1,2,2,2,2,100{cells}\n");
    let arguments: Vec<&str> = ["--evaluate", "rows.csv"].into_iter().chain(arguments.split(' ')).collect();
    check(&arguments, code, &table, rows, said);
}

#[test]
fn sweeps_say_the_attributes_of_their_rows() {
    let exp = "--op-type unary --op-name exp";
    let taken = |arguments: &str, columns: [&str; 2], rows: &str| check_sweep(arguments, columns, 0, rows, "1 row");
    taken(exp, ["", ""], ",120,1.2");
    for column in ["vector_mode", "vector-mode", "Vector-Mode"] {
        taken(exp, [&format!(",{column}"), ",r"], ",76,0.76");
    }
    taken(exp, [",vector_mode,approx_mode", ",nan,"], ",120,1.2");
    taken(exp, [",approx_mode", ",True"], ",36,0.36");
    taken("--op-type unary --op-name exp_approx", ["", ""], ",36,0.36");
    taken(&format!("{exp} --attribute vector_r"), ["", ""], ",76,0.76");
    taken(&format!("{exp} --attribute vector_r"), [",Vector-Mode", ","], ",76,0.76");
    let reduce = "--op-type unary --op-name reduce";
    taken(reduce, ["", ""], ",64,0.64");
    taken(reduce, [",op_attr", ",c"], ",40,0.4");
    taken(reduce, [",op_attr,z", ",z,3"], ",129,1.29");
    taken(&format!("{reduce} --attribute dim_c"), ["", ""], ",40,0.4");
    taken(&format!("{reduce}_z"), [",z", ",3"], ",129,1.29");
    taken(&format!("{reduce} --attribute dim_z"), [",reduce_z", ",3.0"], ",129,1.29");
    let matmul = "--op-type matmul --op-name matmul";
    taken(matmul, [",m_k,u_kt", ",2,1"], ",104,1.04");
    taken(matmul, [",m_k,u_kt,l1_acc", ",2,1,1"], ",208,2.08");
    taken(&format!("{matmul} --attribute l1_acc_en"), [",m_k,u_kt", ",2,1"], ",208,2.08");
}

#[test]
fn what_contradicts_is_refused() {
    let exp = "--op-type unary --op-name exp";
    let refused = |arguments: &str, columns: [&str; 2], said: &str| check_sweep(arguments, columns, 2, "", said);
    refused(&format!("{exp} --attribute vecter_r"), ["", ""], "`vecter_r` is no attribute");
    refused(&format!("{exp} --attribute vecter_r"), ["", ""], "did you mean `vector_r`?");
    refused(&format!("{exp} --attribute fast"), ["", ""], "known: `approx`, `vector_r`");
    let both = "`--attribute vector_c` contradicts what is said before: `r`";
    refused(&format!("{exp} --attribute vector_r --attribute vector_c"), ["", ""], both);
    let other = "line 2: `Vector-Mode` is `rc`, and another is said of all rows";
    refused(&format!("{exp} --attribute vector_r"), [",Vector-Mode", ",rc"], other);
    let exact = "line 2: `approx_mode` is `0`, and another is said of all rows";
    refused(&format!("{exp}_approx"), [",approx_mode", ",0"], exact);
    refused("--op-type unary --op-name matmul", ["", ""], "`matmul` is of the type matmul, not unary");
    refused("--op-type unary --op-name matmul", ["", ""], "give `--op-type matmul`");
    refused("--op-type unary --op-name reduce_z", ["", ""], "there is no column `reduce_z` or `z`");
    refused(exp, [",op_attr", ",y"], "line 2: `y` is no dimension");
    check(&["rows.csv", "--attribute", "approx"], 2, "type,arch\n", "", "cannot be used with");
}

#[test]
fn cells_of_sweeps_are_named_by_their_columns() {
    let exp = ["--evaluate", "rows.csv", "--op-type", "unary", "--op-name", "exp"];
    let refused = |table: &str, said: &str| check(&exp, 2, table, "", said);
    let row = |cells: &str| format!("{SWEEP}\n{cells}\n");
    refused(&row("Float16,LoFi,1,2,2,2,2,N/A"), "line 2: `runtime` is `N/A`, and a number is wanted");
    refused(&row("Float16,LoFi,1,2,2,2,2,"), "line 2: `runtime` is empty");
    refused(&row("Float16,LoFi,1,2,2,2.5,2,1"), "line 2: `ublock_rt` is `2.5`, and a whole number is wanted");
    refused(&row("Float16,LoFi,1,2,2,,2,1"), "line 2: `ublock_rt` is empty");
    refused(&row("Float16,,1,2,2,2,2,1"), "line 2: `math_fidelity` is empty");
    refused(&row("Float16,LoFi,1,2,2,2,0,1").replace("ublock_ct", "ub_c"), "line 2: `ub_c` is 0");
    for runtime in ["1e-50", "1e300", "1e-40"] {
        refused(&row(&format!("Float16,LoFi,1,2,2,2,2,{runtime}")), "is out of the range of numbers");
    }
    refused(&row("Float16,LoFi,1,2,2,2,2,2e-38"), "the runtime 2e-38 is too small for a ratio");
    let other = row("Float16,LoFi,1,2,2,2,2,1").replace("runtime", "Runtime");
    refused(&other, "there is no column `runtime` or `total-runtime`");
    refused(&other, "did you mean `Runtime`?");
    let sparse = "math_fidelity,output_df,output_t,output_mb_r,output_mb_c,output_ub_r,output_ub_c,mblock_k,ublock_kt,\
        nz_tiles,nz_ublocks,nz_strips,runtime\nLoFi,Bfp8_b,1,18,2,7,1,28,4,0,120,11,176619\n";
    check(&["--evaluate", "rows.csv"], 2, sparse, "", "line 2: `nz_tiles` is 0");
}

#[test]
fn our_own_sweeps_are_tables_too() {
    let table = "(point),arch,op,approx,l1,vector,fidelity,df,mb_r,mb_c,ub_r,ub_c,k,q,type,runtime\n\
        a,wormhole_b0,exp,false,false,r,HiFi4,Float16,2,2,2,2,,,unary,76\n";
    check(&["--evaluate", "rows.csv", "--op-type", "unary", "--op-name", "exp"], 0, table, ",76,76,1", "1 row: ");
    let product =
        table.replace("exp,false,false,r,HiFi4", "matmul,false,true,rc,LoFi").replace(",,,unary", ",2,1,matmul");
    check(&["--evaluate", "rows.csv", "--op-name", "matmul"], 0, &product, ",76,208,2.73684", "1 row: ");
}

#[test]
fn rows_of_other_operations_are_told() {
    let table = |names: [&str; 3]| {
        let rows = names.map(|name| format!("Float16,LoFi,1,2,2,2,2,100,{name}\n"));
        format!("{SWEEP},Unary-Type\n{}", rows.concat())
    };
    let check = |name: &str, table: &str, said: &str| {
        check(&["--evaluate", "rows.csv", "--op-type", "unary", "--op-name", name], 0, table, "", said);
    };
    let mixed = table(["exp", "cosine", "cosine"]);
    check("exp", &mixed, "2 rows not of `exp`, as `Unary-Type` has it: 2 of `cosine`");
    check("exp_approx", &mixed, "2 rows not of `exp_approx`");
    check("exp", &table(["exp", "", "exp"]), "3 rows: ");
}

#[test]
fn reasons_that_are_not_shown_are_counted() {
    let rows: String = (0..13).map(|row| format!("exp,wormhole_b0,x{row}\n")).collect();
    check(&["rows.csv"], 2, &format!("type,arch,t\n{rows}"), "", "and 3 rows more, whose reasons are not shown");
    let rows: String = (0..13).map(|row| format!("Float16,LoFi,1,2,2,2,2,x{row}\n")).collect();
    let evaluate = ["--evaluate", "rows.csv", "--op-type", "unary", "--op-name", "exp"];
    let said = "and 3 rows more, whose reasons are not shown\n";
    check(&evaluate, 2, &format!("{SWEEP}\n{rows}"), "", said);
}

const OPERATION: &str = "type,arch,data_format,math_fidelity,mblock_m,mblock_n,ublock_rt,ublock_ct\n\
    exp,wormhole_b0,Float16,HiFi4,2,2,2,2\n";

#[test]
fn rows_are_not_written_over_what_is_read() {
    let sandbox = sandbox();
    sandbox.write("rows.csv", OPERATION);
    let refused = |out: &str, said: &str| {
        let found = sandbox.run_to(2, &["estimate", "rows.csv", "--params", "params", "--out", out]);
        let words = found.stderr.replace("\n        ", " ");
        assert!(words.contains(said), "{said}: {words}");
    };
    refused("-", "without --out, the rows go to standard output");
    refused("./rows.csv", "`--out ./rows.csv` is the table that is read");
    refused("params/wormhole_b0/params_v1.yaml", "is a file of the parameters");
    refused("nowhere/out.csv", "cannot write `nowhere/out.csv`: there is no folder `nowhere`");
    assert_eq!(std::fs::read_to_string(sandbox.path("rows.csv")).unwrap(), OPERATION);
    sandbox.run_to(0, &["estimate", "rows.csv", "--params", "params", "--out", "params/out.csv"]);
    sandbox.run_to(0, &["estimate", "rows.csv", "--params", "params", "--out", "params/out.csv"]);
}

#[test]
fn a_pipe_that_is_closed_is_no_error() {
    let sandbox = sandbox();
    let (header, row) = OPERATION.split_once('\n').unwrap();
    sandbox.write("rows.csv", format!("{header}\n{}", row.repeat(20_000)));
    sandbox.write("sweep.csv", format!("{SWEEP}\n{}", "Float16,LoFi,1,2,2,2,2,100\n".repeat(20_000)));
    let check = |arguments: &[&str]| {
        let mut command = sandbox.shmoo(&[&["estimate", "--params", "params"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 16];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.code() == Some(0) && !said.contains("error"), "{arguments:?}: {said}");
    };
    check(&["rows.csv"]);
    check(&["--evaluate", "sweep.csv", "--op-type", "unary", "--op-name", "exp"]);
}

/// The published sweeps whose attributes no column says.
#[test]
fn published_sweeps_with_attributes() {
    let Some(data) = published_data("published_sweeps_with_attributes") else { return };
    let sandbox = sandbox();
    let params = data.join("params");
    let check = |file: &str, arguments: &str| {
        let file = data.join("wormhole_b0").join(file);
        let rows = read_csv(&file).len();
        let mut all = vec!["estimate", "--params", params.to_str().unwrap(), "--evaluate", file.to_str().unwrap()];
        all.extend(arguments.split(' '));
        let found = sandbox.run_to(0, &all);
        assert!(found.stderr.contains(&format!("\n{rows} rows: estimate by runtime")), "{}", found.stderr);
    };
    check("reduce-z-op-performance.csv", "--op-type unary --op-name reduce_z");
    check("whb0-reduce-c-performance.csv", "--op-type unary --op-name reduce --attribute dim_c");
    check("matmul-l1-acc-fp16-op-performance.csv", "--op-name matmul --attribute l1_acc_en");
    check("depthwise-op-performance.csv", "--op-name depthwise");
    check("nop-int32-op-performance.csv", "--op-type unary --op-name nop");
}
