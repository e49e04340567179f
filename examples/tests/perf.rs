//! `perf`: its figures agree with each other, a signal ends it early with what it has, and what cannot
//! be is refused with one line and an exit code of its own.

mod common;

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use common::{configuration, example, in_turn, program};
use serde_json::Value;

/// Short, for what is tested is not how fast it is.
fn perf() -> Command {
    let mut command = example("perf");
    command.args(["--time", "0.2", "--warm-up", "0.02"]);
    command
}

#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

/// The figures of a run with these arguments.
#[track_caller]
fn figures(arguments: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let json = folder.path().join("figures.json");
    succeeds(perf().args(arguments).arg("--json").arg(&json));
    read(&json)
}

#[track_caller]
fn read(json: &Path) -> Value {
    let text = fs::read_to_string(json).expect("the figures were written");
    serde_json::from_str(&text).expect("they are JSON")
}

#[track_caller]
fn number(value: &Value, name: &str) -> f64 {
    value[name].as_f64().unwrap_or_else(|| panic!("no number `{name}` in {value}"))
}

/// What must be true of the figures of whatever operations.
#[track_caller]
fn agree(figures: &Value, seconds: f64, size: f64) {
    let operations = number(figures, "operations");
    assert!(operations > 0.0, "{figures}");
    let near = |a: f64, b: f64| (a - b).abs() <= b.abs() * 1e-9;
    let iops = number(figures, "iops");
    assert!(near(iops, operations / seconds), "{figures}");
    assert!(near(number(figures, "mib_per_second"), iops * size / 1_048_576.0), "{figures}");
    let latency = &figures["latency_us"];
    let names = ["min", "p50", "p90", "p99", "p99.9", "max"];
    let rising: Vec<_> = names.map(|name| number(latency, name)).into();
    assert!(rising.is_sorted(), "{latency}");
    let average = number(latency, "average");
    assert!((rising[0] * 0.999..=rising[5]).contains(&average), "{latency}");
}

#[test]
fn figures_agree_with_each_other() {
    let bdevs = ["-b", "Malloc0", "-b", "Null0"];
    let mix = ["-w", "randrw", "-M", "70", "-o", "8k", "-q", "4", "-m", "0x1", "--seed", "5"];
    let figures = in_turn(|| figures(&[&bdevs[..], &mix].concat()));
    let (seconds, size) = (number(&figures, "seconds"), number(&figures, "size"));
    assert_eq!((seconds, size), (0.2, 8192.0));
    assert_eq!(figures["ended_early"], false);
    assert_eq!(figures["workload"], "randrw");
    let rows = figures["rows"].as_array().expect("there are rows");
    let names: Vec<_> = rows.iter().map(|row| (&row["bdev"], &row["core"])).collect();
    assert_eq!(format!("{names:?}").matches("Null0").count(), 1);
    assert_eq!(rows.len(), 2);
    let sum = |all: &[&Value]| all.iter().map(|one| number(one, "operations")).sum::<f64>();
    let total = sum(&[&figures["total"]]);
    assert_eq!(sum(&rows.iter().collect::<Vec<_>>()), total);
    assert_eq!(sum(&[&figures["reads"], &figures["writes"]]), total);
    for each in rows.iter().chain([&figures["total"], &figures["reads"], &figures["writes"]]) {
        agree(each, seconds, size);
    }
    // Give or take 6 deviations.
    let share = number(&figures["reads"], "operations") / total;
    assert!((share - 0.7).abs() < 6.0 * (0.21 / total).sqrt(), "{share} of {total}");
    // No more than four were in flight at any time, the warm-up included.
    for row in rows {
        let operations = number(row, "operations");
        let busy = operations * number(&row["latency_us"], "average") / 1e6;
        assert!(busy <= 4.0 * (seconds + 0.02) * 1.001, "{row}");
    }
}

#[test]
fn each_workload_does_what_its_name_says() {
    for workload in ["read", "write", "randread", "randwrite", "rw", "randrw", "verify"] {
        let figures = in_turn(|| figures(&["-w", workload, "-q", "3"]));
        let kinds = [&figures["reads"], &figures["writes"]].map(|figures| !figures.is_null());
        let both = matches!(workload, "rw" | "randrw" | "verify");
        assert_eq!(kinds, [both; 2], "{workload}");
    }
}

#[test]
fn a_bdev_gets_what_is_said_to_it() {
    in_turn(|| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let (disk, json) = (folder.path().join("disk"), folder.path().join("bdevs.json"));
        fs::write(&disk, vec![0; 1 << 16]).expect("a file can be written");
        let aio = format!(
            r#"{{"method":"bdev_aio_create","params":{{"name":"A","filename":"{}","block_size":512}}}}"#,
            disk.display()
        );
        fs::write(&json, configuration(&aio)).expect("the configuration can be written");
        let run =
            |workload| succeeds(perf().args(["-w", workload, "-o", "1k"]).arg("-c").arg(&json));
        let zeroes = || {
            let bytes = fs::read(&disk).expect("it is there");
            assert_eq!(bytes.len(), 1 << 16);
            bytes.chunks(1024).filter(|chunk| chunk.iter().all(|byte| *byte == 0)).count()
        };
        run("randread");
        assert_eq!(zeroes(), 64, "reads leave the bdev as it is");
        run("write");
        assert_eq!(zeroes(), 0, "sequential writes reach all of it");
    });
}

#[test]
fn a_plot_has_a_curve_for_each_row() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let plot = folder.path().join("latency.svg");
    let bdevs = ["-b", "Malloc0", "-b", "Null0"];
    let table = in_turn(|| succeeds(perf().args(bdevs).arg("--plot").arg(&plot)));
    let svg = fs::read_to_string(&plot).expect("the plot was written");
    for (name, curve) in
        [("Malloc0", "Malloc0 on core 0"), ("Null0", "Null0 on core 0"), ("total", "total")]
    {
        assert!(table.lines().any(|line| line.starts_with(name)), "{table}");
        assert!(svg.contains(curve), "no `{curve}` in the plot");
    }
}

/// Runs for ten minutes, unless a signal ends it.
fn interrupted(arguments: &[&str]) -> (String, Value) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let json = folder.path().join("figures.json");
    let mut command = Command::new(program("perf"));
    command.args(["--time", "600"]).args(arguments).arg("--json").arg(&json);
    let mut perf = command.stdout(Stdio::piped()).spawn().expect("the program starts");
    let id = perf.id();
    let listens = within_a_minute(|| catches_sigint(id).then_some(()));
    let _ = Command::new("kill").args(["-INT", &id.to_string()]).status();
    let status = listens.and_then(|()| within_a_minute(|| perf.try_wait().expect("it is there")));
    let Some(status) = status else {
        let _ = perf.kill();
        panic!("the program does not hear a signal, or does not end");
    };
    assert_eq!(status.code(), Some(130));
    let mut table = String::new();
    let mut output = perf.stdout.take().expect("it is piped");
    output.read_to_string(&mut table).expect("it prints UTF-8");
    (table, read(&json))
}

fn within_a_minute<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    (0..600).find_map(|_| {
        let found = look();
        if found.is_none() {
            sleep(Duration::from_millis(100));
        }
        found
    })
}

/// Whether a process has a handler for SIGINT; without one, the signal would end it at once.
fn catches_sigint(id: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("the process is there");
    let caught =
        status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("it is listed");
    let caught = u64::from_str_radix(caught.trim(), 16).expect("it is a mask");
    caught & 1 << (2 - 1) != 0
}

#[test]
fn a_signal_ends_it_early_with_what_it_has() {
    let (table, figures) = in_turn(|| interrupted(&["--warm-up", "0"]));
    assert!(table.contains("ended early"), "{table}");
    assert_eq!(figures["ended_early"], true);
    let seconds = number(&figures, "seconds");
    assert!(seconds < 600.0, "{figures}");
    let total = &figures["total"];
    // The signal may have come before anything else.
    if number(total, "operations") > 0.0 {
        agree(total, seconds, 4096.0);
    }
}

#[test]
fn a_signal_in_the_warm_up_leaves_nothing_but_the_table() {
    let (table, figures) = in_turn(|| interrupted(&["--warm-up", "600"]));
    assert_eq!(number(&figures, "seconds"), 0.0);
    assert_eq!(number(&figures["total"], "operations"), 0.0);
    assert!(figures["total"]["latency_us"].is_null());
    let total = table.lines().last().expect("there is a last line");
    assert!(total.starts_with("total") && total.ends_with('-'), "{table}");
}

#[test]
fn options_that_cannot_be_are_told_by_their_exit_code() {
    for wrong in [
        &["--depth", "0"][..],
        &["--size", "4x"],
        &["--workload", "trim"],
        &["--read-percent", "50"],
        &["--cores", "0"],
        &["--plot", "latency.png"],
        &["--bdev", "Null0", "--bdev", "Null0"],
    ] {
        let output = perf().args(wrong).output().expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {stderr}");
        assert!(stderr.starts_with("error: ") && output.stdout.is_empty(), "{stderr}");
    }
}

#[track_caller]
fn fails(arguments: &[&str], words: &[&str]) {
    common::fails("perf", perf().args(arguments), words);
}

#[test]
fn each_failure_is_one_line() {
    in_turn(|| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
        let (disk, json, none) = (path("disk"), path("bdevs.json"), path("none/figures"));
        fs::write(&disk, vec![0; 1 << 16]).expect("a file can be written");
        let bdevs = format!(
            r#"{{"method":"bdev_null_create","params":{{"name":"N","num_blocks":3,"block_size":4096}}}},
               {{"method":"bdev_aio_create",
                 "params":{{"name":"R","filename":"{disk}","block_size":512,"readonly":true}}}}"#
        );
        fs::write(&json, configuration(&bdevs)).expect("the configuration can be written");
        let on = |bdev, more: &[&'static str], words: &[&str]| {
            fails(&[&["-c", &json, "-b", bdev], more].concat(), words);
        };
        on("Nope", &[], &["`Nope`", "N, R"]);
        on("two\nlines", &[], &["`two\\nlines`"]);
        on("N", &["-o", "512"], &["`N`", "--size 512", "4096 bytes"]);
        on("N", &["-o", "16k"], &["`N`", "12288 bytes", "--size 16384"]);
        on("N", &["-w", "verify", "-q", "4"], &["`N`", "verify", "--depth"]);
        on("N", &["-w", "verify", "-q", "3"], &["`N`", "null bdev"]);
        on("R", &["-w", "write"], &["`R`", "can the bdev be written to?"]);
        fails(&["-c", &path("missing")], &["missing", "No such file"]);
        fails(&["-q", "65536", "-o", "1M"], &["65536 MiB", "--memory"]);

        fs::write(&json, "{").expect("the configuration can be written");
        fails(&["-c", &json], &[&json, "JSON"]);
        fs::write(&json, configuration("")).expect("the configuration can be written");
        fails(&["-c", &json], &["no bdev"]);
        fails(&["--json", &none], &[&none, "cannot be written"]);
        fails(&["--json", folder.path().to_str().expect("UTF-8")], &["cannot be written"]);
        let (svg, same) = (path("a.svg"), path("b.svg"));
        std::os::unix::fs::symlink(&svg, &same).expect("a link can be made");
        fails(&["--json", &svg, "--plot", &same], &["the same file"]);
        assert!(!Path::new(&svg).exists());
        // What a run that fails would have written is not there.
        fails(&["-b", "Nope", "--json", &path("figures")], &["`Nope`"]);
        assert!(!folder.path().join("figures").exists());
    });
}

#[test]
fn who_closes_the_pipe_does_not_want_the_rest() {
    in_turn(|| {
        let command = format!(
            "{} -t 0.1 --warm-up 0 | true; exit ${{PIPESTATUS[0]}}",
            program("perf").display()
        );
        let output =
            Command::new("bash").args(["-c", &command]).output().expect("there is a shell");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        assert!(!stderr.contains("perf: ") && !stderr.contains("panicked"), "{stderr}");
        let full = File::options().write(true).open("/dev/full").expect("there is a full device");
        common::fails("perf", perf().stdout(full), &["cannot print"]);
    });
}
