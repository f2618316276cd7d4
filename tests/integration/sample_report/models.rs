// Fitted models of the samples. Included by `sample_report.rs`.

/// A model with a group that moved and one of which the rows do not suffice, and one that could not be fitted.
fn models() -> Vec<ReportedModel> {
    let coefficient = |name: &str, value: f64, interval: Option<(f64, f64)>| CoefficientRecord {
        name: name.into(),
        value,
        interval,
        range: (1.0, 14.0),
    };
    let fitted = FitRecord {
        op: "pex".into(),
        set: "base".into(),
        point: PointName::new("npex"),
        params: vec![("netlist".into(), Scalar::Text("pex".into()))],
        rows: 5,
        coefficients: vec![
            coefficient("fixed", 2.5e-12, Some((0.0, 6.1e-12))),
            coefficient("stage_delay", 4.125e-11, Some((4.0e-11, 4.3e-11))),
        ],
        r2: Some(0.998_76),
        mape: Some(1.234),
        p95_ape: Some(2.5),
        max_ape: Some(3.25),
        cv_mape: Some(1.75),
        held_back: Some(HeldBackRecord { rows: 2, mape: 2.125, max_ape: 4.5, worst: PointName::new("inv7_v1.8_npex"), left_out: 0 }),
        warnings: vec![FitWarning {
            kind: "undetermined".into(),
            message: "`fixed` is hardly determined: 2.5e-12, at 95 % from 0 to 6.1e-12".into(),
        }],
    };
    let short = FitRecord {
        op: "sch".into(),
        set: "wide/slow".into(),
        point: PointName::new("nsch"),
        params: vec![("netlist".into(), Scalar::Text("sch".into()))],
        rows: 1,
        coefficients: Vec::new(),
        r2: None,
        mape: None,
        p95_ape: None,
        max_ape: None,
        cv_mape: None,
        held_back: None,
        warnings: vec![FitWarning { kind: "few_rows".into(), message: "1 row for 2 coefficients".into() }],
    };
    let drift = ModelDrift {
        base: RunId::new("20260130-142233-temp-sense-1c2d"),
        form: DriftForm::Same(ModelChange {
            rows: 7,
            mean: 0.0325,
            least: 0.0125,
            greatest: 0.075,
            before: vec![("fixed".into(), 2.0e-12), ("stage_delay".into(), 4.0e-11)],
        }),
    };
    let period = ModelRecord {
        model: "period".into(),
        stage: StageName::new("run_simulations"),
        target: "1 / freq".into(),
        unit: None,
        features: vec![("fixed".into(), "1".into()), ("stage_delay".into(), "2 * inverters".into())],
        form: None,
        weighting: "relative".into(),
        rows: 9,
        used: 6,
        held_back: 2,
        left_out: vec![LeftOutRows { reason: "`freq` has no value".into(), rows: 1 }],
        empty_sets: Vec::new(),
        empty_groups: Vec::new(),
        unusable_sets: Vec::new(),
        fits: vec![fitted, short],
        files: vec!["models/params.yaml".into()],
        problem: None,
    };
    let wake = ModelRecord {
        model: "wake".into(),
        fits: Vec::new(),
        files: Vec::new(),
        problem: Some("no row of the table can be used".into()),
        ..period.clone()
    };
    let rows = vec![
        sample_row(3, 1.01, false, false),
        sample_row(4, 0.995, false, false),
        sample_row(5, 0.96, false, true),
        sample_row(7, 1.045, true, false),
    ];
    let sample = FitSample { all: 7, rows };
    vec![
        ReportedModel { model: period, drifts: vec![Some(drift), None], samples: vec![sample, FitSample::default()] },
        ReportedModel { model: wake, drifts: Vec::new(), samples: Vec::new() },
    ]
}

/// A row of the model `period`, at so many inverters.
fn sample_row(inverters: u32, times: f64, held_back: bool, far: bool) -> FitSampleRow {
    let prediction = 2.5e-12 + 2.0 * f64::from(inverters) * 4.125e-11;
    FitSampleRow {
        point: PointName::new(format!("inv{inverters}_v1.8_npex")),
        features: vec![1.0 + f64::from(inverters % 2), 2.0 * f64::from(inverters)],
        target: prediction * times,
        prediction,
        held_back,
        far,
    }
}

/// Puts a text wherever a model has one.
fn make_hostile(reported: &mut ReportedModel, text: &str) {
    let ReportedModel { model, drifts, samples } = reported;
    model.model = text.into();
    model.stage = StageName::new(text);
    model.target = text.into();
    model.unit = Some(text.into());
    model.features = vec![(text.into(), text.into())];
    model.left_out.iter_mut().for_each(|left| left.reason = text.into());
    model.files = vec![text.into()];
    model.problem = model.problem.as_ref().map(|_| text.into());
    for fit in &mut model.fits {
        fit.op = text.into();
        fit.set = text.into();
        fit.point = PointName::new(text);
        fit.params = vec![(text.into(), Scalar::Text(text.into()))];
        fit.coefficients.iter_mut().for_each(|coefficient| coefficient.name = text.into());
        fit.warnings.iter_mut().for_each(|warning| warning.message = text.into());
        if let Some(held) = &mut fit.held_back {
            held.worst = PointName::new(text);
        }
    }
    let rows = samples.iter_mut().flat_map(|sample| &mut sample.rows);
    rows.for_each(|row| row.point = PointName::new(text));
    for drift in drifts.iter_mut().flatten() {
        if let DriftForm::Same(change) = &mut drift.form {
            change.before.iter_mut().for_each(|(name, _)| *name = text.into());
        }
    }
}
