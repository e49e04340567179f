//! The latencies over their percentiles, as SVG. Both axes are logarithmic: each nine more of the
//! percentile is as far to the right.

use core::fmt::Display;
use core::ops::Range;

use plotters::prelude::*;

use crate::Failure;
use crate::report::Report;

/// Pixels.
const SIZE: (u32, u32) = (960, 600);

const FONT: (&str, u32) = ("sans-serif", 16);

/// The curve of each row, and of all together where there are several.
pub(crate) fn svg(report: &Report) -> Result<String, Failure> {
    let mut curves: Vec<_> = report
        .rows
        .iter()
        .map(|row| (format!("{} on core {}", row.bdev, row.core), row.figures.latencies.curve()))
        .collect();
    if curves.len() > 1 {
        curves.push(("total".to_owned(), report.total.latencies.curve()));
    }
    let title = format!(
        "{} of {} bytes, depth {}: {:.0} IOPS",
        report.workload, report.size, report.depth, report.total.iops
    );
    let mut svg = String::new();
    draw(&mut svg, &title, &curves).map_err(|error| format!("cannot plot: {error}"))?;
    Ok(svg)
}

/// A name, and points of how rare an operation is and how many microseconds it takes.
type Curve = (String, Vec<(f64, f64)>);

fn draw(svg: &mut String, title: &str, curves: &[Curve]) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (rarities, micros) = ranges(curves);
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 20))
        .margin(16)
        // Half of the last percentile's label.
        .margin_right(48)
        .x_label_area_size(40)
        .y_label_area_size(72)
        .build_cartesian_2d(rarities.log_scale(), micros.log_scale())?;
    chart
        .configure_mesh()
        .x_desc("percentile")
        .y_desc("latency in µs")
        .x_label_formatter(&|rarity| percentile(*rarity))
        .y_label_formatter(&|micros| number(micros))
        .axis_desc_style(FONT)
        .label_style(FONT)
        .light_line_style(WHITE)
        .draw()?;
    for (place, (name, points)) in curves.iter().enumerate() {
        let colour = Palette99::pick(place).stroke_width(2);
        let line = LineSeries::new(points.iter().copied(), colour);
        chart
            .draw_series(line)?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
    }
    chart
        .configure_series_labels()
        .label_font(FONT)
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    Ok(())
}

/// What holds all points: whole decades to the right, and some room above and below.
fn ranges(curves: &[Curve]) -> (Range<f64>, Range<f64>) {
    let points = || curves.iter().flat_map(|(_, points)| points);
    let rarest = points().map(|point| point.0).fold(10.0, f64::max);
    let fastest = points().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let slowest = points().map(|point| point.1).fold(0.0, f64::max);
    // A clock may tell nothing of the fastest.
    let micros = match slowest > 0.0 {
        true => fastest.max(0.001) / 1.5..slowest * 1.5,
        false => 1.0..10.0,
    };
    (1.0..10_f64.powf(rarest.log10().ceil()), micros)
}

/// One in ten takes longer than 90 %.
fn percentile(rarity: f64) -> String {
    let nines = rarity.log10().round().max(0.0) as usize;
    format!("{:.*}%", nines.saturating_sub(2), 100.0 - 100.0 / rarity)
}

fn number(value: &impl Display) -> String {
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_percentiles() {
        let labels = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5].map(percentile);
        assert_eq!(labels, ["0%", "90%", "99%", "99.9%", "99.99%", "99.999%"]);
    }

    #[test]
    fn all_points_are_within_the_axes() {
        let curves = [
            ("A".to_owned(), vec![(1.0, 2.0), (50.0, 30.0), (3000.0, 900.0)]),
            ("B".to_owned(), vec![(1.0, 0.0), (20.0, 5.0)]),
        ];
        let (rarities, micros) = ranges(&curves);
        assert_eq!(rarities, 1.0..10_000.0);
        assert!(micros.start > 0.0 && micros.start < 0.002 && micros.end > 900.0, "{micros:?}");
    }

    #[test]
    fn there_is_a_line_for_each_curve_and_none_without_operations() {
        for curves in [
            vec![],
            vec![("A".to_owned(), vec![])],
            vec![
                ("A".to_owned(), vec![(1.0, 2.0)]),
                ("<B>".to_owned(), vec![(1.0, 3.0), (9.0, 4.0)]),
            ],
        ] {
            let mut svg = String::new();
            draw(&mut svg, "title", &curves).expect("it can be drawn");
            assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
            for (name, _) in &curves {
                let name = name.replace('<', "&lt;").replace('>', "&gt;");
                assert!(svg.contains(&name), "{name}");
            }
        }
    }
}
