//! The tables.

use std::io::{self, Write};

use crate::Failure;
use crate::child::{Figures, ask};
use crate::hold::Hold;
use crate::many::Each;
use crate::options::{Options, Way};

/// Measures everything, and prints each table when it is complete.
pub(crate) fn print(options: &Options) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "backend: {}", spdk_async::BACKEND)?;
    for way in &options.ways {
        if *way == Way::Tasks && !Hold::WORKS {
            writeln!(out, "\ntasks: skipped, this backend cannot keep completions back")?;
            continue;
        }
        writeln!(
            out,
            "\n{} reads      ns to submit            ns to complete       above the",
            way.name()
        )?;
        writeln!(
            out,
            "in flight      bare    await  ratio    bare    await  ratio  callback    bytes     peak"
        )?;
        let mut took = Vec::new();
        for (count, figures) in in_passes(*way, options)? {
            row(&mut out, &count.to_string(), &figures)?;
            // One alone pays for the whole turn of its thread.
            if count > 1 {
                took.push(figures.times.total());
            }
        }
        let least = took.iter().copied().fold(f64::INFINITY, f64::min);
        let most = took.iter().copied().fold(0.0, f64::max);
        if took.len() > 1 {
            writeln!(out, "many: {least:.0} to {most:.0} ns a read")?;
        }
    }
    each(&mut out, "tasks", options.tasks, &ask("tasks-alone", options.tasks, options)?)?;
    let descriptors = ask("descriptors", options.descriptors, options)?;
    each(&mut out, "descriptors", options.descriptors, &descriptors)?;
    let count = options.per_core;
    writeln!(out, "\n{count} ordered reads on each core")?;
    for job in ["one-core", "two-cores"] {
        let figures: Vec<Figures> = ask(job, count, options)?;
        for each in figures {
            row(&mut out, job, &each)?;
        }
    }
    Ok(())
}

/// The figures of each count, in several passes over all: a machine that is slow for a minute is not so for
/// some counts alone.
fn in_passes(way: Way, options: &Options) -> Result<Vec<(usize, Figures)>, Failure> {
    let mut all = Vec::new();
    for pass in 0..options.passes {
        for (place, &count) in options.counts.iter().enumerate() {
            let figures: Figures = ask(&way.name(), count, options)?;
            if pass == 0 {
                all.push((count, figures));
            } else {
                all[place].1.improve(&figures);
            }
        }
    }
    Ok(all)
}

fn row(out: &mut impl Write, name: &str, figures: &Figures) -> io::Result<()> {
    let Figures { bare, times, held, peak } = figures;
    let above = times.total() - bare.total();
    writeln!(
        out,
        "{name:<10} {:>8.1} {:>8.1} {:>6.2} {:>7.1} {:>8.1} {:>6.2} {above:>+9.1} {held:>8.1} {peak:>8.1}",
        bare.submit,
        times.submit,
        bare.submit / times.submit,
        bare.complete,
        times.complete,
        bare.complete / times.complete,
    )
}

fn each(out: &mut impl Write, what: &str, count: usize, each: &Each) -> io::Result<()> {
    let Each { make, end, bytes } = each;
    writeln!(
        out,
        "\n{count} {what} at once: {make:.0} ns to make one, {end:.0} ns to use and end it, {bytes:.1} bytes each"
    )
}
