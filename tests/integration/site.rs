//! The history as a site, as a reader goes through it in a browser.

use super::browser::{click, silent, text};
use super::chromium::{DESKTOP, browse};
use super::command::{Outcome, shmoo};
use std::fs;
use thirtyfour::prelude::*;

/// The product is larger where the factor is.
const SUITE: &str = r#"version: 1
suite: site-test
params:
  a: { code: a, values: [1, 2] }
stages:
  product:
    inputs: [root/factor.txt]
    shell: "echo product=$((SHMOO_PARAM_A * $(cat factor.txt)))"
    evidence: [{ key_value: stdout }]
    metrics: { product: { better: exact } }
"#;

#[test]
fn a_reader_goes_from_the_suites_to_a_run() -> Outcome {
    let done = shmoo()
        .file("suite.yaml", SUITE)
        .file("factor.txt", "7")
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .before(["sweep", "suite.yaml", "--jobs", "1"])
        .file("factor.txt", "8")
        .before(["run", "suite.yaml", "--jobs", "1"])
        .before(["report", "--site", "public", "--pages", "2"])
        // A page of an earlier site stays, and is linked.
        .file("public/site-test/RUN-1.html", "earlier")
        .before(["report", "--site", "public", "--pages", "1"])
        .run()?;
    let said = |number: usize| done.outputs[number].stderr.as_str();
    assert!(said(3).contains("the site has 1 suite and 4 pages in `public`"), "{}", said(3));
    assert!(said(4).contains("the site has 1 suite and 3 pages in `public`"), "{}", said(4));
    let folder = done.path("public");
    assert_eq!(fs::read_to_string(done.path("public/site-test/RUN-1.html"))?, "earlier");
    assert!(folder.join(".nojekyll").is_file());

    let index = format!("file://{}", folder.join("index.html").display());
    browse(DESKTOP, |driver| async move {
        driver.goto(&index).await?;
        assert_eq!(driver.find_all(By::Css("#suites tbody tr")).await?.len(), 1);
        assert!(text(&driver, "#suites tbody tr").await?.contains("2 of 2"));
        click(&driver, "#suites tbody th a").await?;
        assert_eq!(text(&driver, "h1").await?, "site-test");
        assert_eq!(driver.find_all(By::Css("#run-table tbody tr")).await?.len(), 3);
        assert_eq!(driver.find_all(By::Css("#run-table tbody th a")).await?.len(), 3);
        // Both points, followed over all runs.
        let trends = driver.find_all(By::Css("#trends figure svg")).await?;
        assert_eq!(trends.len(), 2);
        assert_eq!(driver.find_all(By::Css("#trends figure:first-child circle.value")).await?.len(), 3);
        click(&driver, "#run-table tbody tr:first-child th a").await?;
        assert_eq!(text(&driver, "header .word").await?, "REGRESSED");
        assert!(driver.find_all(By::Css("#changes-table tbody tr")).await?.len() == 2);
        silent(&driver).await?;
        driver.back().await?;
        click(&driver, "header.site a").await?;
        assert_eq!(text(&driver, "h1").await?, "Runs of all suites");
        silent(&driver).await
    })?;
    Ok(())
}

#[test]
fn a_run_without_folder_and_archive_has_a_page_of_its_record() -> Outcome {
    let done = shmoo()
        .file("suite.yaml", SUITE)
        .file("factor.txt", "7")
        .before(["run", "suite.yaml", "--jobs", "1"])
        .before(["run", "suite.yaml", "--jobs", "1"])
        .remove(".shmoo/runs/RUN-1")
        .before(["report", "--site", "public"])
        .run()?;
    let said = &done.last().stderr;
    assert!(!said.contains("warning"), "{said}");
    assert!(said.contains("1 page is of a run that only the history knows: it has no logs, plots and costs"), "{said}");
    let page = fs::read_to_string(done.path("public/site-test/RUN-1.html"))?;
    assert!(page.contains("all 2 cases passed"));
    Ok(())
}

#[test]
fn trends_need_no_folder_and_no_archive() -> Outcome {
    let done = shmoo()
        .file("suite.yaml", SUITE)
        .file("factor.txt", "7")
        .before(["run", "suite.yaml", "--jobs", "1"])
        .before(["run", "suite.yaml", "--jobs", "1"])
        .remove(".shmoo/runs/RUN-1")
        .remove(".shmoo/runs/RUN-2")
        .before(["report", "--site", "public"])
        .run()?;
    let said = &done.last().stderr;
    assert!(!said.contains("warning") && said.contains("2 pages are of runs that only the history knows"), "{said}");
    let suite = fs::read_to_string(done.path("public/site-test/index.html"))?;
    assert_eq!(suite.matches("<figure").count(), 2);
    // The later one is compared with the first.
    let page = fs::read_to_string(done.path("public/site-test/RUN-2.html"))?;
    assert!(page.contains(done.run(1)), "{page}");
    Ok(())
}

#[test]
fn runs_that_cannot_be_judged_are_told_once() -> Outcome {
    let done = shmoo()
        .file("suite.yaml", SUITE)
        .file("factor.txt", "7")
        .before(["run", "suite.yaml", "--jobs", "1"])
        .before(["run", "suite.yaml", "--jobs", "1"])
        .before(["run", "suite.yaml", "--jobs", "1"])
        .remove(".shmoo/runs")
        .file("suite.yaml", "version: 1\nsuite: site-test\nstages: 3\n")
        .before(["report", "--site", "public"])
        .run()?;
    let said = &done.last().stderr;
    let told = format!("no comparison on the page of {}, and on those of 2 more runs of the suite: ", done.run(3));
    assert!(said.matches("no comparison").count() == 1 && said.contains(&told), "{said}");
    assert_eq!(said.matches("no trends on the page of suite `site-test`").count(), 1, "{said}");
    let page = fs::read_to_string(done.path("public/site-test/RUN-3.html"))?;
    assert!(page.contains("all 2 cases passed"));
    Ok(())
}

#[test]
fn without_a_history_there_is_no_site() -> Outcome {
    let done = shmoo().file("suite.yaml", SUITE).before(["report", "--site", "public"]).run()?;
    assert_eq!(done.last().code, 3, "{}", done.last().stderr);
    assert!(!done.path("public").exists());
    Ok(())
}

#[test]
fn trends_are_those_of_the_newest_whole_run_whatever_has_a_page() -> Outcome {
    for pages in ["0", "1"] {
        let done = shmoo()
            .file("suite.yaml", SUITE)
            .file("factor.txt", "7")
            .before(["run", "suite.yaml", "--jobs", "1"])
            .before(["run", "suite.yaml", "--jobs", "1"])
            .before(["run", "suite.yaml", "--case", "a1"])
            .before(["report", "--site", "public", "--pages", pages])
            .run()?;
        let suite = fs::read_to_string(done.path("public/site-test/index.html"))?;
        assert_eq!(suite.matches("<figure").count(), 2, "--pages {pages}");
        let said = &done.last().stderr;
        assert!(!said.contains("warning"), "{said}");
        let pages: usize = pages.parse()?;
        assert!(said.contains(&format!("{} pages", 2 + pages)), "{said}");
    }
    Ok(())
}

#[test]
fn without_a_whole_run_there_are_no_trends_and_that_is_said() -> Outcome {
    let done = shmoo()
        .file("suite.yaml", SUITE)
        .file("factor.txt", "7")
        .before(["run", "suite.yaml", "--case", "a1"])
        .before(["report", "--site", "public"])
        .run()?;
    let said = &done.last().stderr;
    assert!(
        said.contains("no trends on the page of suite `site-test`: no run of the whole suite is complete"),
        "{said}"
    );
    Ok(())
}
