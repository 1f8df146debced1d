//! What both ends held, over time.
use std::path::Path;

use anyhow::{Context, Result};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::drive::Outcome;
use crate::report::mebibytes;
use crate::sample::Sample;

/// Pixels.
const SIZE: (u32, u32) = (860, 560);
/// What the highest point is multiplied by: the names of the curves stand above it.
const HEADROOM: f64 = 1.4;
const FONT: (&str, i32) = ("sans-serif", 14);
const COLOURS: [RGBColor; 3] = [
    RGBColor(38, 110, 170),
    RGBColor(196, 102, 36),
    RGBColor(120, 120, 120),
];

/// A line: its name, and its height at each second.
type Curve = (String, Vec<(f64, f64)>);

/// Draws memory above, and below how late the event loop of Node.js was.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn draw(outcomes: &[Outcome], path: &Path) -> Result<()> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let (above, below) = area.split_vertically(SIZE.1 * 3 / 5);
    let curve = |name: &str, samples: &[Sample], of: fn(&Sample) -> f64| -> Curve {
        let points = samples.iter().map(|sample| (sample.at / 60.0, of(sample)));
        (name.to_owned(), points.collect())
    };
    let mut memory: Vec<Curve> = outcomes
        .iter()
        .map(|end| {
            let of = |sample: &Sample| mebibytes(sample.held.memory as f64);
            curve(&format!("memory of {}", end.name), &end.samples, of)
        })
        .collect();
    let node = &outcomes[1].samples;
    memory.push(curve("… of it JavaScript's", node, |sample| {
        mebibytes(sample.counts.heap as f64)
    }));
    panel(&above, "MiB", &memory)?;
    let late = curve(
        "event loop of Node.js late, 99 % of each second",
        node,
        |sample| sample.counts.late,
    );
    panel(&below, "ms", &[late])?;
    let presented = area.present();
    presented.with_context(|| format!("cannot write {}", path.display()))
}

fn panel(area: &DrawingArea<SVGBackend<'_>, Shift>, unit: &str, curves: &[Curve]) -> Result<()> {
    let points = || curves.iter().flat_map(|(_, points)| points);
    let longest = points().map(|(at, _)| *at).fold(0.0, f64::max);
    let highest = points().map(|(_, height)| *height).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..longest, 0.0..highest * HEADROOM)?;
    let mut mesh = chart.configure_mesh();
    mesh.light_line_style(TRANSPARENT).label_style(FONT);
    mesh.x_desc("minutes").y_desc(unit).draw()?;
    for ((name, points), colour) in curves.iter().zip(COLOURS) {
        chart
            .draw_series(LineSeries::new(points.iter().copied(), &colour))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour));
    }
    let mut labels = chart.configure_series_labels();
    labels.background_style(WHITE.mix(0.8)).label_font(FONT);
    labels.position(SeriesLabelPosition::UpperRight).draw()?;
    Ok(())
}
