//! Many estimates at once, and how far they can be trusted.

use super::{Architecture, Batch, Descriptor, EstimateError, Estimator, Formula, Trust};
use crate::fit::{Coefficient, ParamSet, Params, Ratios, RestsOn, predicates};
use crate::stats::Random;

fn set(key: &str, values: &[(&str, f32)], rests_on: Option<RestsOn>) -> ParamSet {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    ParamSet { key: key.to_owned(), predicates: predicates(key).unwrap(), values, rests_on: rests_on.map(Box::new) }
}

/// Blocks take 10 cycles and tiles 5; 1 to 8 blocks and 1 to 32 tiles were measured.
pub(crate) fn rests_on(tile: f64, ratios: Option<Ratios>) -> RestsOn {
    let coefficient = |name: &str, value: f64, most: f64| Coefficient {
        name: name.to_owned(),
        value,
        interval: None,
        range: (1.0, most),
    };
    RestsOn {
        model: "eltwise".to_owned(),
        target: "runtime".to_owned(),
        features: Vec::new(),
        rows: 100,
        coefficients: vec![coefficient("ublock_weight", 10.0, 8.0), coefficient("tile_weight", tile, 32.0)],
        covariance: vec![vec![0.04, 0.0], vec![0.0, 0.01]],
        ratios,
    }
}

fn estimator(tile: f64, ratios: Option<Ratios>) -> Estimator {
    let eltwise = [("ublock_weight", 10.0), ("tile_weight", 5.0)];
    let product = [
        ("math_tiles_weight", 15.5),
        ("math_dest_spill_weight", 47.7),
        ("unpack_ublocks_weight", 93.2),
        ("unpack_tiles_weight", 3.3),
    ];
    let ops = [
        ("nop", vec![set("base", &eltwise, None)]),
        (
            "exp",
            vec![set("base", &eltwise, Some(rests_on(tile, ratios))), set("approx", &[("tile_weight", 1.0)], None)],
        ),
        ("reduce_z", vec![set("base", &[("ublock_weight", 1.0), ("tile_weight", 2.0), ("z_weight", 3.0)], None)]),
        ("matmul", vec![set("base", &product, None), set("df_bfp", &product.map(|(name, _)| (name, 1.0)), None)]),
    ];
    let params = Params { ops: ops.map(|(op, sets)| (op.to_owned(), sets)).to_vec() };
    Estimator::new(vec![Architecture { name: "wormhole_b0".to_owned(), versions: vec![params] }])
}

fn exp(t: u32, m: u32) -> Descriptor<'static> {
    Descriptor {
        op: "exp",
        architecture: "wormhole_b0",
        data_format: "Float16",
        math_fidelity: "HiFi2",
        t,
        mblock_m: m,
        mblock_n: 2,
        ublock_rt: 2,
        ublock_ct: 2,
        ..Descriptor::default()
    }
}

#[test]
fn many_at_once_are_as_one_by_one() {
    let estimator = estimator(5.0, None);
    let mut batch = Batch::new(&estimator, Formula::Best);
    let mut random = Random::new(5);
    let mut estimated = 0;
    for _ in 0..5000 {
        let mut pick = |words: &[&'static str]| words[random.below(words.len())];
        let descriptor = Descriptor {
            op: pick(&["exp", "matmul", "reduce", "log", "matmul", "nonsense"]),
            architecture: pick(&["wormhole_b0", "wormhole_b0", "wormhole_b0", "other"]),
            data_format: pick(&["Float16", "Bfp8_b", "Int8", "Float32"]),
            math_fidelity: pick(&["LoFi", "HiFi2", "HiFi4"]),
            vector_mode: pick(&["rc", "rc", "r"]),
            attribute: pick(&["", "z"]),
            version: 1 + u32::from(random.below(20) == 0),
            mblock_k: random.below(4) as u32,
            ublock_kt: random.below(4) as u32,
            reduce_z: random.below(3) as u32,
            approximate: random.below(4) == 0,
            ..exp(random.below(3) as u32, 1 + random.below(4) as u32)
        };
        let alone = estimator.estimate(&descriptor, Formula::Best);
        estimated += usize::from(alone.is_ok());
        assert_eq!(batch.predict(&descriptor).map(|predicted| predicted.cycles), alone, "{descriptor:?}");
        assert_eq!(batch.estimate(&descriptor), alone);
    }
    assert!(estimated > 500, "{estimated}");
    assert_eq!(batch.take_stand_ins().into_iter().collect::<Vec<_>>(), ["log", "reduce"]);
}

#[test]
fn intervals_by_hand() {
    let estimator = estimator(5.0, Some(Ratios { low: 0.9, middle: 1.0, high: 1.2 }));
    let mut batch = Batch::new(&estimator, Formula::Best);
    let predicted = batch.predict(&exp(1, 2)).unwrap();
    assert_eq!((predicted.cycles, predicted.trust, predicted.outside().count()), (120, Trust::Known, 0));
    // 4 blocks and 16 tiles: the variance of the prediction is 16 * 0.04 + 256 * 0.01.
    let known = 1.959_964 * 3.2f64.sqrt();
    let (low, high) = predicted.interval().unwrap();
    assert!((low - (120.0 - 12.0f64.hypot(known))).abs() < 1e-3, "{low}");
    assert!((high - (120.0 + 24.0f64.hypot(known))).abs() < 1e-3, "{high}");
    // Two blocks one after the other take twice as long, and only one of them has a range.
    let predicted = batch.predict(&exp(2, 4)).unwrap();
    assert_eq!((predicted.cycles, predicted.outside().count()), (480, 0));
    let predicted = batch.predict(&exp(1, 5)).unwrap();
    let outside: Vec<(&str, f64, (f64, f64))> =
        predicted.outside().map(|found| (found.feature, found.value, found.range)).collect();
    assert_eq!(outside, [("ublock_weight", 10.0, (1.0, 8.0)), ("tile_weight", 40.0, (1.0, 32.0))]);
}

#[test]
fn what_is_not_known_is_said() {
    let known = Some(Ratios { low: 0.9, middle: 1.0, high: 1.1 });
    let check = |tile: f64, ratios: Option<Ratios>, of: &Descriptor<'_>, expected: Trust<'_>, interval: bool| {
        let estimator = estimator(tile, ratios);
        let mut batch = Batch::new(&estimator, Formula::Best);
        let predicted = batch.predict(of).unwrap();
        assert_eq!((predicted.trust, predicted.interval().is_some()), (expected, interval));
    };
    check(5.0, known, &exp(1, 2), Trust::Known, true);
    let unsaid = "the fit of `exp/base` does not say how far off its rows were";
    check(5.0, None, &exp(1, 2), Trust::Unlike(unsaid), false);
    let rows = Descriptor { vector_mode: "r", ..exp(1, 2) };
    let other = "`exp/base` is not of `vector_r`, which is asked for";
    check(5.0, known, &rows, Trust::Unlike(other), false);
    check(5.1, known, &exp(1, 2), Trust::Stale("exp/base"), false);
    check(5.0, known, &Descriptor { op: "nop", ..exp(1, 2) }, Trust::Unknown("nop/base"), false);
}

#[test]
fn products_that_wrap_are_told() {
    let estimator = estimator(5.0, Some(Ratios { low: 0.9, middle: 1.0, high: 1.1 }));
    let mut batch = Batch::new(&estimator, Formula::Best);
    let mut check = |shape: [u32; 4], wraps: bool, outside: usize| {
        let [mblock_m, mblock_n, ublock_rt, ublock_ct] = shape;
        let of = Descriptor { mblock_m, mblock_n, ublock_rt, ublock_ct, ..exp(1, 1) };
        let predicted = batch.predict(&of).unwrap();
        assert_eq!((predicted.wraps, predicted.outside().count()), (wraps, outside), "{shape:?}");
    };
    check([2, 4, 2, 2], false, 0);
    // 272 * 15790321 is 2^32 + 16.
    check([272, 15_790_321, 2, 2], true, 2);
    check([1 << 15, 1 << 15, 3, 1], false, 2);
    check([1 << 15, 1 << 15, 5, 1], true, 2);
    let nothing = Descriptor { mblock_m: 1 << 16, mblock_n: 1 << 16, ublock_rt: 1, ublock_ct: 1, ..exp(1, 1) };
    assert_eq!(batch.predict(&nothing).map(|predicted| predicted.cycles), Err(EstimateError::Wrapped));
}
