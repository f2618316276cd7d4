//! The four suites that the grammar was made from.

use super::load;

#[test]
fn the_four_suites_load() {
    let suites = [
        include_str!("a-temp-sense.yaml"),
        include_str!("b-op-model.yaml"),
        include_str!("c-sdxl.yaml"),
        include_str!("d-nvm-patterns.yaml"),
    ];
    for text in suites {
        let loaded = load(text).unwrap_or_else(|problems| panic!("{problems}"));
        eprintln!("{:?}", loaded.warnings);
    }
}
