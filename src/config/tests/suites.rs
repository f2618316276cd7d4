//! The four suites that the grammar was made from.

use super::load;
use crate::suite::{Argument, Command, Computed, GoldenSource, IreeField, IreeJson, Source, Suite};

pub(super) const SUITES: [(&str, &str); 4] = [
    ("temp-sense", include_str!("a-temp-sense.yaml")),
    ("op-model", include_str!("b-op-model.yaml")),
    ("sdxl", include_str!("c-sdxl.yaml")),
    ("nvm-patterns", include_str!("d-nvm-patterns.yaml")),
];

fn suite(index: usize) -> Suite {
    load(SUITES[index].1).unwrap_or_else(|problems| panic!("{problems}")).suite
}

#[test]
fn the_four_suites_load() {
    for (index, (name, text)) in SUITES.into_iter().enumerate() {
        assert_eq!(suite(index).name.as_str(), name);
        let warnings: Vec<String> = load(text).unwrap().warnings.iter().map(ToString::to_string).collect();
        let expected: &[&str] = match name {
            "op-model" => &[
                "`df` is never `Float32`",
                "`df` is never `Float32`",
                "`vector` is never `r`",
                "`vector` is never `c`",
                "`vector` is never `r`",
                "`vector` is never `c`",
                "`fidelity` is never `HiFi3`",
            ],
            _ => &[],
        };
        assert_eq!(warnings, expected, "{name}");
    }
}

#[test]
fn temp_sense_means_what_it_says() {
    let suite = suite(0);
    let codes: Vec<&str> = suite.schema.params().iter().map(|param| param.code.as_str()).collect();
    assert_eq!(codes, ["inv", "c", "v", "t", "n"]);
    let inverters: Vec<String> = suite.schema.params()[0].values.iter().map(ToString::to_string).collect();
    assert_eq!(inverters, ["5", "9", "13", "17", "21"]);
    let per: Vec<&[usize]> = suite.stages.iter().map(|stage| stage.per.as_slice()).collect();
    assert_eq!(per, [&[0][..], &[0], &[0], &[0, 1, 2, 3, 4], &[1, 2, 4]]);
    let simulations = &suite.stages[3];
    assert!(matches!(&simulations.inputs[0].source, Source::Pick { param: 4, from } if from.len() == 2));
    assert!(matches!(&simulations.lets[0].value, Computed::Pick { param: 2, from, .. } if from.len() == 5));
    assert_eq!(simulations.retry.len(), 2);
    assert!(matches!(suite.goldens.unwrap().source, GoldenSource::Csv(file) if file == "goldens/temp-sense.csv"));
}

#[test]
fn op_model_means_what_it_says() {
    let suite = suite(1);
    assert_eq!((suite.blocks.len(), suite.models.len()), (12, 2));
    assert_eq!(
        suite.models[0].sets.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" "),
        "base df_int8 df_int32 approx vector_r vector_c approx/vector_r approx/vector_c"
    );
    let rows = suite.stages[0].rows.as_ref().unwrap();
    assert_eq!(rows.keys[4].1, ["mblock_k", "m_k"]);
    let Command::Arguments(arguments) = &suite.stages[0].command else { panic!("a command") };
    assert!(matches!(arguments.last(), Some(Argument::Optional(items)) if items.len() == 2));
}

#[test]
fn sdxl_means_what_it_says() {
    let suite = suite(2);
    let Command::Arguments(arguments) = &suite.stages[1].command else { panic!("a command") };
    assert!(matches!(&arguments[4], Argument::Splice { name, .. } if name == "target"));
    // `time` is a metric of two stages that are alike.
    let goldens = suite.goldens.unwrap();
    assert_eq!(goldens.rules[0].metrics.len(), 3);
    // By the usual names, in the stage that has all of their parameters.
    let GoldenSource::IreeJson(IreeJson { folder, files }) = goldens.source else { panic!("IREE's files") };
    assert_eq!((folder.as_str(), &files[0].fields), ("benchmarks/sdxl", &vec![(3, 0, IreeField::TimeMs)]));
    assert_eq!(suite.known_failures[0].until.unwrap().to_string(), "2027-01-31T00:00:00.000Z");
}

#[test]
fn patterns_mean_what_they_say() {
    let suite = suite(3);
    assert_eq!(suite.schema_params, 5);
    let names = suite.blocks[0].names.as_ref().unwrap();
    let shown: Vec<String> = names.iter().map(|point| suite.schema.name(point).to_string()).collect();
    assert_eq!(shown, ["oppgm_patckbd_tprog20_b3", "paraprb_oppgm_patckbd_b3", "opers_b3", "paraft_opers_b12"]);
    // A default that a name leaves out is not fixed by it.
    assert!(names[0].get(0).is_none());
    assert!(matches!(&suite.stages[4].inputs[0].source, Source::Output { baseline: true, .. }));
}
